#include "metrics/hard_atoms.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "metrics/answer_text.h"
#include "metrics/date_forms.h"
#include "metrics/quantity.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"
#include "text/unicode.h"

namespace attune::metrics {

namespace {

struct Quotes {
  std::string_view open;
  std::string_view close;
};
constexpr std::array<Quotes, 4> kQuotes{{{"\"", "\""},
                                         {"\xE2\x80\x9C", "\xE2\x80\x9D"},  // “ ”
                                         {"\xE2\x80\x9E", "\xE2\x80\x9C"},  // „ “
                                         {"\xC2\xAB", "\xC2\xBB"}}};        // « »

// A word without the marks around it.
std::string_view bare_word(std::string_view word) {
  constexpr std::string_view kMarks = ".,;:!?()[]{}'\"*_`";
  while (!word.empty() && kMarks.find(word.front()) != std::string_view::npos)
    word.remove_prefix(1);
  while (!word.empty() && kMarks.find(word.back()) != std::string_view::npos) word.remove_suffix(1);
  return word;
}

bool begins_upper(std::string_view word) {
  if (word.empty()) return false;
  const text::Character character = text::character_at(word, 0);
  return character.valid && text::is_upper_case(character.code);
}

// Letters and digits mixed, or groups of digits joined: "P-101", "AB12", "2024-17".
bool is_identifier(std::string_view word) {
  const bool digit = std::any_of(word.begin(), word.end(), is_ascii_digit);
  const bool letter = std::any_of(word.begin(), word.end(), is_ascii_letter);
  const bool joined_digits = word.find_first_of("-_/") != std::string_view::npos;
  return digit && word.size() > 2 && (letter || joined_digits) &&
         std::all_of(word.begin(), word.end(), [](char c) {
           return is_ascii_digit(c) || is_ascii_letter(c) || c == '-' || c == '_' || c == '/' ||
                  c == '.' || c == '#';
         });
}

// A date begins with a number or a month.
bool may_begin_date(std::string_view word) {
  if (word.empty()) return false;
  if (is_ascii_digit(word[0])) return true;
  constexpr std::string_view kMonths = "jan feb mar apr may jun jul aug sep oct nov dec";
  constexpr std::size_t kLetters = 3;
  return word.size() >= kLetters &&
         kMonths.find(ascii_lower(word.substr(0, kLetters))) != std::string_view::npos;
}

std::string identifier_form(std::string_view word) {
  std::string form;
  for (char c : ascii_lower(word)) {
    if (is_ascii_digit(c) || is_ascii_letter(c)) form += c;
  }
  return form;
}

std::string number_form(double value) { return fmt::format("{:.12g}", value); }

// "1." and "2)" before an item of a list state nothing.
bool is_list_marker(std::string_view word) {
  return (word.size() == 2 || word.size() == 3) && (word.back() == '.' || word.back() == ')') &&
         std::all_of(word.begin(), word.end() - 1, is_ascii_digit);
}

// The size of a sign of relation at text[at] with a number behind it: "<" of "p<0.05".
std::size_t relation_at(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 13> kRelations{
      "+/-",          "</=", ">/=", "<=", ">=", "<", ">", "=", "~", "\xC2\xB1",  // +-
      "\xE2\x89\xA4",                                                            // less or equal
      "\xE2\x89\xA5",                                                            // greater or equal
      "\xE2\x89\x88"};                                                           // about
  for (std::string_view relation : kRelations) {
    if (!text.substr(at).starts_with(relation)) continue;
    std::size_t behind = at + relation.size();
    while (behind < text.size() && (text[behind] == '-' || text[behind] == '.')) ++behind;
    if (behind < text.size() && is_ascii_digit(text[behind])) return relation.size();
  }
  return 0;
}

// Numbers stand alone: "p<0.05" is "p 0.05", "3.1+/-0.5" is "3.1 0.5".
std::string without_relations(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t relation = relation_at(text, at);
    out += relation > 0 ? ' ' : text[at];
    at += std::max<std::size_t>(relation, 1);
  }
  return out;
}

class Finder {
 public:
  explicit Finder(std::string_view sentence) {
    take_quotes(sentence);
    words_ = white_space_tokens(without_relations(rest_));
    if (words_.size() > 1 && is_list_marker(words_[0])) words_.erase(words_.begin());
  }

  std::vector<HardAtom> find() {
    for (std::size_t at = 0; at < words_.size();) at += atom_at(at);
    return std::move(atoms_);
  }

 private:
  // Quoted stretches become atoms and leave the rest.
  void take_quotes(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t behind = quote_at(text, at);
      if (behind > at) {
        rest_ += " ; ";
        at = behind;
      } else {
        rest_ += text[at++];
      }
    }
  }

  std::size_t quote_at(std::string_view text, std::size_t at) {
    constexpr std::size_t kLongest = 200;
    for (const Quotes& quotes : kQuotes) {
      if (!text.substr(at).starts_with(quotes.open)) continue;
      const std::size_t begin = at + quotes.open.size();
      const std::size_t end = text.find(quotes.close, begin);
      if (end == std::string_view::npos || end - begin > kLongest) continue;
      const std::string inside(text.substr(begin, end - begin));
      std::string form = normalised_answer(inside);
      if (form.empty()) continue;
      atoms_.push_back({AtomKind::quote, inside, std::move(form), ""});
      return end + quotes.close.size();
    }
    return at;
  }

  // Takes the atom that begins with the word at `at`; the number of words taken, at least one.
  std::size_t atom_at(std::size_t at) {
    if (const std::size_t taken = date_at(at)) return taken;
    if (const std::size_t taken = number_at(at)) return taken;
    const std::string_view word = bare_word(words_[at]);
    if (is_identifier(word)) {
      atoms_.push_back({AtomKind::identifier, std::string(word), identifier_form(word), ""});
      return 1;
    }
    if (const std::size_t taken = name_at(at)) return taken;
    return 1;
  }

  std::size_t date_at(std::size_t at) {
    if (!may_begin_date(bare_word(words_[at]))) return 0;
    std::string text;
    constexpr std::size_t kLongest = 4;  // "5th of March 2024"
    std::size_t best = 0;
    std::string canonical;
    for (std::size_t count = 1; count <= kLongest && at + count <= words_.size(); ++count) {
      if (count > 1) text += ' ';
      text += words_[at + count - 1];
      if (const auto date = canonical_date(bare_word(text))) {
        best = count;
        canonical = *date;
        break;
      }
    }
    if (best > 0) atoms_.push_back({AtomKind::date, std::string(bare_word(text)), canonical, ""});
    return best;
  }

  std::size_t number_at(std::size_t at) {
    const std::string_view word = bare_word(words_[at]);
    if (digits_of(word).empty()) return 0;
    const std::optional<Quantity> whole = read_quantity(word);
    if (!whole) return 0;
    const std::optional<Quantity> bare = whole->dimension.empty() ? whole : std::nullopt;
    std::string text(word);
    Quantity quantity = *whole;
    std::size_t taken = 1;
    if (bare && at + 1 < words_.size()) {
      // A unit of the table may follow as a word of its own.
      const std::string_view unit = bare_word(words_[at + 1]);
      if (const auto with_unit =
              is_function_word(unit) ? std::nullopt : in_unit(bare->value, unit)) {
        quantity = *with_unit;
        text += " " + std::string(unit);
        taken = 2;
      }
    } else if (!bare && in_unit(1, unit_of(word)) == std::nullopt) {
      return 0;  // "3rd", "4x": an identifier or nothing
    }
    const std::string canonical = quantity.dimension.empty()
                                      ? number_form(quantity.value)
                                      : quantity.dimension + ":" + number_form(quantity.value);
    const double value = bare ? bare->value : read_number(digits_of(word))->value;
    atoms_.push_back({AtomKind::number, std::move(text), canonical, number_form(value)});
    return taken;
  }

  // "kg" of "3kg", "$" of "$3".
  static std::string unit_of(std::string_view word) {
    const std::string_view digits = digits_of(word);
    const std::string_view before = word.substr(0, word.size() - digits.size());
    const auto number = read_number(digits);
    const std::string_view behind = number ? digits.substr(number->size) : std::string_view{};
    return std::string(before.empty() || before == "-" || before == "+" ? behind : before);
  }

  // From the first digit on.
  static std::string_view digits_of(std::string_view word) {
    return word.substr(std::min(word.find_first_of("0123456789"), word.size()));
  }

  // A run of capitalised words, "of" and the like inside it left to the context.
  std::size_t name_at(std::size_t at) {
    // "The" of "The WHO" is capital because the sentence begins there.
    if (at == 0 && is_function_word(ascii_lower(bare_word(words_[0]))) && words_[0].size() > 1 &&
        std::any_of(words_[0].begin(), words_[0].end(),
                    [](char c) { return c >= 'a' && c <= 'z'; })) {
      return 1;
    }
    std::size_t count = 0;
    std::string text;
    while (at + count < words_.size()) {
      const std::string& written = words_[at + count];
      std::string_view word = bare_word(written);
      bool possessive = false;
      for (const std::string_view ending : {"'s", "\xE2\x80\x99s"}) {
        if (!word.ends_with(ending)) continue;
        word.remove_suffix(ending.size());
        possessive = true;
      }
      if (!begins_upper(word) || word == "I" || is_identifier(word)) break;
      if (!text.empty()) text += ' ';
      text += word;
      ++count;
      // A possessive and a mark such as a comma end a name.
      if (possessive || written.ends_with(',') || written.ends_with(';') || written.ends_with(':'))
        break;
    }
    if (count == 0) return 0;
    // The first word of a sentence is capital anyway; "Ada Lovelace" there is still a name.
    const bool all_capitals =
        std::none_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (at == 0 && count == 1 && !(all_capitals && text.size() > 1)) return 1;
    const std::string later = at == 0 && count > 1 ? text.substr(text.find(' ') + 1) : text;
    atoms_.push_back({AtomKind::name, text, joined(word_tokens(text)), joined(word_tokens(later))});
    return count;
  }

  std::string rest_;
  Tokens words_;
  std::vector<HardAtom> atoms_;
};

}  // namespace

bool is_function_word(std::string_view word) {
  static const std::unordered_set<std::string_view> kWords{
      "a",    "an",   "the",  "of",    "to",    "in",   "on",    "at",    "by",    "for",
      "with", "from", "and",  "or",    "but",   "not",  "is",    "are",   "was",   "were",
      "be",   "been", "it",   "its",   "this",  "that", "these", "those", "as",    "if",
      "then", "than", "so",   "he",    "she",   "they", "his",   "her",   "their", "we",
      "our",  "you",  "your", "i",     "my",    "has",  "have",  "had",   "do",    "does",
      "did",  "can",  "will", "would", "may",   "also", "which", "who",   "whose", "there",
      "into", "when", "what", "how",   "about", "no",   "yes"};
  return kWords.contains(word);
}

std::string_view atom_kind_name(AtomKind kind) {
  switch (kind) {
    case AtomKind::number:
      return "number";
    case AtomKind::date:
      return "date";
    case AtomKind::identifier:
      return "identifier";
    case AtomKind::quote:
      return "quote";
    case AtomKind::name:
      return "name";
  }
  return "";
}

std::vector<HardAtom> hard_atoms(std::string_view sentence) { return Finder(sentence).find(); }

}  // namespace attune::metrics
