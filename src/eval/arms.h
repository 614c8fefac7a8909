// Arms: ways of answering the same items. An arm's answers are collected here, or come from batched
// generation elsewhere; compare() scores them side by side.
//
//   Arm zero_shot{"zero_shot", [&](const Item& item) { return generate(prompt_of(item)); }};
//   ATTUNE_TRY(ArmResult result, run_arm(zero_shot, items));
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/assertion.h"

namespace attune::eval {

// A held-out example.
struct Item {
  std::string id;
  std::string input;      // what the user asked, for people
  std::string reference;  // the answer wanted
  std::vector<Assertion> assertions = {};
};

struct Answer {
  std::string text;
  double latency_ms = 0;  // from prompt to the last token, answered alone; 0: not timed
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  double first_token_ms = 0;  // 0: not timed
  bool cut = false;           // by the limit of its length
  std::string failure = {};   // why there is no answer; it counts as a wrong one
};

struct ArmResult {
  std::string name;             // "zero_shot", "few_shot", "tuned"
  std::vector<Answer> answers;  // one for each item, in their order
};

struct Arm {
  std::string name;
  std::function<Result<Answer>(const Item&)> answer;
};

// Answers every item in order; `progress` hears how many are done. The first failure ends it.
Result<ArmResult> run_arm(const Arm& arm, const std::vector<Item>& items,
                          const std::function<void(std::int64_t)>& progress = {});

}  // namespace attune::eval
