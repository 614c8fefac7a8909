// The prompts of the arms of `attune tune`: the same for a model in this process and for one behind
// an endpoint.
//
// zero_shot: the base, told the contract in words. few_shot: the same with answered examples before
// the question, drawn from the training rows. tuned: the tuned model, with the row's own messages
// and nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/split.h"
#include "eval/arms.h"
#include "io/json.h"

namespace attune::cli {

struct ArmPlan {
  std::string name;
  bool tuned;
  bool instructed;
  std::vector<std::int64_t> shots;  // training rows shown first
};

// In the order of the report. `shots` examples are spread evenly over the training rows.
std::vector<ArmPlan> plan_arms(const data::Split& split, std::int64_t shots);

// `own` with the instruction in its system message and the answered examples before its question.
Json instructed_messages(const Json& own, std::span<const data::Example* const> shots,
                         const std::string& instruction);
// The row's messages before its last answer.
Json question_messages(const data::Example& example);
// What the user asked last.
std::string last_user_text(const data::Example& example);

// What an arm is asked for a row: messages without the row's last answer.
Json arm_messages(const ArmPlan& arm, const std::vector<data::Example>& examples,
                  const data::Example& example, const std::string& instruction);

// The held-out rows as items to score.
std::vector<eval::Item> test_items(const std::vector<data::Example>& examples,
                                   const data::Split& split);

// "  zero_shot: 40 answers in 3.1 s, prompts of about 120 tokens with 3 examples"
void print_arm(const ArmPlan& plan, const eval::ArmResult& result, double seconds);

}  // namespace attune::cli
