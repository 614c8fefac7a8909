#include "stats/bootstrap_interval.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace attune::stats {

double sorted_quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  const double place = std::clamp(q, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

double jackknife_acceleration(std::span<const double> jackknife_values) {
  const double centre = mean(jackknife_values);
  double squares = 0;
  double cubes = 0;
  for (const double value : jackknife_values) {
    const double deviation = centre - value;
    squares += deviation * deviation;
    cubes += deviation * deviation * deviation;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

double bias_correction(double estimate, const std::vector<double>& sorted_resampled) {
  const auto begin = sorted_resampled.begin();
  const auto end = sorted_resampled.end();
  const double below = static_cast<double>(std::lower_bound(begin, end, estimate) - begin);
  const double not_above = static_cast<double>(std::upper_bound(begin, end, estimate) - begin);
  const double total = static_cast<double>(sorted_resampled.size());
  return normal_quantile(
      std::clamp((below + not_above) / (2 * total), 0.5 / total, 1 - 0.5 / total));
}

Estimate bca_interval(double estimate, const std::vector<double>& sorted_resampled,
                      double acceleration, double confidence) {
  const double bias = bias_correction(estimate, sorted_resampled);
  const auto limit = [&](double p) {
    const double z = bias + normal_quantile(p);
    return sorted_quantile(sorted_resampled, normal_cdf(bias + z / (1 - acceleration * z)));
  };
  const double tail = (1 - confidence) / 2;
  return {estimate, limit(tail), limit(1 - tail)};
}

Estimate percentile_interval(double estimate, const std::vector<double>& sorted_resampled,
                             double confidence) {
  const double tail = (1 - confidence) / 2;
  return {estimate, sorted_quantile(sorted_resampled, tail),
          sorted_quantile(sorted_resampled, 1 - tail)};
}

}  // namespace attune::stats
