// report.json of `attune tune` (docs/report.md) as evidence: whether tuning gains anything, and
// what it ends of the faults.
//
//   ATTUNE_TRY(const Json document, read_json("out/report.json"));
//   ATTUNE_TRY(const ReportEvidence evidence, apply_report(document, "out/report.json", inputs));
//
// What is taken from it:
//
//   gap             the report's decision: fine-tune -> proven, prompting is enough -> none,
//                   inconclusive -> open, do not fine-tune -> harmful where a measure got worse,
//                   else none
//   prompt          optimised, where a few-shot arm was run
//   prompt_saved    the tuned arm's prompt tokens against those of today (given, or from a log),
//   else
//                   of the best prompting arm, whose prompt_tokens then are today's
//   output_tokens   of the tuned arm
//   rework          faults of the best prompting arm, unless the share of today was given
//   rework_cut      1 - faults of the tuned arm / rework
//   training_hours  as long as the run took
//
// Faults are 1 - domain accuracy; their ends are the least and the most of 1 - format compliance,
// 1 - domain accuracy and 1 - exact match: the report does not know which fault a person repairs.
#pragma once

#include <string>
#include <vector>

#include "advise/variables.h"
#include "io/json.h"

namespace attune::advise {

struct ReportEvidence {
  std::string name;        // of the file
  std::int64_t items = 0;  // held-out
  std::string decision;    // as the report words it
  std::string headline;    // and its reasons
  std::vector<std::string> reasons;
  std::string prompting_arm;  // the best one
};

Result<ReportEvidence> apply_report(const Json& report, const std::string& name, Inputs& inputs);

}  // namespace attune::advise
