// From resampled values of a statistic to its interval; what the bootstraps of this layer share.
#pragma once

#include <span>
#include <vector>

#include "stats/statistics.h"

namespace attune::stats {

// The q-quantile of sorted values, as `quantile` in statistics.h.
double sorted_quantile(const std::vector<double>& sorted, double q);

// Sum d^3 / (6 (sum d^2)^1.5), d = mean of the jackknife values - value: the acceleration of BCa
// (Efron 1987). 0 when all are equal.
double jackknife_acceleration(std::span<const double> jackknife_values);

// Where the estimate lies among the resampled values, ties counted by half, as a normal quantile.
double bias_correction(double estimate, const std::vector<double>& sorted_resampled);

// Bias-corrected and accelerated limits.
Estimate bca_interval(double estimate, const std::vector<double>& sorted_resampled,
                      double acceleration, double confidence);

// The plain quantiles of the resampled values.
Estimate percentile_interval(double estimate, const std::vector<double>& sorted_resampled,
                             double confidence);

}  // namespace attune::stats
