#include "advise/knowledge.h"

#include <algorithm>

#include "data/answer_facts.h"

namespace attune::advise {

namespace {

using data::Fact;

// Values of JSON are no sentences: their capital letters make no names, and schemas no facts.
bool is_json(std::string_view answer) {
  const std::size_t first = answer.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (answer[first] == '{' || answer[first] == '[');
}

// In headlines, and in languages that capitalise nouns, names are as good as every word.
bool is_full_of_names(const std::vector<Fact>& facts, std::string_view answer) {
  const auto names = std::count_if(facts.begin(), facts.end(),
                                   [](const Fact& fact) { return fact.kind == Fact::Kind::name; });
  const auto words = std::count(answer.begin(), answer.end(), ' ') + 1;
  return names > 6 && names * 4 > words;
}

std::uint64_t hash_of(std::string_view text) {  // FNV-1a
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

}  // namespace

bool Knowledge::asks_for_retrieval() const {
  return answers >= kFewestAnswers && own_share.value >= kShare && own_share.low > 0.1;
}

void KnowledgeScan::add(std::string_view prompt, std::string_view answer) {
  constexpr std::size_t kMostFacts = 40;
  if (answers_ >= kMostAnswers) return;
  ++answers_;
  std::vector<Fact> facts = data::facts_of(answer);
  const bool json = is_json(answer);
  if (json) std::erase_if(facts, [](const Fact& fact) { return fact.kind == Fact::Kind::name; });
  if (facts.empty() || is_full_of_names(facts, answer)) return;
  ++with_facts_;
  facts.resize(std::min(facts.size(), kMostFacts));
  data::KnownFacts known;
  known.add(prompt);
  const bool reckons = known.numbers() > 1 || answer.find('=') != std::string_view::npos;
  std::vector<Missing> here;
  for (const Fact& fact : facts) {
    // A bare number in prose counts or orders; in JSON its key says what it measures.
    const bool bare = fact.shown.size() == fact.text.size() && !json;
    if (fact.kind == Fact::Kind::number && (reckons || bare)) continue;
    if (known.says(fact)) continue;
    const std::uint64_t hash = hash_of(fact.shown);
    if (std::any_of(here.begin(), here.end(), [&](const Missing& m) { return m.hash == hash; }))
      continue;
    here.push_back({.hash = hash, .shown = std::string(fact.shown)});
    ++answers_with_[hash];
  }
  if (!here.empty()) missing_.push_back(std::move(here));
}

Knowledge KnowledgeScan::finish() const {
  constexpr std::size_t kSamples = 3;
  Knowledge found;
  found.answers = answers_;
  found.with_facts = with_facts_;
  for (const std::vector<Missing>& facts : missing_) {
    const auto own = std::find_if(facts.begin(), facts.end(), [&](const Missing& fact) {
      return answers_with_.at(fact.hash) == 1;
    });
    if (own == facts.end()) continue;
    ++found.own;
    if (found.samples.size() < kSamples) found.samples.push_back(own->shown);
  }
  found.own_share = stats::wilson(static_cast<double>(found.own), found.answers);
  return found;
}

}  // namespace attune::advise
