#include "data/answer_facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/ascii.h"

namespace attune::data {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0xC3;
}
bool is_in_word(char c) {
  return is_digit(c) || is_letter(c) || static_cast<unsigned char>(c) >= 0x80;
}

// Bytes of UTF-8 that are punctuation rather than letters: U+2000 to U+2BFF, U+3000 to U+303F,
// U+FF00 and on, and U+0080 to U+00BF.
bool is_mark(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0u;
  return byte == 0xC2 || (byte == 0xE2 && next <= 0xAF) || (byte == 0xE3 && next == 0x80) ||
         byte == 0xEF;
}

std::size_t length_of_mark(std::string_view text, std::size_t at) {
  return std::min<std::size_t>(static_cast<unsigned char>(text[at]) == 0xC2 ? 2 : 3,
                               text.size() - at);
}

// The end of the word that begins at `at`: letters and digits, with what joins them inside.
std::size_t end_of_word(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size()) {
    const char c = text[end];
    if (is_in_word(c) && !is_mark(text, end)) {
      ++end;
      continue;
    }
    const bool inside =
        end > at && end + 1 < text.size() && is_in_word(text[end + 1]) && !is_mark(text, end + 1);
    const bool joins =
        c == '-' || c == '_' ||
        ((c == '.' || c == ',') && is_digit(text[end - 1]) && is_digit(text[end + 1]));
    if (!inside || !joins) break;
    ++end;
  }
  return end;
}

// Calls visit(begin, end) for each word.
template <typename Visit>
void for_each_word(std::string_view text, const Visit& visit) {
  for (std::size_t at = 0; at < text.size();) {
    if (is_mark(text, at)) {
      at += length_of_mark(text, at);
    } else if (is_in_word(text[at])) {
      const std::size_t end = std::max(end_of_word(text, at), at + 1);
      visit(at, end);
      at = end;
    } else {
      ++at;
    }
  }
}

// Whether nothing but space stands between the word and what begins a sentence, a line, a quotation
// or a list item.
bool begins_sentence(std::string_view text, std::size_t word) {
  std::size_t at = word;
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) --at;
  if (at == 0) return true;
  const char before = text[at - 1];
  return std::string_view(".!?:;\n\r\"'([{*_#>|/=`-+<").find(before) != std::string_view::npos ||
         static_cast<unsigned char>(before) >= 0x80;
}

bool begins_line(std::string_view text, std::size_t word) {
  std::size_t at = word;
  while (at > 0 && std::string_view(" \t#*-([").find(text[at - 1]) != std::string_view::npos) --at;
  return at == 0 || text[at - 1] == '\n';
}

std::optional<double> number_of(std::string_view written) {
  std::string digits;
  // "1,234" and "1.234.567" group by three; a single mark with other groups is the decimal one.
  const std::size_t marks = static_cast<std::size_t>(
      std::count_if(written.begin(), written.end(), [](char c) { return c == ',' || c == '.'; }));
  const std::size_t last = written.find_last_of(".,");
  const bool groups =
      marks > 0 && written.size() - last - 1 == 3 && (marks > 1 || written[last] == ',');
  for (std::size_t i = 0; i < written.size(); ++i) {
    const char c = written[i];
    if (is_digit(c)) {
      digits += c;
    } else if (i == last && !groups) {
      digits += '.';
    } else if (c != ',' && c != '.') {
      return std::nullopt;
    }
  }
  if (digits.empty() || digits.size() > 15) return std::nullopt;
  return std::stod(digits);
}

// A number's last digit is uncertain by half of this.
double step_of(std::string_view written) {
  const std::size_t mark = written.find('.');
  const std::size_t decimals = mark == std::string_view::npos ? 0 : written.size() - mark - 1;
  return std::pow(10.0, -static_cast<double>(decimals));
}

bool is_common(std::string_view word) {
  constexpr std::array<std::string_view, 29> kCommon = {
      "and",  "or",  "of",    "to",   "in",  "is",   "the", "for", "by",  "on",
      "as",   "at",  "from",  "with", "a",   "an",   "was", "are", "be",  "it",
      "that", "but", "which", "when", "who", "were", "has", "if",  "than"};
  return std::find(kCommon.begin(), kCommon.end(), word) != kCommon.end();
}

// "WHO", "GPs": short forms are made of the words of a text in too many ways.
bool is_abbreviation(std::string_view word) {
  constexpr std::size_t kLongest = 4;
  if (word.ends_with('s')) word.remove_suffix(1);
  return word.size() <= kLongest && std::all_of(word.begin(), word.end(), is_upper);
}

// Without plain words behind it: "BRAF" of "BRAF-mutant", "40" of "40-hour".
std::size_t end_without_plain_words(std::string_view text, std::size_t begin, std::size_t end) {
  const auto is_small = [](char c) { return is_letter(c) && !is_upper(c); };
  while (true) {
    const std::size_t joint = text.substr(begin, end - begin).find_last_of('-');
    if (joint == std::string_view::npos || joint == 0) return end;
    const std::string_view last = text.substr(begin + joint + 1, end - begin - joint - 1);
    if (!std::all_of(last.begin(), last.end(), is_small)) return end;
    end = begin + joint;
  }
}

std::string_view with_unit(std::string_view text, std::size_t begin, std::size_t end) {
  if (end < text.size() && text[end] == '%') return text.substr(begin, end + 1 - begin);
  const std::size_t percent = end + 1;
  if (percent < text.size() && text[end] == ' ') {
    if (text[percent] == '%') return text.substr(begin, percent + 1 - begin);
    const std::size_t stop = end_of_word(text, percent);
    const std::string_view unit = text.substr(percent, stop - percent);
    if (!unit.empty() && !is_digit(unit[0]) && !is_common(unit))
      return text.substr(begin, stop - begin);
  }
  return text.substr(begin, end - begin);
}

std::optional<Fact> fact_of(std::string_view text, std::size_t begin, std::size_t end) {
  const std::size_t whole_end = end;
  end = end_without_plain_words(text, begin, end);
  const std::string_view word = text.substr(begin, end - begin);
  Fact fact{.kind = Fact::Kind::name, .begin = begin, .end = end, .text = word, .shown = word};
  const bool digits = std::any_of(word.begin(), word.end(), is_digit);
  const bool letters = std::any_of(word.begin(), word.end(), is_letter);
  if (digits && !letters) {
    const std::optional<double> number = number_of(word);
    if (!number || (*number <= 12 && std::floor(*number) == *number)) return std::nullopt;
    if (begins_line(text, begin) && end < text.size() &&
        std::string_view(".):").find(text[end]) != std::string_view::npos)
      return std::nullopt;
    fact.kind = Fact::Kind::number;
    fact.shown =
        end < whole_end ? text.substr(begin, whole_end - begin) : with_unit(text, begin, end);
    return fact;
  }
  if (digits) {
    const bool ordinal =
        is_digit(word[0]) && word.size() < 6 &&
        std::string_view("stndrdth").find(word.substr(word.size() - 2)) != std::string_view::npos;
    if (ordinal || word.size() < 3) return std::nullopt;
    fact.kind = Fact::Kind::code;
    return fact;
  }
  if (!is_upper(word[0]) || word.size() < 3 || is_abbreviation(word) ||
      begins_sentence(text, begin))
    return std::nullopt;
  return fact;
}

}  // namespace

std::vector<Fact> facts_of(std::string_view text) {
  std::vector<Fact> facts;
  for_each_word(text, [&](std::size_t begin, std::size_t end) {
    // Most words begin with a small letter and hold no digit.
    if (const std::optional<Fact> fact = fact_of(text, begin, end)) facts.push_back(*fact);
  });
  return facts;
}

void KnownFacts::add(std::string_view text) {
  words_ += ascii_lower(text);
  words_ += '\n';
  for_each_word(text, [&](std::size_t begin, std::size_t end) {
    // Each run of digits, so that "12kW" and "2024-05-03" give their numbers.
    for (std::size_t at = begin; at < end;) {
      if (!is_digit(text[at])) {
        ++at;
        continue;
      }
      std::size_t stop = at;
      while (stop < end && (is_digit(text[stop]) || text[stop] == '.' || text[stop] == ',')) ++stop;
      if (const auto number = number_of(text.substr(at, stop - at))) numbers_.push_back(*number);
      at = stop;
    }
  });
}

bool KnownFacts::says_number(std::string_view written) const {
  const std::optional<double> number = number_of(written);
  if (!number) return true;
  const double half = step_of(written) / 2 + 1e-9;
  constexpr std::array<double, 9> kScales = {1, 100, 0.01, 1000, 0.001, 1e6, 1e-6, 60, 1.0 / 60};
  return std::any_of(numbers_.begin(), numbers_.end(), [&](double known) {
    return std::any_of(kScales.begin(), kScales.end(),
                       [&](double scale) { return std::abs(known * scale - *number) <= half; });
  });
}

bool KnownFacts::says(const Fact& fact) const {
  std::string word = ascii_lower(fact.text);
  if (words_.find(word) != std::string::npos) return true;
  if (fact.kind == Fact::Kind::number) return says_number(fact.text);
  if (fact.kind == Fact::Kind::code) {
    // "4kW" is a number with its unit; "2024-05-03" and "EX-44" are told by their parts.
    std::size_t at = 0;
    bool all = true;
    while (at < word.size()) {
      std::size_t stop = at;
      const bool digit = is_digit(word[at]);
      while (stop < word.size() && is_digit(word[stop]) == digit) ++stop;
      const std::string_view part = std::string_view(word).substr(at, stop - at);
      all = all &&
            (digit ? says_number(part) : part.size() < 3 || words_.find(part) != std::string::npos);
      at = stop;
    }
    return all;
  }
  // "Swedish" of "Sweden": what begins with the same letters.
  constexpr std::size_t kStem = 4;
  if (word.size() > kStem &&
      words_.find(word.substr(0, std::max(kStem, word.size() - 3))) != std::string::npos)
    return true;
  // "Smith-Jones" and "X_Y" by their parts.
  std::size_t at = 0;
  const std::size_t joint = word.find_first_of("-_");
  if (joint == std::string::npos) return false;
  while (at < word.size()) {
    const std::size_t stop = std::min(word.find_first_of("-_", at), word.size());
    if (stop - at > 2 && words_.find(word.substr(at, stop - at)) == std::string::npos) return false;
    at = stop + 1;
  }
  return true;
}

}  // namespace attune::data
