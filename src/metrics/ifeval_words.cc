#include <algorithm>
#include <array>

#include "metrics/ifeval_checks.h"
#include "metrics/language.h"
#include "metrics/sentences.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"
#include "text/unicode.h"

namespace attune::metrics::ifeval {

namespace {

// A letter, number or underscore: at the borders of a forbidden word the published program leaves
// marks out.
bool is_word_character(char32_t code) {
  return code == '_' || text::is_letter(code) || text::is_number(code);
}

bool is_word_character_before(std::string_view text, std::size_t at) {
  if (at == 0) return false;
  std::size_t begin = at - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0u) == 0x80u) --begin;
  const text::Character character = text::character_at(text, begin);
  return character.valid && is_word_character(character.code);
}

bool is_word_character_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  const text::Character character = text::character_at(text, at);
  return character.valid && is_word_character(character.code);
}

std::int64_t count_of(std::string_view text, std::string_view part) {
  std::int64_t count = 0;
  if (part.empty()) return count;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

enum class LetterCase { none, upper, lower, mixed };

// Of the letters that have a case.
LetterCase letter_case(std::string_view text) {
  bool upper = false;
  bool lower = false;
  for (std::size_t at = 0; at < text.size();) {
    const text::Character character = text::character_at(text, at);
    const std::string_view letter = text.substr(at, character.bytes);
    at += character.bytes;
    if (!character.valid || !text::is_letter(character.code)) continue;
    if (text::is_upper_case(character.code)) {
      upper = true;
    } else if (text::upper_case(letter) != letter) {
      lower = true;
    }
  }
  if (upper && lower) return LetterCase::mixed;
  return upper ? LetterCase::upper : lower ? LetterCase::lower : LetterCase::none;
}

bool has_letter(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const text::Character character = text::character_at(text, at);
    if (character.valid && text::is_letter(character.code)) return true;
    at += character.bytes;
  }
  return false;
}

// Letters too few to tell the language count as English.
bool is_english(std::string_view answer) { return detect_language(answer).value_or("en") == "en"; }

// Words as the Penn Treebank cuts them: marks and clitics stand alone ("DON'T" is DO and N'T).
bool splits_word(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (std::string_view("[](){}<>;@#$%&?!\"").find(c) != std::string_view::npos) return true;
  const bool digit_follows = at + 1 < text.size() && is_ascii_digit(text[at + 1]);
  if (c == ',' || c == ':') return !digit_follows;
  return (c == '-' && text.substr(at).starts_with("--")) ||
         (c == '.' && text.substr(at).starts_with("..."));
}

std::int64_t capital_pieces(std::string_view word) {
  constexpr std::array<std::string_view, 7> kClitics{"N'T", "'S", "'M", "'D", "'LL", "'RE", "'VE"};
  for (std::string_view clitic : kClitics) {
    if (word.size() > clitic.size() && word.ends_with(clitic)) {
      const std::string_view stem = word.substr(0, word.size() - clitic.size());
      return 1 + (letter_case(stem) == LetterCase::upper ? 1 : 0);
    }
  }
  return letter_case(word) == LetterCase::upper ? 1 : 0;
}

}  // namespace

bool has_all_keywords(std::string_view answer, const std::vector<std::string>& keywords) {
  const std::string lower = lower_text(answer);
  return std::all_of(keywords.begin(), keywords.end(), [&](const std::string& keyword) {
    return lower.find(lower_text(keyword)) != std::string::npos;
  });
}

bool has_keyword_often(std::string_view answer, std::string_view keyword, const Bound& bound) {
  const std::string wanted = lower_text(without_outer_space(keyword));
  return bound.holds(count_of(lower_text(answer), wanted));
}

bool has_no_forbidden_word(std::string_view answer, const std::vector<std::string>& words) {
  const std::string lower = lower_text(answer);
  return std::none_of(words.begin(), words.end(), [&](const std::string& word) {
    const std::string wanted = lower_text(word);
    if (wanted.empty()) return false;
    for (std::size_t at = lower.find(wanted); at != std::string::npos;
         at = lower.find(wanted, at + 1)) {
      const std::size_t end = at + wanted.size();
      // A border lies where exactly one side is a word character.
      const bool begins = is_word_character_before(lower, at) != is_word_character_at(lower, at);
      const bool ends = is_word_character_before(lower, end) != is_word_character_at(lower, end);
      if (begins && ends) return true;
    }
    return false;
  });
}

bool has_letter_often(std::string_view answer, std::string_view letter, const Bound& bound) {
  const std::string wanted = lower_text(without_outer_space(letter));
  return bound.holds(count_of(lower_text(answer), wanted));
}

bool has_words(std::string_view answer, const Bound& bound) {
  std::int64_t words = 0;
  bool inside = false;
  for (std::size_t at = 0; at < answer.size();) {
    const text::Character character = text::character_at(answer, at);
    const bool word = character.valid && text::is_word(character.code);
    words += word && !inside ? 1 : 0;
    inside = word;
    at += character.bytes;
  }
  return bound.holds(words);
}

bool has_sentences(std::string_view answer, const Bound& bound) {
  return bound.holds(
      static_cast<std::int64_t>(sentences_of(answer, SentenceBorders::punkt).size()));
}

bool has_capital_words(std::string_view answer, const Bound& bound) {
  std::int64_t count = 0;
  for (const std::string& token : white_space_tokens(answer)) {
    std::string word;
    for (std::size_t at = 0; at < token.size(); ++at) {
      if (splits_word(token, at)) {
        count += capital_pieces(word);
        word.clear();
      } else {
        word += token[at];
      }
    }
    count += capital_pieces(word);
  }
  return bound.holds(count);
}

bool is_english_in_capitals(std::string_view answer) {
  return letter_case(answer) == LetterCase::upper && is_english(answer);
}

bool is_english_in_lower_case(std::string_view answer) {
  return letter_case(answer) == LetterCase::lower && is_english(answer);
}

// As in the original, an answer without any letter counts as followed.
bool is_in_language(std::string_view answer, std::string_view code) {
  if (!has_letter(answer)) return true;
  const std::optional<std::string> language = detect_language(answer);
  return language && *language == code;
}

bool has_no_comma(std::string_view answer) { return answer.find(',') == std::string_view::npos; }

}  // namespace attune::metrics::ifeval
