#include "metrics/sentences.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"
#include "base/trim.h"
#include "metrics/text_parts.h"
#include "text/unicode.h"

namespace attune::metrics {

namespace {

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
  while (begin > 0 && !is_ascii_space(text[begin - 1]) && text[begin - 1] != '(' &&
         text[begin - 1] != '"') {
    --begin;
  }
  return text.substr(begin, stop - begin);
}

// Stand before a name, so that a capital letter behind them begins no sentence.
bool is_title(std::string_view word) {
  static constexpr std::array<std::string_view, 20> kTitles{
      "mr",  "mrs", "ms",  "dr",  "prof", "st",  "gen", "col", "capt", "lt",
      "sgt", "rev", "hon", "sen", "gov",  "rep", "vs",  "fig", "no",   "e.g"};
  const std::string lower = ascii_lower(word);
  return std::find(kTitles.begin(), kTitles.end(), lower) != kTitles.end();
}

// May end a sentence; does so only before a capital letter.
bool is_abbreviation(std::string_view word) {
  static constexpr std::array<std::string_view, 30> kKnown{
      "i.e", "cf",   "al",  "etc", "approx", "inc", "ltd", "co",  "corp", "jr",
      "sr",  "jan",  "feb", "aug", "sept",   "oct", "nov", "dec", "vol",  "pp",
      "eq",  "dept", "est", "ave", "blvd",   "a.m", "p.m", "u.s", "u.k",  "ph.d"};
  const std::string lower = ascii_lower(word);
  return std::find(kKnown.begin(), kKnown.end(), lower) != kKnown.end();
}

// "J" of "J. Smith", but not the pronoun of "so do I."
bool is_initial(std::string_view word) {
  return word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z' && word[0] != 'I';
}

// "1" of "1. First" at the beginning of a line.
bool is_list_number(std::string_view text, std::size_t stop, std::string_view word) {
  for (char c : word) {
    if (!is_ascii_digit(c)) return false;
  }
  std::size_t begin = stop - word.size();
  while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t')) --begin;
  return !word.empty() && (begin == 0 || text[begin - 1] == '\n');
}

bool begins_sentence(std::string_view text, std::size_t at) {
  const text::Character character = text::character_at(text, at);
  return character.valid && text::is_upper_case(character.code);
}

// Whether the period at `stop` belongs to its word, whatever follows.
bool belongs_to_word(std::string_view text, std::size_t stop, std::string_view word) {
  return is_initial(word) || is_list_number(text, stop, word) || is_title(word);
}

// Whether a sentence ends at the mark text[stop]; `behind` is where its closing quotes end.
bool is_border(std::string_view text, std::size_t stop, std::size_t behind,
               SentenceBorders borders) {
  if (behind >= text.size()) return true;
  if (!is_ascii_space(text[behind])) {
    constexpr std::string_view kMarks = "*:;([{@";
    const std::string_view word = word_before(text, stop);
    return borders == SentenceBorders::punkt && kMarks.find(text[behind]) != kMarks.npos &&
           !(text[stop] == '.' && (belongs_to_word(text, stop, word) || is_abbreviation(word)));
  }
  std::size_t next = behind;
  while (next < text.size() && is_ascii_space(text[next])) ++next;
  if (next >= text.size() || text[stop] != '.') return true;
  const bool ellipsis = stop > 0 && text[stop - 1] == '.';
  const std::string_view word = word_before(text, stop);
  if (belongs_to_word(text, stop, word)) return false;
  return !((ellipsis || is_abbreviation(word)) && !begins_sentence(text, next));
}

}  // namespace

std::vector<std::string_view> sentences_of(std::string_view text, SentenceBorders borders) {
  std::vector<std::string_view> sentences;
  std::size_t begin = 0;
  const auto close = [&](std::size_t end) {
    const std::string_view sentence = trim(text.substr(begin, end - begin));
    if (!sentence.empty()) sentences.push_back(sentence);
    begin = end;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n' && borders == SentenceBorders::text) {
      std::size_t next = at + 1;
      while (next < text.size() && (text[next] == ' ' || text[next] == '\r')) ++next;
      if (next < text.size() && text[next] == '\n') close(at);
    } else if (ends_sentence(text[at])) {
      while (at + 1 < text.size() && ends_sentence(text[at + 1])) ++at;
      const std::size_t behind = behind_closers(text, at + 1);
      if (is_border(text, at, behind, borders)) {
        close(behind);
        at = behind - 1;
      }
    }
  }
  close(text.size());
  return sentences;
}

}  // namespace attune::metrics
