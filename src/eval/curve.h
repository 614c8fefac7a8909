// The learning curve of a data set: runs on nested subsets, the laws through them, and what they
// say about more examples.
//
//   curve.jsonl   one line a run: {"rule":"epochs","examples":100,"subset":1,"seed":2,"steps":104,
//                 "seconds":31.2,"format_compliance":0.94,"domain_accuracy":0.87,"errors":[0,0.25]}
//
//   ATTUNE_TRY(const CurveReport report, report_curve(runs, {0.9, 0.95}));
//   print(curve_text(report)); write(curve_html(report, title, created));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "stats/learning_curve.h"

namespace attune::eval {

// One training run, scored on the held-out items.
struct CurveRun {
  std::string rule;           // "epochs": the same passes at each size; "steps": the same steps
  std::int64_t examples = 0;  // 0: the base, told the contract in words
  std::int64_t subset = 0;    // which order of the training rows the subsets are cut from
  std::int64_t seed = 0;      // of the training
  std::int64_t steps = 0;
  double seconds = 0;
  double format_compliance = 0;
  double domain_accuracy = 0;
  std::vector<double> errors;  // 1 - accuracy of each item
};

Json to_json(const CurveRun& run);
Result<CurveRun> curve_run_from_json(const Json& json, std::string_view where);

struct CurveSize {
  std::int64_t examples = 0;
  std::int64_t runs = 0;
  double format_compliance = 0;  // means over the runs
  double domain_accuracy = 0;
  double lowest = 0, highest = 0;  // domain accuracy of single runs
  stats::Estimate fitted;          // domain accuracy by the curve
};

struct CurveTarget {
  double score = 0;
  stats::ExamplesFor answer;
};

// The curve of one rule.
struct RuleCurve {
  std::string rule;
  std::vector<CurveSize> sizes;
  stats::LearningCurve curve;
  stats::Estimate limit;  // the score that no number of examples gets past
  std::vector<CurveTarget> targets;
  stats::StopRule stop;
  stats::Equivalence plateau;  // the two largest sizes on the same items, within 2 points
};

struct CurveReport {
  std::vector<RuleCurve> rules;
};

// Refused: what stats::fit_learning_curve refuses (fewer than three sizes, ...).
Result<CurveReport> report_curve(const std::vector<CurveRun>& runs,
                                 const std::vector<double>& targets);

std::string curve_text(const CurveReport& report);
Json curve_json(const CurveReport& report);
std::string curve_html(const CurveReport& report, const std::string& title,
                       const std::string& created);

}  // namespace attune::eval
