// Do answers hold facts that their prompts do not? Then a model tuned on them would have to learn
// the facts by heart, and retrieval is the better tool.
//
//   KnowledgeScan scan;
//   for (...) scan.add(prompt, answer);
//   const Knowledge found = scan.finish();
//   if (found.asks_for_retrieval()) ...
//
// Hard facts are those of data/answer_facts.h: numbers with what they measure, dates, names, codes.
// A fact of an answer is its own where its prompt does not say it and no other answer has it: what
// recurs ("30 days" in every refund answer) is form and can be learned. Results that were computed
// from the question are no facts, so a number counts only where the prompt holds at most one. The
// same rule, for training files alone, is finding D039 of `attune data check`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stats/statistics.h"

namespace attune::advise {

struct Knowledge {
  std::int64_t answers = 0;
  std::int64_t with_facts = 0;       // with any hard fact, in the prompt or not
  std::int64_t own = 0;              // with a fact of their own
  stats::Estimate own_share;         // Wilson, 95 %
  std::vector<std::string> samples;  // some of those facts

  static constexpr std::int64_t kFewestAnswers = 30;
  static constexpr double kShare = 0.25;
  // At least a quarter of at least 30 answers, and more than a tenth beyond chance.
  bool asks_for_retrieval() const;
};

class KnowledgeScan {
 public:
  static constexpr std::int64_t kMostAnswers = 5000;  // later ones are not looked at

  void add(std::string_view prompt, std::string_view answer);
  Knowledge finish() const;

 private:
  std::int64_t answers_ = 0;
  std::int64_t with_facts_ = 0;
  struct Missing {
    std::uint64_t hash = 0;
    std::string shown;
  };
  std::vector<std::vector<Missing>> missing_;  // facts that the own prompt lacks, an answer
  std::unordered_map<std::uint64_t, std::int64_t> answers_with_;
};

}  // namespace attune::advise
