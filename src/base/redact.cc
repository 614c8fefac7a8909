#include "base/redact.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace attune {

namespace {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Words that keys begin with, and how many more characters make one believable.
struct KnownPrefix {
  std::string_view text;
  std::size_t least_more;
};
constexpr std::array kKnownPrefixes = {KnownPrefix{"sk-", 12},   KnownPrefix{"ak-", 12},
                                       KnownPrefix{"whsec_", 8}, KnownPrefix{"hf_", 12},
                                       KnownPrefix{"ghp_", 12},  KnownPrefix{"github_pat_", 12},
                                       KnownPrefix{"xoxb-", 12}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}
bool is_word(char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; }
bool is_token(char c) { return is_word(c) || c == '.' || c == '+' || c == '/' || c == '='; }
bool ends_value(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '&' || c == '"' || c == '\'' || c == ',' ||
         c == ';' || c == '}' || c == ')';
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                    [](char a, char b) { return a == lower(b); });
}

template <typename Belongs>
std::size_t end_of(std::string_view text, std::size_t begin, Belongs belongs) {
  while (begin < text.size() && belongs(text[begin])) ++begin;
  return begin;
}

// At the beginning of a word: "Bearer TOKEN", "Basic TOKEN", or a known kind of key.
std::optional<Span> secret_word(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  for (const std::string_view scheme : {"bearer ", "basic "}) {
    if (!starts_with_ignoring_case(rest, scheme)) continue;
    const std::size_t begin = at + scheme.size();
    const std::size_t end = end_of(text, begin, is_token);
    if (end - begin >= 6) return Span{begin, end};
  }
  for (const KnownPrefix& prefix : kKnownPrefixes) {
    if (!rest.starts_with(prefix.text)) continue;
    const std::size_t end = end_of(text, at, is_token);
    if (end - at >= prefix.text.size() + prefix.least_more) return Span{at, end};
  }
  return std::nullopt;
}

// At '=' or ':': the value of a name that is secret, as in api_key=..., "api-key": "...".
std::optional<Span> secret_value(std::string_view text, std::size_t at) {
  std::size_t name_end = at;
  while (name_end > 0 && (text[name_end - 1] == '"' || text[name_end - 1] == ' ')) --name_end;
  std::size_t name_begin = name_end;
  while (name_begin > 0 && is_word(text[name_begin - 1])) --name_begin;
  const std::string_view name = text.substr(name_begin, name_end - name_begin);
  if (!is_secret_name(name)) return std::nullopt;
  std::size_t begin = at + 1;
  while (begin < text.size() && (text[begin] == ' ' || text[begin] == '"')) ++begin;
  // A header's value may have several words.
  const bool whole_line =
      starts_with_ignoring_case(name, "authorization") || starts_with_ignoring_case(name, "cookie");
  const std::size_t end = end_of(
      text, begin, [&](char c) { return whole_line ? c != '\n' && c != '"' : !ends_value(c); });
  if (end == begin) return std::nullopt;
  return Span{begin, end};
}

// At "://": the password of user:password@host.
std::optional<Span> secret_of_address(std::string_view text, std::size_t at) {
  const std::size_t begin = at + 3;
  const std::size_t end = end_of(
      text, begin, [](char c) { return c != '/' && c != '?' && c != '#' && !ends_value(c); });
  const std::string_view authority = text.substr(begin, end - begin);
  const std::size_t sign = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  if (sign == std::string_view::npos || colon > sign || colon + 1 == sign) return std::nullopt;
  return Span{begin + colon + 1, begin + sign};
}

std::optional<Span> find_secret(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    std::optional<Span> found;
    switch (lower(text[at])) {
      case 'b':
      case 's':
      case 'a':
      case 'w':
      case 'h':
      case 'g':
      case 'x':
        if (at == 0 || !is_word(text[at - 1])) found = secret_word(text, at);
        break;
      case ':':
        if (text.substr(at).starts_with("://")) {
          found = secret_of_address(text, at);
          break;
        }
        [[fallthrough]];
      case '=':
        found = secret_value(text, at);
        break;
      default:
        break;
    }
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace

bool is_secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 9> kEndings = {"authorization", "cookie",     "password",
                                                        "passwd",        "secret",     "apikey",
                                                        "accesskey",     "privatekey", "token"};
  // Most names are harmless, and end in another letter than these.
  constexpr std::string_view kLastLetters = "nedty";
  if (name.empty() || kLastLetters.find(lower(name.back())) == std::string_view::npos) return false;
  std::string plain;  // without separators, in lower case
  for (const char c : name)
    if (is_letter_or_digit(c)) plain += lower(c);
  return plain == "key" || std::any_of(kEndings.begin(), kEndings.end(),
                                       [&](std::string_view end) { return plain.ends_with(end); });
}

bool holds_secret(std::string_view text) { return find_secret(text, 0).has_value(); }

std::string redact(std::string_view text) {
  std::string clean;
  std::size_t at = 0;
  while (const std::optional<Span> secret = find_secret(text, at)) {
    clean += text.substr(at, secret->begin - at);
    clean += kRedacted;
    at = secret->end;
  }
  clean += text.substr(at);
  return clean;
}

}  // namespace attune
