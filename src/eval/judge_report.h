// What the judge of a run found: a figure for each arm, how far the judge can be trusted, and the
// figure that people would have given, with the judge's error in its interval (judge_error.h).
//
//   const JudgeReport report = judge_report(record.items, record.arms, subject, *record.judge);
//   comparison.supplements.push_back(judge_supplement(report));
//
// Without labels a figure is "uncalibrated": it is shown and decides nothing. To decide, a judge
// needs kLabelsToDecide labels and to be better than chance on them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/arms.h"
#include "eval/intervals.h"
#include "eval/judge.h"
#include "eval/judge_error.h"
#include "eval/supplement.h"

namespace attune::eval {

inline constexpr std::int64_t kLabelsToDecide = 50;

// An answer, or a pair of them, that people judged as well.
struct JudgedLabel {
  std::string id;
  double label = 0;  // as a judgement: 1 pass, the share of the scale, the share of the first
  JudgeCase judged = {};
  std::vector<Json> replies = {};
};

// What a run keeps of its judge besides Answer::judge.
struct JudgeRecord {
  JudgePlan plan;
  std::vector<JudgedLabel> labels = {};
};
Json to_json(const JudgeRecord& record);
Result<JudgeRecord> judge_record_from_json(const Json& json, const std::string& where);

struct JudgeCounts {
  std::int64_t asked = 0, unreadable = 0, failed = 0, order_flips = 0;
};

struct JudgedArm {
  std::string name;            // in pairwise mode: the arm that the subject was held against
  std::int64_t n = 0;          // items with a judgement; without an answer: the worst one
  std::int64_t undecided = 0;  // items without
  stats::Estimate rate;        // as the judge says; in pairwise mode the share of the subject
  std::optional<stats::Estimate> corrected = {};
  std::int64_t wins = 0, ties = 0, losses = 0;  // of the subject
  double p = 1;                                 // exact sign test of wins against losses
  JudgeCounts counts = {};
  std::optional<double> agreement = {};  // of the repeats, mean over items
};

struct JudgeCalibration {
  std::int64_t n = 0, undecided = 0;
  JudgeError error = {};  // pass
  std::optional<stats::Estimate> sensitivity = {}, specificity = {};
  std::optional<stats::Estimate> kappa = {};      // pass and pairwise
  std::optional<stats::Estimate> agreement = {};  // share of equal verdicts
  std::optional<double> alpha = {};               // score: Krippendorff's, of intervals
  std::vector<double> errors = {};                // score and pairwise: label - judge
  JudgeCounts counts = {};
};

struct JudgeDifference {
  std::string other;
  stats::Estimate rate;  // subject - other, as the judge says
  std::optional<stats::Estimate> corrected = {};
};

struct JudgeReport {
  JudgePlan plan;
  std::string subject;
  std::vector<JudgedArm> arms = {};               // empty without a rubric of the suite
  std::vector<JudgeDifference> differences = {};  // not in pairwise mode
  std::optional<JudgeCalibration> calibration = {};
  JudgeCounts rubrics = {};  // of llm-rubric assertions

  // Whether its figures may decide anything; else why not.
  bool may_decide() const { return doubt().empty(); }
  std::string doubt() const;
};

JudgeReport judge_report(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                         const std::string& subject, const JudgeRecord& record,
                         const Intervals& intervals);
Supplement judge_supplement(const JudgeReport& report);

// The judgement of one item of an arm: 0 where there is no answer; in pairwise mode of the subject
// against it.
Judgement item_judgement(const JudgePlan& plan, const Answer& answer, const Answer& of_subject);

}  // namespace attune::eval
