#include "data/text_repairs.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "io/text_encoding.h"

namespace attune::data {

namespace {

using Replacement = std::pair<std::string_view, std::string_view>;

template <std::size_t Count>
std::string replace_all(std::string_view text, const std::array<Replacement, Count>& pairs) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const Replacement& pair) {
      return text.substr(at).starts_with(pair.first);
    });
    if (found == pairs.end()) {
      out.push_back(text[at++]);
    } else {
      out += found->second;
      at += found->first.size();
    }
  }
  return out;
}

// Repairs until nothing changes; a repair may uncover another ("&amp;lt;").
template <typename Repair>
std::string until_settled(std::string_view text, Repair repair) {
  std::string now(text);
  while (true) {
    std::string next = repair(now);
    if (next == now) return now;
    now = std::move(next);
  }
}

// The byte that is this character in Windows-1252, or nothing.
std::optional<char> windows_1252_byte(std::string_view character) {
  static const std::map<std::string, char, std::less<>> bytes = [] {
    std::map<std::string, char, std::less<>> table;
    for (int byte = 0x80; byte < 0x100; ++byte) {
      std::string text = windows_1252_as_utf8(static_cast<char>(byte));
      // The five unused bytes usually come through as the control characters of the same number.
      if (text == "\xEF\xBF\xBD") {
        text.clear();
        append_utf8(text, static_cast<char32_t>(byte));
      }
      table[text] = static_cast<char>(byte);
    }
    return table;
  }();
  const auto found = bytes.find(character);
  return found == bytes.end() ? std::nullopt : std::optional<char>(found->second);
}

std::string repair_mojibake_once(const std::string& text) {
  std::string out;
  std::string run;    // characters that are one byte in Windows-1252
  std::string bytes;  // those bytes
  const auto end_run = [&] {
    const bool is_utf8 = !bytes.empty() && find_invalid_utf8(bytes) == std::string_view::npos;
    out += is_utf8 ? bytes : run;
    run.clear();
    bytes.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length =
        std::max<std::size_t>(utf8_sequence_length(std::string_view(text).substr(at)), 1);
    const std::string_view character = std::string_view(text).substr(at, length);
    at += length;
    const std::optional<char> byte =
        character.size() > 1 ? windows_1252_byte(character) : std::nullopt;
    if (byte) {
      run += character;
      bytes.push_back(*byte);
    } else {
      end_run();
      out += character;
    }
  }
  end_run();
  return out;
}

constexpr std::array<std::string_view, 34> kInlineTags = {
    "a",      "abbr", "b",   "blockquote", "code",  "div", "em", "font", "h1", "h2",  "h3", "h4",
    "h5",     "h6",   "hr",  "html",       "i",     "img", "li", "ol",   "p",  "pre", "s",  "span",
    "strong", "sub",  "sup", "table",      "tbody", "td",  "th", "tr",   "u",  "ul"};
constexpr std::array<std::string_view, 10> kBlockEnds = {"p",  "div", "li", "tr", "h1",
                                                         "h2", "h3",  "h4", "h5", "h6"};

struct HtmlTag {
  std::string name;
  bool closes = false;
  std::size_t length = 0;
};

// The HTML tag that `text` begins with.
std::optional<HtmlTag> html_tag(std::string_view text) {
  const std::size_t end = text.find('>');
  if (end == std::string_view::npos || end > 1000) return std::nullopt;
  HtmlTag tag;
  tag.length = end + 1;
  std::size_t at = 1;
  tag.closes = text[at] == '/';
  if (tag.closes) ++at;
  while (at < end && std::isalnum(static_cast<unsigned char>(text[at])) != 0)
    tag.name.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(text[at++]))));
  const std::string_view rest = text.substr(at, end - at);
  // <p>, <p/>, <p class="x">, but not <p-x> or <p, q>.
  const bool well_formed =
      rest.empty() || rest == "/" ||
      (rest[0] == ' ' && (rest.find('=') != std::string_view::npos ||
                          rest.find_first_not_of(" /") == std::string_view::npos));
  const bool known = tag.name == "br" || std::find(kInlineTags.begin(), kInlineTags.end(),
                                                   tag.name) != kInlineTags.end();
  return well_formed && known ? std::optional<HtmlTag>(tag) : std::nullopt;
}

std::string without_html_tags_once(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::optional<HtmlTag> tag =
        text[at] == '<' ? html_tag(std::string_view(text).substr(at)) : std::nullopt;
    if (!tag) {
      out.push_back(text[at++]);
      continue;
    }
    const bool ends_block = tag->closes && std::find(kBlockEnds.begin(), kBlockEnds.end(),
                                                     tag->name) != kBlockEnds.end();
    if (tag->name == "br" || ends_block) out.push_back('\n');
    at += tag->length;
  }
  return out;
}

constexpr std::array<Replacement, 24> kEntities = {
    {{"&amp;", "&"},   {"&lt;", "<"},     {"&gt;", ">"},     {"&quot;", "\""}, {"&apos;", "'"},
     {"&nbsp;", " "},  {"&hellip;", "…"}, {"&ndash;", "–"},  {"&mdash;", "—"}, {"&lsquo;", "‘"},
     {"&rsquo;", "’"}, {"&ldquo;", "“"},  {"&rdquo;", "”"},  {"&euro;", "€"},  {"&copy;", "©"},
     {"&reg;", "®"},   {"&trade;", "™"},  {"&deg;", "°"},    {"&auml;", "ä"},  {"&ouml;", "ö"},
     {"&uuml;", "ü"},  {"&szlig;", "ß"},  {"&eacute;", "é"}, {"&middot;", "·"}}};

// The character of a numeric entity that `text` begins with, and its length.
std::optional<std::pair<char32_t, std::size_t>> numeric_entity(std::string_view text) {
  const std::size_t end = text.find(';');
  if (!text.starts_with("&#") || end == std::string_view::npos || end > 10 || end < 3)
    return std::nullopt;
  const bool hexadecimal = text[2] == 'x' || text[2] == 'X';
  const std::string_view digits = text.substr(hexadecimal ? 3 : 2, end - (hexadecimal ? 3 : 2));
  std::uint32_t code = 0;
  const auto [stop, fault] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
  const bool good = fault == std::errc() && stop == digits.data() + digits.size() && code >= 0x20 &&
                    code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  if (!good) return std::nullopt;
  return std::pair{static_cast<char32_t>(code), end + 1};
}

std::string without_html_entities_once(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    if (rest[0] == '&') {
      if (const auto entity = numeric_entity(rest)) {
        append_utf8(out, entity->first);
        at += entity->second;
        continue;
      }
      const auto named = std::find_if(kEntities.begin(), kEntities.end(), [&](const auto& pair) {
        return rest.starts_with(pair.first);
      });
      if (named != kEntities.end()) {
        out += named->second;
        at += named->first.size();
        continue;
      }
    }
    out.push_back(text[at++]);
  }
  return out;
}

}  // namespace

std::string repair_mojibake(std::string_view text) {
  return until_settled(text, repair_mojibake_once);
}

std::string without_html_tags(std::string_view text) {
  return until_settled(text, without_html_tags_once);
}

std::string without_html_entities(std::string_view text) {
  return until_settled(text, without_html_entities_once);
}

std::string with_plain_spaces(std::string_view text) {
  constexpr std::array<Replacement, 3> kSpaces = {
      {{"\xC2\xA0", " "}, {"\xE2\x80\xAF", " "}, {"\xE2\x80\x87", " "}}};
  return replace_all(text, kSpaces);
}

std::string with_plain_quotes(std::string_view text) {
  constexpr std::array<Replacement, 8> kQuotes = {{{"‘", "'"},
                                                   {"’", "'"},
                                                   {"‚", "'"},
                                                   {"‛", "'"},
                                                   {"“", "\""},
                                                   {"”", "\""},
                                                   {"„", "\""},
                                                   {"‟", "\""}}};
  return replace_all(text, kQuotes);
}

std::string with_plain_dashes(std::string_view text) {
  constexpr std::array<Replacement, 7> kDashes = {
      {{"‐", "-"}, {"‑", "-"}, {"‒", "-"}, {"–", "-"}, {"—", "-"}, {"―", "-"}, {"−", "-"}}};
  return replace_all(text, kDashes);
}

std::string remove_invisible(std::string_view text) {
  constexpr std::array<Replacement, 13> kInvisible = {{{"\xE2\x80\x8B", ""},
                                                       {"\xE2\x80\x8E", ""},
                                                       {"\xE2\x80\x8F", ""},
                                                       {"\xE2\x80\xAA", ""},
                                                       {"\xE2\x80\xAB", ""},
                                                       {"\xE2\x80\xAC", ""},
                                                       {"\xE2\x80\xAD", ""},
                                                       {"\xE2\x80\xAE", ""},
                                                       {"\xE2\x81\xA0", ""},
                                                       {"\xE2\x81\xA6", ""},
                                                       {"\xE2\x81\xA7", ""},
                                                       {"\xE2\x81\xA8", ""},
                                                       {"\xE2\x81\xA9", ""}}};
  return replace_all(text, kInvisible);
}

std::string remove_control(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
  return out;
}

std::string without_trailing_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
    }
    out.push_back(c);
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
  return out;
}

}  // namespace attune::data
