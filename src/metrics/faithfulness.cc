#include "metrics/faithfulness.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_set>
#include <utility>

#include "metrics/answer_text.h"
#include "metrics/sentences.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"

namespace attune::metrics {

namespace {

// The content words of a sentence, as sorted hashes, and whether it is negated.
struct Statement {
  std::string_view text;
  std::vector<std::size_t> words;
  bool negated = false;
};

bool is_negation(const Tokens& words, std::size_t at) {
  static const std::unordered_set<std::string_view> kNegations{
      "not", "no", "never", "none", "neither", "nor", "without", "cannot"};
  if (kNegations.contains(words[at])) return true;
  return words[at] == "t" && at > 0 && words[at - 1].ends_with('n');  // "isn't"
}

Statement statement_of(std::string_view sentence, const Tokens& words) {
  Statement statement;
  statement.text = sentence;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_negation(words, i)) {
      statement.negated = !statement.negated;  // two of them cancel out
    } else if (!is_function_word(words[i])) {
      statement.words.push_back(std::hash<std::string>{}(words[i]));
    }
  }
  std::sort(statement.words.begin(), statement.words.end());
  return statement;
}

// The share of the words of either that both have.
double overlap(const Statement& one, const Statement& other) {
  std::size_t both = 0;
  for (std::size_t i = 0, j = 0; i < one.words.size() && j < other.words.size();) {
    if (one.words[i] == other.words[j]) {
      ++both;
      ++i;
      ++j;
    } else {
      ++(one.words[i] < other.words[j] ? i : j);
    }
  }
  const std::size_t either = one.words.size() + other.words.size() - both;
  return either == 0 ? 0 : static_cast<double>(both) / static_cast<double>(either);
}

// What an answer may draw on, ready for look-ups.
class Knowledge {
 public:
  Knowledge(std::string_view context, std::string_view question) {
    for (std::string_view sentence : sentences_of(context)) {
      statements_.push_back(statement_of(sentence, word_tokens(sentence)));
      add_atoms(sentence);
    }
    for (std::string_view sentence : sentences_of(question)) add_atoms(sentence);
    for (std::string_view part : {context, question}) {
      plain_ += ' ' + normalised_answer(part) + ' ';
      Tokens words = word_tokens(part);
      words_text_ += ' ' + joined(words) + ' ';
      for (std::string& word : words) words_.insert(std::move(word));
      for (char c : part) {
        if (is_ascii_digit(c) || is_ascii_letter(c)) {
          letters_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
      }
    }
  }

  bool has(const HardAtom& atom) const {
    if (atoms_.contains({atom.kind, atom.canonical})) return true;
    switch (atom.kind) {
      case AtomKind::number:
        // A bare number may stand without the unit that the context gives it.
        return atom.canonical == atom.bare && numbers_.contains(atom.bare);
      case AtomKind::date:
        return false;
      case AtomKind::identifier:
        return letters_.find(atom.canonical) != std::string::npos;
      case AtomKind::quote:
        return plain_.find(' ' + atom.canonical + ' ') != std::string::npos;
      case AtomKind::name:
        return has_words(atom.canonical) || has_words(atom.bare);
    }
    return false;
  }

  // The sentence of the context that says nearly the same; of equals one that is negated alike.
  const Statement* nearest(const Statement& claim) const {
    constexpr double kNearlyTheSame = 0.8;
    constexpr std::size_t kFewestWords = 4;
    if (claim.words.size() < kFewestWords) return nullptr;
    const Statement* best = nullptr;
    double most = kNearlyTheSame;
    for (const Statement& statement : statements_) {
      const double alike = overlap(claim, statement);
      const bool better = alike > most || (alike == most && statement.negated == claim.negated);
      if (alike < most || !(better || best == nullptr)) continue;
      best = &statement;
      most = alike;
    }
    return best;
  }

  bool has_word(const std::string& word) const { return words_.contains(word); }
  bool has_words(const std::string& words) const {
    return words_text_.find(' ' + words + ' ') != std::string::npos;
  }

 private:
  void add_atoms(std::string_view sentence) {
    for (const HardAtom& atom : hard_atoms(sentence)) {
      add(atom);
      if (atom.kind != AtomKind::quote) continue;
      // What stands inside quotes counts as well.
      for (const HardAtom& inner : hard_atoms(atom.text)) add(inner);
    }
  }

  void add(const HardAtom& atom) {
    atoms_.emplace(atom.kind, atom.canonical);
    if (atom.kind == AtomKind::number) numbers_.insert(atom.bare);
  }

  std::set<std::pair<AtomKind, std::string>> atoms_;
  std::set<std::string> numbers_;  // values without units
  std::unordered_set<std::string> words_;
  std::string words_text_;             // lower-case words with one space between
  std::string plain_;                  // normalised as short answers are
  std::string letters_;                // letters and digits alone
  std::vector<Statement> statements_;  // of the context
};

struct ContentWords {
  std::int64_t all = 0;
  std::optional<double> precision;  // the share found in the knowledge
};

ContentWords content_words(const Tokens& words, const Knowledge& knowledge) {
  std::int64_t content = 0;
  std::int64_t found = 0;
  for (const std::string& word : words) {
    if (is_function_word(word)) continue;
    ++content;
    found += knowledge.has_word(word) ? 1 : 0;
  }
  if (content == 0) return {};
  return {content, static_cast<double>(found) / static_cast<double>(content)};
}

ClaimVerdict check_claim(std::string_view sentence, const Knowledge& knowledge,
                         const FaithfulnessOptions& options) {
  ClaimVerdict claim;
  claim.text = sentence;
  const Tokens words = word_tokens(sentence);
  const ContentWords content = content_words(words, knowledge);
  claim.precision = content.precision;
  const std::vector<HardAtom> atoms = hard_atoms(sentence);
  for (const HardAtom& atom : atoms) {
    if (!knowledge.has(atom)) claim.missing.push_back(atom);
  }
  const Statement statement = statement_of(sentence, words);
  const Statement* same = knowledge.nearest(statement);
  if (same != nullptr && same->negated != statement.negated) claim.contradicted = same->text;
  const bool by_words = options.least_precision > 0 && claim.precision.has_value() &&
                        content.all >= options.fewest_content_words;
  claim.checked = !atoms.empty() || by_words || same != nullptr;
  claim.supported = claim.missing.empty() && claim.contradicted.empty() &&
                    !(by_words && *claim.precision < options.least_precision);
  return claim;
}

std::optional<double> share_of(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

bool is_abstention(std::string_view answer, const FaithfulnessOptions& options) {
  const Tokens words = white_space_tokens(answer);
  if (words.empty()) return true;
  if (words.size() > options.longest_abstention) return false;
  std::string lower = lower_text(joined(words));
  // A typographic apostrophe counts as a plain one.
  constexpr std::string_view kApostrophe = "\xE2\x80\x99";
  for (std::size_t at = lower.find(kApostrophe); at != std::string::npos;
       at = lower.find(kApostrophe)) {
    lower.replace(at, kApostrophe.size(), "'");
  }
  return std::any_of(
      options.abstentions.begin(), options.abstentions.end(),
      [&](const std::string& phrase) { return lower.find(phrase) != std::string::npos; });
}

AnswerFaithfulness check_faithfulness(std::string_view answer, std::string_view context,
                                      std::string_view question,
                                      const FaithfulnessOptions& options) {
  AnswerFaithfulness verdict;
  verdict.abstained = is_abstention(answer, options);
  if (verdict.abstained) return verdict;
  const Knowledge knowledge(context, question);
  for (std::string_view sentence : sentences_of(answer)) {
    ClaimVerdict claim = check_claim(sentence, knowledge, options);
    verdict.checked += claim.checked ? 1 : 0;
    verdict.unsupported += claim.checked && !claim.supported ? 1 : 0;
    verdict.claims.push_back(std::move(claim));
  }
  verdict.unsupported_share = share_of(verdict.unsupported, verdict.checked);
  const std::string known = std::string(context) + "\n" + std::string(question);
  if (const auto overlap = token_overlap(answer, known)) verdict.k_precision = overlap->precision;
  return verdict;
}

void FaithfulnessTotals::add(const AnswerFaithfulness& verdict, std::optional<bool> answerable) {
  ++answers;
  abstained += verdict.abstained ? 1 : 0;
  with_checked_claim += verdict.checked > 0 ? 1 : 0;
  with_unsupported_claim += verdict.unsupported > 0 ? 1 : 0;
  checked_claims += verdict.checked;
  unsupported_claims += verdict.unsupported;
  if (answerable) {
    right_refusals += verdict.abstained && !*answerable ? 1 : 0;
    wrong_refusals += verdict.abstained && *answerable ? 1 : 0;
    unfounded_answers += !verdict.abstained && !*answerable ? 1 : 0;
  }
  if (verdict.k_precision) {
    k_precision_sum += *verdict.k_precision;
    ++k_precision_answers;
  }
}

std::optional<double> FaithfulnessTotals::claim_rate() const {
  return share_of(unsupported_claims, checked_claims);
}

std::optional<double> FaithfulnessTotals::response_rate() const {
  return share_of(with_unsupported_claim, with_checked_claim);
}

std::optional<double> FaithfulnessTotals::k_precision() const {
  if (k_precision_answers == 0) return std::nullopt;
  return k_precision_sum / static_cast<double>(k_precision_answers);
}

std::optional<double> FaithfulnessTotals::answer_rate() const {
  return share_of(answers - abstained, answers);
}

}  // namespace attune::metrics
