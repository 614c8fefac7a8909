#include "metrics/porter_stem.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "text/unicode.h"

namespace attune::metrics {

namespace {

bool is_vowel_letter(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

// A letter other than a, e, i, o, u, and other than y behind a consonant.
bool is_consonant(std::string_view word, std::size_t at) {
  if (is_vowel_letter(word[at])) return false;
  if (word[at] != 'y') return true;
  std::size_t first = at;  // of the run of y
  while (first > 0 && word[first - 1] == 'y') --first;
  const bool first_is_consonant = first == 0 || is_vowel_letter(word[first - 1]);
  return ((at - first) % 2 == 0) == first_is_consonant;
}

// Porter's m: how often a vowel is followed by a consonant.
int measure(std::string_view stem) {
  int count = 0;
  bool before_is_vowel = false;
  bool before_is_consonant = false;
  for (char c : stem) {
    const bool vowel = is_vowel_letter(c) || (c == 'y' && before_is_consonant);
    if (!vowel && before_is_vowel) ++count;
    before_is_vowel = vowel;
    before_is_consonant = !vowel;
  }
  return count;
}

bool contains_vowel(std::string_view stem) {
  for (std::size_t i = 0; i < stem.size(); ++i) {
    if (!is_consonant(stem, i)) return true;
  }
  return false;
}

// *d
bool ends_in_double_consonant(std::string_view word) {
  const std::size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && is_consonant(word, n - 1);
}

// *o, and two-letter words of a vowel and a consonant
bool ends_consonant_vowel_consonant(std::string_view word) {
  const std::size_t n = word.size();
  if (n == 2) return !is_consonant(word, 0) && is_consonant(word, 1);
  if (n < 3) return false;
  const char last = word[n - 1];
  return is_consonant(word, n - 3) && !is_consonant(word, n - 2) && is_consonant(word, n - 1) &&
         last != 'w' && last != 'x' && last != 'y';
}

struct Rule {
  std::string_view suffix;
  std::string_view replacement;
};

// The first rule whose suffix the word has; it replaces only when the stem's measure is above
// `least`.
std::string apply(std::string word, std::span<const Rule> rules, int least) {
  for (const Rule& rule : rules) {
    if (!word.ends_with(rule.suffix)) continue;
    const std::size_t stem = word.size() - rule.suffix.size();
    if (measure(std::string_view(word).substr(0, stem)) > least) {
      word.replace(stem, std::string::npos, rule.replacement);
    }
    return word;
  }
  return word;
}

std::string step_1a(std::string word) {
  if (word.ends_with("ies")) {
    word.erase(word.size() - (word.size() == 4 ? 1 : 2));
  } else if (word.ends_with("sses")) {
    word.erase(word.size() - 2);
  } else if (word.ends_with("s") && !word.ends_with("ss")) {
    word.pop_back();
  }
  return word;
}

std::string step_1b(std::string word) {
  if (word.ends_with("ied")) {
    word.erase(word.size() - (word.size() == 4 ? 1 : 2));
    return word;
  }
  if (word.ends_with("eed")) {
    if (measure(std::string_view(word).substr(0, word.size() - 3)) > 0) word.pop_back();
    return word;
  }
  const std::size_t cut = word.ends_with("ed") ? 2 : word.ends_with("ing") ? 3 : 0;
  if (cut == 0 || !contains_vowel(std::string_view(word).substr(0, word.size() - cut))) {
    return word;
  }
  word.erase(word.size() - cut);
  if (word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz")) {
    word += 'e';
  } else if (ends_in_double_consonant(word)) {
    const char last = word.back();
    if (last != 'l' && last != 's' && last != 'z') word.pop_back();
  } else if (measure(word) == 1 && ends_consonant_vowel_consonant(word)) {
    word += 'e';
  }
  return word;
}

std::string step_1c(std::string word) {
  if (word.size() > 2 && word.back() == 'y' && is_consonant(word, word.size() - 2)) {
    word.back() = 'i';
  }
  return word;
}

std::string step_2(std::string word) {
  static constexpr std::array<Rule, 21> kRules{{
      {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
      {"izer", "ize"},    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"},
      {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
      {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
      {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},
      {"fulli", "ful"},
  }};
  while (word.ends_with("alli") && measure(std::string_view(word).substr(0, word.size() - 4)) > 0) {
    word.erase(word.size() - 2);
  }
  // The l of "logi" counts for the stem, so that "geologi" becomes "geolog".
  if (word.ends_with("logi")) {
    if (measure(std::string_view(word).substr(0, word.size() - 3)) > 0) word.pop_back();
    return word;
  }
  return apply(std::move(word), kRules, 0);
}

std::string step_3(std::string word) {
  static constexpr std::array<Rule, 7> kRules{{{"icate", "ic"},
                                               {"ative", ""},
                                               {"alize", "al"},
                                               {"iciti", "ic"},
                                               {"ical", "ic"},
                                               {"ful", ""},
                                               {"ness", ""}}};
  return apply(std::move(word), kRules, 0);
}

std::string step_4(std::string word) {
  static constexpr std::array<Rule, 11> kBeforeIon{{{"al", ""},
                                                    {"ance", ""},
                                                    {"ence", ""},
                                                    {"er", ""},
                                                    {"ic", ""},
                                                    {"able", ""},
                                                    {"ible", ""},
                                                    {"ant", ""},
                                                    {"ement", ""},
                                                    {"ment", ""},
                                                    {"ent", ""}}};
  static constexpr std::array<Rule, 7> kAfterIon{
      {{"ou", ""}, {"ism", ""}, {"ate", ""}, {"iti", ""}, {"ous", ""}, {"ive", ""}, {"ize", ""}}};
  if (word.ends_with("ion")) {
    const std::string_view stem = std::string_view(word).substr(0, word.size() - 3);
    if (measure(stem) > 1 && (stem.back() == 's' || stem.back() == 't')) word.erase(stem.size());
    return word;
  }
  const std::size_t before = word.size();
  const bool first_group = std::any_of(kBeforeIon.begin(), kBeforeIon.end(), [&](const Rule& rule) {
    return word.ends_with(rule.suffix);
  });
  if (first_group) return apply(std::move(word), kBeforeIon, 1);
  return before == 0 ? word : apply(std::move(word), kAfterIon, 1);
}

std::string step_5(std::string word) {
  if (word.ends_with("e")) {
    const std::string_view stem = std::string_view(word).substr(0, word.size() - 1);
    const int m = measure(stem);
    if (m > 1 || (m == 1 && !ends_consonant_vowel_consonant(stem))) word.pop_back();
  }
  if (word.ends_with("ll") && measure(std::string_view(word).substr(0, word.size() - 1)) > 1) {
    word.pop_back();
  }
  return word;
}

std::string_view irregular(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kForms{{
      {"sky", "sky"},
      {"skies", "sky"},
      {"dying", "die"},
      {"lying", "lie"},
      {"tying", "tie"},
      {"news", "news"},
      {"innings", "inning"},
      {"inning", "inning"},
      {"outings", "outing"},
      {"outing", "outing"},
      {"cannings", "canning"},
      {"canning", "canning"},
      {"howe", "howe"},
      {"proceed", "proceed"},
      {"exceed", "exceed"},
  }};
  if (word == "succeed") return word;
  for (const auto& [form, stem] : kForms) {
    if (form == word) return stem;
  }
  return {};
}

std::string stem_of_letters(std::string word) {
  constexpr std::size_t kLongestUnchanged = 2;
  if (word.size() <= kLongestUnchanged) return word;
  return step_5(step_4(step_3(step_2(step_1c(step_1b(step_1a(std::move(word))))))));
}

}  // namespace

std::string porter_stem(std::string_view word) {
  if (const std::string_view stem = irregular(word); !stem.empty()) return std::string(stem);
  const bool ascii = std::all_of(word.begin(), word.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return stem_of_letters(std::string(word));
  // The rules count letters, so each letter outside ASCII stands as one byte while they run.
  constexpr std::size_t kMostOthers = 128;
  std::vector<std::string_view> others;
  std::string letters;
  for (std::size_t at = 0; at < word.size();) {
    const std::string_view letter = word.substr(at, text::character_at(word, at).bytes);
    at += letter.size();
    if (static_cast<unsigned char>(letter[0]) < 0x80) {
      letters += letter;
      continue;
    }
    auto place = std::find(others.begin(), others.end(), letter);
    if (place == others.end()) {
      if (others.size() == kMostOthers) return std::string(word);
      place = others.insert(others.end(), letter);
    }
    letters += static_cast<char>(0x80 + (place - others.begin()));
  }
  std::string stem;
  for (char c : stem_of_letters(std::move(letters))) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      stem += c;
    } else {
      stem += others[byte - 0x80u];
    }
  }
  return stem;
}

}  // namespace attune::metrics
