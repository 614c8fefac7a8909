#include "metrics/tokens.h"

#include <array>
#include <utility>

#include "metrics/porter_stem.h"
#include "metrics/text_parts.h"
#include "text/unicode.h"
#include "text/words.h"

namespace attune::metrics {

namespace {

bool is_stop(char c) { return c == '.' || c == ','; }

bool separates(char32_t code) {
  return text::is_white_space(code) || (code >= 0x1C && code <= 0x1F);
}

// Punctuation that 13a always sets apart: ASCII without letters, digits and ' , - .
bool is_13a_punctuation(char c) {
  return (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// "x." becomes "x . " where x is no digit; what was read is not read again, as in a regular
// expression's replacement.
std::string apart_after_non_digit(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (!is_ascii_digit(text[i]) && i + 1 < text.size() && is_stop(text[i + 1])) {
      out += ' ';
      out += text[++i];
      out += ' ';
    }
  }
  return out;
}

// ".x" becomes " . x" where x is no digit.
std::string apart_before_non_digit(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_stop(text[i]) && i + 1 < text.size() && !is_ascii_digit(text[i + 1])) {
      out += ' ';
      out += text[i];
      out += ' ';
      out += text[++i];
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string apart_dash_after_digit(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (is_ascii_digit(text[i]) && i + 1 < text.size() && text[i + 1] == '-') {
      out += " - ";
      ++i;
    }
  }
  return out;
}

std::string_view without_trailing_space(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const text::Character character = text::character_at(text, at);
    at += character.bytes;
    if (!character.valid || !separates(character.code)) end = at;
  }
  return text.substr(0, end);
}

}  // namespace

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return out.append(text);
}

std::string_view without_outer_space(std::string_view text) {
  text = without_trailing_space(text);
  while (!text.empty()) {
    const text::Character character = text::character_at(text, 0);
    if (!character.valid || !separates(character.code)) break;
    text.remove_prefix(character.bytes);
  }
  return text;
}

Tokens white_space_tokens(std::string_view text) {
  Tokens tokens;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] > ' ') {  // ASCII that is no space, the usual case
      ++at;
      continue;
    }
    const text::Character character = text::character_at(text, at);
    if (character.valid && separates(character.code)) {
      if (at > begin) tokens.emplace_back(text.substr(begin, at - begin));
      begin = at + character.bytes;
    }
    at += character.bytes;
  }
  if (text.size() > begin) tokens.emplace_back(text.substr(begin));
  return tokens;
}

Tokens tokens_13a(std::string_view text) {
  std::string line(without_trailing_space(text));
  line = replaced(std::move(line), "<skipped>", "");
  line = replaced(std::move(line), "-\n", "");
  line = replaced(std::move(line), "\n", " ");
  if (line.find('&') != std::string::npos) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kEntities{
        {{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}}};
    for (const auto& [entity, character] : kEntities) {
      line = replaced(std::move(line), entity, character);
    }
  }
  std::string apart = " ";
  for (char c : line) {
    if (is_13a_punctuation(c)) {
      apart += ' ';
      apart += c;
      apart += ' ';
    } else {
      apart += c;
    }
  }
  apart += ' ';
  return white_space_tokens(
      apart_dash_after_digit(apart_before_non_digit(apart_after_non_digit(apart))));
}

Tokens rouge_tokens(std::string_view text, bool stem) {
  constexpr std::size_t kLongestUnstemmed = 3;
  Tokens tokens;
  std::string word;
  const auto end_word = [&] {
    if (word.empty()) return;
    tokens.push_back(stem && word.size() > kLongestUnstemmed ? porter_stem(word) : word);
    word.clear();
  };
  for (char c : lower_text(text)) {
    if ((c >= 'a' && c <= 'z') || is_ascii_digit(c)) {
      word += c;
    } else {
      end_word();
    }
  }
  end_word();
  return tokens;
}

Tokens word_tokens(std::string_view text) { return text::words_of(text); }

}  // namespace attune::metrics
