#include "eval/counted_measure.h"

#include <algorithm>
#include <map>

#include "stats/bootstrap_interval.h"
#include "stats/draws.h"

namespace attune::eval {

namespace {

constexpr std::int64_t kResamples = 2'000;

using Sums = std::vector<double>;

// What is drawn as a whole: an item, or the items of a cluster.
using Groups = std::vector<std::vector<std::size_t>>;

Groups groups_of(std::size_t items, const Intervals& intervals) {
  Groups groups;
  if (!intervals.clustered()) {
    for (std::size_t i = 0; i < items; ++i) groups.push_back({i});
    return groups;
  }
  std::map<std::int64_t, std::size_t> places;
  for (std::size_t i = 0; i < items; ++i) {
    const auto [place, is_new] = places.emplace(intervals.clusters()[i], groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(i);
  }
  return groups;
}

void add(const CountedMeasure& measure, const std::vector<std::size_t>& group, double sign,
         Sums& sums) {
  for (const std::size_t item : group) {
    for (const Count& count : measure.items[item]) sums[count.of] += sign * count.amount;
  }
}

Sums total_of(const CountedMeasure& measure) {
  Sums sums(measure.sums, 0.0);
  for (std::size_t i = 0; i < measure.items.size(); ++i) add(measure, {i}, 1, sums);
  return sums;
}

// The figure with its interval, from the figures of resampled groups and of all groups but one. No
// width where resampling shows none.
template <typename FigureOf>
stats::Estimate bootstrap(double value, const Groups& groups,
                          const stats::BootstrapOptions& options, FigureOf figure_without_or_of) {
  std::vector<double> without;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (const auto one = figure_without_or_of(&groups[g], nullptr)) without.push_back(*one);
  }
  std::vector<double> resampled;
  std::vector<std::size_t> drawn(groups.size());
  stats::Draws draws(options.seed, "counted measure");
  for (std::int64_t round = 0; round < std::min(kResamples, options.resamples); ++round) {
    for (std::size_t& one : drawn) one = draws.below(groups.size());
    if (const auto one = figure_without_or_of(nullptr, &drawn)) resampled.push_back(*one);
  }
  std::sort(resampled.begin(), resampled.end());
  if (resampled.size() < 2 || resampled.front() == resampled.back()) return {value, value, value};
  return stats::bca_interval(value, resampled, stats::jackknife_acceleration(without),
                             options.confidence);
}

}  // namespace

std::optional<double> ratio_figure(std::span<const double> sums) {
  if (sums[1] <= 0) return std::nullopt;
  return sums[0] / sums[1];
}

std::optional<double> figure_of(const CountedMeasure& measure, std::size_t item) {
  if (!measure.of_one_item || measure.items[item].empty()) return std::nullopt;
  Sums sums(measure.sums, 0.0);
  add(measure, {item}, 1, sums);
  return measure.item_figure ? measure.item_figure(sums) : measure.figure(sums);
}

std::optional<MeasureSummary> summarise(const CountedMeasure& measure, const Intervals& intervals) {
  const Sums total = total_of(measure);
  const auto applies = std::count_if(measure.items.begin(), measure.items.end(),
                                     [](const Counts& counts) { return !counts.empty(); });
  const std::optional<double> value =
      applies == 0 ? std::nullopt : std::optional<double>(measure.figure(total));
  if (!value) return std::nullopt;
  const Groups groups = groups_of(measure.items.size(), intervals);
  stats::Estimate estimate = bootstrap(
      *value, groups, intervals.bootstrap(),
      [&](const std::vector<std::size_t>* left_out, const std::vector<std::size_t>* drawn) {
        Sums sums = drawn == nullptr ? total : Sums(measure.sums, 0.0);
        if (left_out != nullptr) add(measure, *left_out, -1, sums);
        if (drawn != nullptr) {
          for (const std::size_t group : *drawn) add(measure, groups[group], 1, sums);
        }
        return measure.figure(sums);
      });
  if (measure.bounded &&
      estimate.low == estimate.high) {  // all items alike: as wide as so few draws leave it
    const auto n = std::count_if(groups.begin(), groups.end(), [&](const auto& group) {
      return std::any_of(group.begin(), group.end(),
                         [&](std::size_t item) { return !measure.items[item].empty(); });
    });
    const double range = 1 - measure.least;
    const stats::Estimate wide = stats::wilson(
        std::clamp((*value - measure.least) / range, 0.0, 1.0) * static_cast<double>(n), n);
    estimate = {*value, measure.least + range * wide.low, measure.least + range * wide.high};
  }
  return MeasureSummary{.name = measure.name,
                        .words = measure.words,
                        .signature = measure.signature,
                        .lower_is_better = measure.lower_is_better,
                        .items = applies,
                        .value = estimate};
}

std::optional<stats::Estimate> measure_difference(const CountedMeasure& first,
                                                  const CountedMeasure& second,
                                                  const Intervals& intervals) {
  const Sums first_total = total_of(first), second_total = total_of(second);
  const auto difference = [&](const Sums& one, const Sums& two) -> std::optional<double> {
    const std::optional<double> a = first.figure(one), b = second.figure(two);
    if (!a || !b) return std::nullopt;
    return *a - *b;
  };
  const std::optional<double> value = difference(first_total, second_total);
  if (!value) return std::nullopt;
  const Groups groups = groups_of(first.items.size(), intervals);
  return bootstrap(
      *value, groups, intervals.bootstrap(),
      [&](const std::vector<std::size_t>* left_out, const std::vector<std::size_t>* drawn) {
        Sums one = drawn == nullptr ? first_total : Sums(first.sums, 0.0);
        Sums two = drawn == nullptr ? second_total : Sums(second.sums, 0.0);
        if (left_out != nullptr) {
          add(first, *left_out, -1, one);
          add(second, *left_out, -1, two);
        }
        if (drawn != nullptr) {
          for (const std::size_t group : *drawn) {
            add(first, groups[group], 1, one);
            add(second, groups[group], 1, two);
          }
        }
        return difference(one, two);
      });
}

}  // namespace attune::eval
