// A model that judges answers by a rubric: what it is asked, and how its replies are read.
//
//   const Json messages = judge_messages(plan, plan.rubric, {.question = ..., .answers = {text}});
//   const std::optional<double> value = read_judgement(plan.mode, plan, reply);   // nothing:
//   unreadable
//
//   pass       "VERDICT: PASS" or "VERDICT: FAIL"                 1 or 0
//   score      "SCORE: 4" on the plan's scale                     (4 - least) / (most - least)
//   pairwise   "BETTER: A", "BETTER: B" or "BETTER: TIE"          1, 0 or 1/2: the share of A
//
// A reply is read only when it says one thing: a line as above, a JSON object with "pass", "score"
// or "better", or nothing but the word. Two lines that differ, a number off the scale and anything
// else are unreadable; they are counted and never guessed at. An answer that says "VERDICT: PASS"
// itself changes nothing: only the judge's words are read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "eval/suite_extras.h"
#include "io/json.h"

namespace attune::eval {

enum class JudgeMode { pass, score, pairwise };
inline constexpr std::array kJudgeModes = {
    std::pair{JudgeMode::pass, std::string_view("pass")},
    std::pair{JudgeMode::score, std::string_view("score")},
    std::pair{JudgeMode::pairwise, std::string_view("pairwise")},
};

struct JudgePlan {
  std::string model;  // a folder or a name; empty: there is no judge
  std::string endpoint = {};
  std::string rubric = {};  // empty: only the rubrics of assertions are judged
  std::string labels = {};  // JSONL of what people said
  JudgeMode mode = JudgeMode::pass;
  std::int64_t repeats = 1;  // each question asked so often
  double temperature = 0;    // of several repeats 0.7, as a greedy judge repeats itself
  std::int64_t most_tokens = 512;
  double least = 1, most = 5;  // the scale of mode score
  ArmPrice price = {};
  explicit operator bool() const { return !model.empty(); }
};

// Refused: unknown keys, no model, a rubric or scale that says nothing, greedy repeats.
Result<JudgePlan> read_judge_plan(const Json& document, const std::string& where);
Json to_json(const JudgePlan& plan);  // what read_judge_plan reads
std::string_view judge_mode_name(JudgeMode mode);

struct JudgeCase {
  std::string question;
  std::string reference = {};             // empty: none is shown
  std::vector<std::string> answers = {};  // one; two for pairwise, the first is A
};
Json judge_messages(const JudgePlan& plan, const std::string& rubric, const JudgeCase& one);

std::optional<double> read_judgement(const JudgePlan& plan, std::string_view reply);

// All that the judge said of one answer, or of one pair.
struct Judgement {
  std::optional<double> value = {};  // in [0, 1]; nothing: it could not decide
  std::int64_t asked = 0;
  std::int64_t unreadable = 0;   // replies without one verdict
  std::int64_t failed = 0;       // no reply
  std::int64_t order_flips = 0;  // pairs of replies in which the place decided, not the answer
  std::optional<double> agreement = {};  // share of pairs of repeats that say the same
};

// `replies` as Answer::judge has them, {"text"} or {"failure"}, in the order of the repeats; in
// pairwise mode each repeat has two, with the first answer as A and as B. pass: the majority of the
// repeats, score: their mean, pairwise: the majority of repeats, each of which is a tie unless both
// orders agree. An even split decides nothing (pass) or is a tie (pairwise).
Judgement judgement_of(const JudgePlan& plan, const std::vector<Json>& replies);

}  // namespace attune::eval
