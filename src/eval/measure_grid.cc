#include "eval/measure_grid.h"

#include <algorithm>

#include <fmt/format.h>

namespace attune::eval {

namespace {

// "0.532 [0.501, 0.563]", with the number of items where it is not about all.
std::string number_interval(const MeasureSummary& measure, std::int64_t items) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]{}", measure.value.value, measure.value.low,
                     measure.value.high,
                     measure.items < items ? fmt::format(" of {}", measure.items) : "");
}

std::string gain_interval(const stats::Estimate& estimate) {
  return fmt::format("{:+.3f} [{:+.3f}, {:+.3f}]", estimate.value, estimate.low, estimate.high);
}

template <typename List>
auto find_measure(const List& measures, const std::string& name) {
  return std::find_if(measures.begin(), measures.end(),
                      [&](const auto& one) { return one.name == name; });
}

// Of all arms, in the order in which they first occur.
std::vector<const MeasureSummary*> known_measures(const Comparison& comparison) {
  std::vector<const MeasureSummary*> known;
  for (const ArmSummary& arm : comparison.arms) {
    for (const MeasureSummary& measure : arm.measures) {
      const bool seen = std::any_of(known.begin(), known.end(),
                                    [&](const auto* one) { return one->name == measure.name; });
      if (!seen) known.push_back(&measure);
    }
  }
  return known;
}

}  // namespace

MeasureGrid measure_grid(const Comparison& comparison) {
  MeasureGrid grid;
  grid.head.emplace_back("measure");
  for (const ArmSummary& arm : comparison.arms) grid.head.push_back(display_name(arm.name));
  for (const PairedComparison& pair : comparison.comparisons)
    grid.head.push_back(display_name(pair.subject) + " - " + display_name(pair.other));
  for (const MeasureSummary* measure : known_measures(comparison)) {
    std::vector<std::string>& row = grid.rows.emplace_back();
    row.push_back(measure->words);
    for (const ArmSummary& arm : comparison.arms) {
      const auto found = find_measure(arm.measures, measure->name);
      row.push_back(found == arm.measures.end() ? "-" : number_interval(*found, comparison.n));
    }
    for (const PairedComparison& pair : comparison.comparisons) {
      const auto found = find_measure(pair.measures, measure->name);
      row.push_back(found == pair.measures.end() ? "-" : gain_interval(found->difference));
    }
    if (!measure->signature.empty())
      grid.notes.push_back(measure->words + ": " + measure->signature);
    if (measure->lower_is_better) grid.notes.push_back(measure->words + ": lower is better");
  }
  return grid;
}

std::string cluster_note(const Comparison& comparison) {
  if (!comparison.clusters) return "";
  return fmt::format("intervals draw the {} groups of {} whole", comparison.clusters->n,
                     comparison.clusters->field.empty() ? "items" : comparison.clusters->field);
}

}  // namespace attune::eval
