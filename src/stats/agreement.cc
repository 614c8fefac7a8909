#include "stats/agreement.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <utility>

namespace attune::stats {

namespace {

// Disagreement summed over all ordered pairs of different members: 2 (m sum x^2 - (sum x)^2) for
// squared differences, m^2 - sum of squared category counts for categories.
double disagreement(const std::vector<double>& values, RatingScale scale) {
  const double m = static_cast<double>(values.size());
  if (scale == RatingScale::interval) {
    const double centre = mean(values);
    double squares = 0;
    for (const double value : values) squares += (value - centre) * (value - centre);
    return 2 * m * squares;
  }
  std::map<double, double> counts;
  for (const double value : values) ++counts[value];
  double same = 0;
  for (const auto& [value, count] : counts) same += count * count;
  return m * m - same;
}

}  // namespace

std::optional<double> krippendorff_alpha(const Ratings& ratings, RatingScale scale) {
  std::size_t units = 0;
  for (const auto& rater : ratings) units = std::max(units, rater.size());
  std::vector<double> pairable;
  double observed = 0;
  for (std::size_t unit = 0; unit < units; ++unit) {
    std::vector<double> values;
    for (const auto& rater : ratings) {
      if (unit < rater.size() && rater[unit]) values.push_back(*rater[unit]);
    }
    if (values.size() < 2) continue;  // nothing to compare
    observed += disagreement(values, scale) / (static_cast<double>(values.size()) - 1);
    pairable.insert(pairable.end(), values.begin(), values.end());
  }
  // All equal: rounding would be divided by rounding.
  if (std::adjacent_find(pairable.begin(), pairable.end(), std::not_equal_to<>()) == pairable.end())
    return std::nullopt;
  const double expected = disagreement(pairable, scale);
  if (!(expected > 0)) return std::nullopt;
  return 1 - (static_cast<double>(pairable.size()) - 1) * observed / expected;
}

std::optional<Estimate> cohen_kappa(std::span<const std::int64_t> first,
                                    std::span<const std::int64_t> second, double confidence) {
  const std::size_t items = std::min(first.size(), second.size());
  std::map<std::pair<std::int64_t, std::int64_t>, double> cells;
  std::map<std::int64_t, double> rows;
  std::map<std::int64_t, double> columns;
  if (items == 0) return std::nullopt;
  const double n = static_cast<double>(items);
  for (std::size_t i = 0; i < items; ++i) {
    cells[{first[i], second[i]}] += 1 / n;
    rows[first[i]] += 1 / n;
    columns[second[i]] += 1 / n;
  }
  double agreed = 0;
  double by_chance = 0;
  for (const auto& [cell, share] : cells) agreed += cell.first == cell.second ? share : 0;
  for (const auto& [label, share] : rows)
    by_chance += columns.contains(label) ? share * columns[label] : 0;
  if (!(by_chance < 1 - 1e-12)) return std::nullopt;

  const double kappa = (agreed - by_chance) / (1 - by_chance);
  double sum = 0;
  for (const auto& [cell, share] : cells) {
    // The margins the other way round: how often the first rater gives the second's label.
    const double margins = rows[cell.second] + columns[cell.first];
    const double factor = cell.first == cell.second
                              ? 1 - (rows[cell.first] + columns[cell.first]) * (1 - kappa)
                              : margins * (1 - kappa);
    sum += share * factor * factor;
  }
  const double shift = kappa - by_chance * (1 - kappa);
  const double variance =
      std::max(0.0, sum - shift * shift) / (n * (1 - by_chance) * (1 - by_chance));
  const double reach = normal_quantile(0.5 + confidence / 2) * std::sqrt(variance);
  return Estimate{kappa, kappa - reach, kappa + reach};
}

}  // namespace attune::stats
