// The evidence of a run as files: report.json for programs (docs/report.md) and report.html for
// people, one page without outside parts.
//
//   ATTUNE_TRY_VOID(write_report(out_folder, {.title = "Tickets", .created =
//   "2026-03-01T12:00:00Z",
//                                             .comparison = comparison, .verdict = verdict}));
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/compare.h"
#include "eval/svg_plot.h"
#include "eval/verdict.h"
#include "io/json.h"

namespace attune::eval {

struct TrainingRecord {
  std::vector<CurvePoint> loss;             // by step
  std::vector<CurvePoint> validation_loss;  // by step
  Json facts = Json::object();              // "steps", "seconds", "learning_rate", ...: as they are
};

struct ReportInput {
  std::string title;
  std::string created;  // UTC, "2026-03-01T12:00:00Z"
  Comparison comparison;
  Verdict verdict;
  TrainingRecord training = {};
  Json data = Json::object();   // the data report
  Json model = Json::object();  // name, parameters, adapter, ...
};

inline constexpr int kReportVersion = 1;

Json report_json(const ReportInput& input);
std::string report_html(const ReportInput& input);
std::string report_markdown(const ReportInput& input);
// `items` are those of the comparison, in its order.
std::string report_junit(const ReportInput& input, const std::vector<Item>& items);

// report.json and report.html in `folder`, each written whole or not at all.
Result<void> write_report(const std::filesystem::path& folder, const ReportInput& input);

}  // namespace attune::eval
