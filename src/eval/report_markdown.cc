// report.md: the tables and the verdict, for pull requests and wikis.
#include <fmt/format.h>

#include "eval/markdown.h"
#include "eval/measure_grid.h"
#include "eval/report.h"
#include "eval/words.h"

namespace attune::eval {

namespace {

std::string arms_table(const Comparison& comparison) {
  const bool failures = std::any_of(comparison.arms.begin(), comparison.arms.end(),
                                    [](const ArmSummary& arm) { return arm.failures > 0; });
  std::vector<std::string> head{"arm",         "format compliance", "domain accuracy",
                                "exact match", "latency",           "prompt tokens"};
  if (failures) head.emplace_back("without an answer");
  std::string out = markdown_head(head);
  for (const ArmSummary& arm : comparison.arms) {
    std::vector<std::string> cells{display_name(arm.name),
                                   percent_interval(arm.format_compliance),
                                   percent_interval(arm.domain_accuracy),
                                   percent_interval(arm.exact_match),
                                   arm.latency_ms.n > 0 ? milliseconds(arm.latency_ms.median) : "-",
                                   fmt::format("{:.0f}", arm.prompt_tokens)};
    if (failures) cells.push_back(std::to_string(arm.failures));
    out += markdown_row(cells);
  }
  return out;
}

std::string tests_table(const Comparison& comparison) {
  if (comparison.comparisons.empty()) return "";
  std::string out =
      markdown_head({"difference", "format compliance", "domain accuracy", "exact match"});
  for (const PairedComparison& pair : comparison.comparisons) {
    const auto rate = [](const RateComparison& rates) {
      return points_interval(rates.difference) + ", " + p_value(rates.p);
    };
    out += markdown_row({display_name(pair.subject) + " - " + display_name(pair.other),
                         rate(pair.format_compliance),
                         points_interval(pair.domain_accuracy_difference), rate(pair.exact_match)});
  }
  return out + "\n";
}

std::string measures_table_md(const Comparison& comparison) {
  const MeasureGrid grid = measure_grid(comparison);
  if (grid.rows.empty()) return "";
  std::string out = markdown_head(grid.head);
  for (const std::vector<std::string>& one : grid.rows) out += markdown_row(one);
  out += "\n";
  for (const std::string& note : grid.notes) out += "- " + markdown_text(note) + "\n";
  return out + (grid.notes.empty() ? "" : "\n");
}

}  // namespace

std::string report_markdown(const ReportInput& input) {
  const Comparison& comparison = input.comparison;
  std::string out = fmt::format("# {}\n\n**{}**\n\n", markdown_text(input.title),
                                markdown_text(input.verdict.headline));
  for (const std::string& reason : input.verdict.reasons)
    out += "- " + markdown_text(reason) + "\n";
  for (const Gate& gate : input.verdict.gates) {
    out += fmt::format("- required {} of {} ({}): measured {}, {}\n", markdown_text(gate.name),
                       percent(gate.required), markdown_text(display_name(gate.arm)),
                       percent_interval(gate.measured), gate_state_text(gate.state));
  }
  const std::string clusters = cluster_note(comparison);
  out += fmt::format(
      "\n{} held-out items, the same for every arm; 95 % intervals; {}domain accuracy by {}. "
      "Compliant means: {}.\n\n",
      comparison.n, clusters.empty() ? "" : markdown_text(clusters) + "; ",
      metric_name(comparison.metric), markdown_text(comparison.compliance_basis));
  std::string supplements;
  for (const Supplement& part : comparison.supplements) supplements += supplement_markdown(part);
  return out + arms_table(comparison) + "\n" + tests_table(comparison) +
         measures_table_md(comparison) + supplements + input.created + "\n";
}

}  // namespace attune::eval
