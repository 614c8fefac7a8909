#include "data/check_facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include <fmt/format.h>
#include <xxhash.h>

#include "data/clean_text.h"

namespace attune::data {

namespace {

// Shorter than a sentence is no document.
constexpr std::size_t kShortestDocument = 80;

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

constexpr std::array<std::string_view, 15> kDocumentWords = {
    "contexts", "context",  "documents", "document",       "passages",
    "passage",  "articles", "article",   "reference",      "excerpts",
    "excerpt",  "dokument", "kontext",   "search results", "contexte"};

// "Context:", "Document 2:", "CONTEXT (from the manual):"; where a mark stands before the word also
// "context>", "Document 2]" and a line of its own.
bool is_heading(std::string_view line, bool marked) {
  line = line.substr(0, line.find('\n'));
  for (const std::string_view word : kDocumentWords) {
    if (!starts_with_word(line, word)) continue;
    std::string_view rest = line.substr(word.size());
    const auto pass = [&](std::string_view what) {
      rest.remove_prefix(std::min(rest.find_first_not_of(what), rest.size()));
    };
    pass(" #");
    pass("0123456789");
    pass(" ");
    if (rest.starts_with('(')) rest.remove_prefix(std::min(rest.find(')'), rest.size() - 1) + 1);
    pass(" *_");
    if (rest.starts_with(':')) return true;
    if (marked && (rest.empty() || rest.starts_with('>') || rest.starts_with(']'))) return true;
  }
  return false;
}

// The texts of a message, whether it has one or several.
template <typename Visit>
void for_each_text(JsonRef message, const Visit& visit) {
  const JsonRef content = message.find("content");
  if (content.is_string()) visit(content.string());
  for (JsonRef part = content.is_array() ? content.first() : JsonRef(); part.exists();
       part = part.next())
    visit(part.find("text").string());
}

// What stands before the last answer.
template <typename Visit>
void for_each_prompt_text(JsonRef messages, const ConversationView& view, const Visit& visit) {
  for (JsonRef message = messages.is_array() ? messages.first() : JsonRef(); message.exists();
       message = message.next()) {
    if (message.find("content") == view.answer_at) continue;
    for_each_text(message, visit);
  }
}

// Of these, names are as good as every word: headlines, and languages that capitalise nouns.
bool is_full_of_names(const std::vector<Fact>& facts, std::string_view answer) {
  const auto names = std::count_if(facts.begin(), facts.end(),
                                   [](const Fact& fact) { return fact.kind == Fact::Kind::name; });
  const auto words = std::count(answer.begin(), answer.end(), ' ') + 1;
  return names > 6 && names * 4 > words;
}

std::string listed(const std::vector<Fact>& facts) {
  constexpr std::size_t kMostNamed = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(facts.size(), kMostNamed); ++i)
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", quote_for_message(facts[i].shown, 40));
  if (facts.size() > kMostNamed) text += fmt::format(" and {} more", facts.size() - kMostNamed);
  return text;
}

}  // namespace

bool has_document_heading(std::string_view text) {
  for (std::size_t at = 0; at + kShortestDocument < text.size();) {
    const std::string_view rest = text.substr(at);
    const std::size_t marks = rest.find_first_not_of(" \t#*<[>");
    if (marks != std::string_view::npos && marks < 8 && rest.size() >= marks + kShortestDocument &&
        is_heading(rest.substr(marks, 60), marks > 0))
      return true;
    const std::size_t line_end = rest.find('\n');
    if (line_end == std::string_view::npos) return false;
    at += line_end + 1;
  }
  return false;
}

bool is_document_column(std::string_view name) {
  return std::any_of(kDocumentWords.begin(), kDocumentWords.end(), [&](std::string_view word) {
    return name.size() == word.size() && starts_with_word(name, word);
  });
}

void FactCheck::add(JsonRef messages, const ConversationView& view, bool has_document,
                    RowReporter& reporter) {
  if (!view.answer_at.is_string() || view.has_tool_calls || is_blank(view.answer)) return;
  for_each_prompt_text(messages, view, [&](std::string_view text) {
    has_document = has_document || has_document_heading(text);
  });
  if (!has_document && rows_ >= kMostRows) return;
  if (!has_document) ++rows_;
  const bool json =
      view.answer.find_first_not_of(" \t\r\n") != std::string_view::npos &&
      std::string_view("{[").find(view.answer[view.answer.find_first_not_of(" \t\r\n")]) !=
          std::string_view::npos;
  std::vector<Fact> facts = facts_of(view.answer);
  // What a schema names is no name.
  if (json) std::erase_if(facts, [](const Fact& fact) { return fact.kind != Fact::Kind::number; });
  if (facts.empty() || is_full_of_names(facts, view.answer)) return;
  // Each is looked for in the whole prompt.
  constexpr std::size_t kMostFacts = 40;
  facts.resize(std::min(facts.size(), kMostFacts));
  KnownFacts known;
  for_each_prompt_text(messages, view, [&](std::string_view text) { known.add(text); });
  std::set<std::string_view> seen;
  std::erase_if(
      facts, [&](const Fact& fact) { return known.says(fact) || !seen.insert(fact.text).second; });
  if (facts.empty()) return;
  if (!has_document) return json ? void() : remember(facts, known, view.answer, reporter.row());
  reporter.add_inside(
      "D038", Severity::warning, view.answer_at, facts[0].begin,
      {.found = fmt::format("{} {} not occur in the document that the prompt supplies",
                            listed(facts), facts.size() == 1 ? "does" : "do"),
       .wanted = "answers that say what the document says: this teaches to invent",
       .fix = "put the fact into the document, or take it out of the answer"});
}

// Results that were computed from the question are no knowledge: numbers count where nothing is
// reckoned, and with what they measure.
void FactCheck::remember(const std::vector<Fact>& missing, const KnownFacts& known,
                         std::string_view answer, const CheckedRow& row) {
  const bool reckons = known.numbers() > 1 || answer.find('=') != std::string_view::npos;
  Row here{.line = row.line, .id = row.id, .sample = {}, .facts = {}};
  for (const Fact& fact : missing) {
    if (fact.kind == Fact::Kind::number && (reckons || fact.shown.size() == fact.text.size()))
      continue;
    const std::uint64_t hash = XXH3_64bits(fact.shown.data(), fact.shown.size());
    if (std::find(here.facts.begin(), here.facts.end(), hash) != here.facts.end()) continue;
    here.facts.push_back(hash);
    ++counts_[hash];
    if (here.sample.empty()) here.sample = fact.shown;
  }
  if (!here.facts.empty()) with_facts_.push_back(std::move(here));
}

std::vector<Finding> FactCheck::finish(std::string_view source) const {
  constexpr std::int64_t kFewestRows = 30;
  constexpr double kShare = 0.5;
  if (rows_ < kFewestRows) return {};
  std::int64_t alone = 0;
  const Row* first = nullptr;
  for (const Row& row : with_facts_) {
    const bool own = std::any_of(row.facts.begin(), row.facts.end(),
                                 [&](std::uint64_t fact) { return counts_.at(fact) == 1; });
    if (own && alone++ == 0) first = &row;
  }
  if (static_cast<double>(alone) < kShare * static_cast<double>(rows_)) return {};
  Finding finding = file_finding(
      "D039", Severity::warning, source, {.line = first->line, .column = 1},
      {.found = fmt::format("{:.0f} % of {} answers hold names or numbers that neither their "
                            "question nor another row has, such as \"{}\": this looks like facts "
                            "to be learned by heart",
                            100.0 * static_cast<double>(alone) / static_cast<double>(rows_), rows_,
                            quote_for_message(first->sample, 40)),
       .wanted = "examples of how to answer; facts in the prompt",
       .fix = "keep the facts in documents and look them up (retrieval): training teaches form "
              "far better than facts"});
  finding.row = first->id;
  return {finding};
}

}  // namespace attune::data
