// The user's answers: a small YAML or JSON file, and NAME=VALUE on the command line.
//
//   Answers answers;
//   ATTUNE_TRY_VOID(answers.read(document, "answers.yaml"));     // io/yaml.h reads both
//   ATTUNE_TRY_VOID(answers.set("rework=0.05..0.2"));
//   ATTUNE_TRY_VOID(answers.apply(today, inputs));
//
// A number may be one value, an interval [low, high] (its middle is the value) or [low, value,
// high]; a share may be written "15 %". The names are those of variable_specs() and choice_specs(),
// and these:
//
//   model          a model of the price list
//   base_retires   a date: base_days_left
//   rework_after   the share of outputs that is repaired after tuning: rework_cut
//   prompt_gains   points that each change of the prompt gained, in order: prompt is optimised when
//                  the last two are below 1
//   quality_gap    points that a tuned model gained, measured, as an interval: gap
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advise/variables.h"
#include "base/result.h"
#include "io/json.h"

namespace attune::advise {

class Answers {
 public:
  Result<void> read(const Json& document, const std::string& name);
  Result<void> set(const std::string& assignment);  // "name=value", "name=low..high"

  // Later answers win over earlier ones to the same question. What nobody gave follows the answers
  // to questions: retrieval ends little where no facts are missing, a grammar most faults where the
  // syntax alone is at fault.
  Result<void> apply(std::chrono::sys_days today, Inputs& inputs) const;
  // What is held against today's rework. A part of apply(); once more when a report changed that.
  Result<void> apply_rework_after(Inputs& inputs) const;
  std::optional<std::string> model() const;  // the last one that was given

 private:
  struct Answer {
    std::string where, name;
    Json value;
  };
  std::vector<Answer> answers_;
};

// Every input with its default and what it means, as YAML to fill in.
std::string answers_template();

}  // namespace attune::advise
