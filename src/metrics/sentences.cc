#include "metrics/sentences.h"

#include <array>
#include <string>

#include "base/ascii.h"
#include "base/trim.h"
#include "metrics/text_parts.h"
#include "text/unicode.h"

namespace attune::metrics {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool ends_sentence(char c) { return c == '.' || c == '!' || c == '?'; }

// Closing quotes and brackets belong to the sentence before them.
std::size_t behind_closers(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 7> kClosers{
      "\"", "'", ")", "]", "\xE2\x80\x9D", "\xE2\x80\x99", "\xC2\xBB"};
  for (bool again = true; again;) {
    again = false;
    for (std::string_view closer : kClosers) {
      if (text.substr(at).starts_with(closer)) {
        at += closer.size();
        again = true;
      }
    }
  }
  return at;
}

// The word that the period at `stop` ends, without the period.
std::string_view word_before(std::string_view text, std::size_t stop) {
  std::size_t begin = stop;
  while (begin > 0 && !is_space(text[begin - 1]) && text[begin - 1] != '(' &&
         text[begin - 1] != '"') {
    --begin;
  }
  return text.substr(begin, stop - begin);
}

// After these a capital letter or a number does not begin a sentence.
bool is_abbreviation(std::string_view word) {
  static constexpr std::array<std::string_view, 36> kKnown{
      "mr",  "mrs", "ms",  "dr",     "prof", "st",  "vs",   "fig", "figs", "no",  "nos", "e.g",
      "i.e", "cf",  "al",  "approx", "gen",  "col", "capt", "lt",  "sgt",  "rev", "hon", "pres",
      "gov", "jan", "feb", "aug",    "sept", "oct", "nov",  "dec", "vol",  "pp",  "eq",  "sec"};
  const std::string lower = ascii_lower(word);
  for (std::string_view known : kKnown) {
    if (lower == known) return true;
  }
  // "J" of "J. Smith", but not the pronoun of "so do I."
  return word.size() == 1 && is_ascii_letter(word[0]) && word[0] != 'I';
}

// "1" of "1. First" at the beginning of a line.
bool is_list_number(std::string_view text, std::size_t stop, std::string_view word) {
  for (char c : word) {
    if (!is_ascii_digit(c)) return false;
  }
  const std::size_t begin = stop - word.size();
  return !word.empty() && (begin == 0 || text[begin - 1] == '\n');
}

bool may_begin_sentence(std::string_view text, std::size_t at) {
  const text::Character character = text::character_at(text, at);
  if (!character.valid) return true;
  return !text::is_letter(character.code) ||
         text::lower_case(character.code) != std::string(text.substr(at, character.bytes));
}

// Letters without case begin sentences too.
bool is_lower_case(std::string_view text, std::size_t at) {
  const text::Character character = text::character_at(text, at);
  if (!character.valid || !text::is_letter(character.code)) return false;
  const std::string_view letter = text.substr(at, character.bytes);
  return text::upper_case(letter) != letter;
}

bool is_border(std::string_view text, std::size_t stop, std::size_t behind) {
  if (behind >= text.size()) return true;
  if (!is_space(text[behind])) return false;
  std::size_t next = behind;
  int lines = 0;
  while (next < text.size() && is_space(text[next])) lines += text[next++] == '\n' ? 1 : 0;
  if (next >= text.size() || lines > 1) return true;
  if (!may_begin_sentence(text, next) && is_lower_case(text, next)) return false;
  if (text[stop] != '.') return true;
  const std::string_view word = word_before(text, stop);
  return !is_abbreviation(word) && !is_list_number(text, stop, word);
}

}  // namespace

std::vector<std::string_view> sentences_of(std::string_view text) {
  std::vector<std::string_view> sentences;
  std::size_t begin = 0;
  const auto close = [&](std::size_t end) {
    const std::string_view sentence = trim(text.substr(begin, end - begin));
    if (!sentence.empty()) sentences.push_back(sentence);
    begin = end;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') {
      std::size_t next = at + 1;
      while (next < text.size() && (text[next] == ' ' || text[next] == '\r')) ++next;
      if (next < text.size() && text[next] == '\n') close(at);
    } else if (ends_sentence(text[at])) {
      while (at + 1 < text.size() && ends_sentence(text[at + 1])) ++at;
      const std::size_t behind = behind_closers(text, at + 1);
      if (is_border(text, at, behind)) {
        close(behind);
        at = behind - 1;
      }
    }
  }
  close(text.size());
  return sentences;
}

}  // namespace attune::metrics
