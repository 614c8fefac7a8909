// The statistics behind every number in a report. Each function names its formula; tests compare
// them with scipy.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune::stats {

// A value between two bounds, for example a rate with its 95 % interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

// The standard normal quantile (Wichura 1988, algorithm AS 241, about 1e-16 relative error); 0 < p
// < 1.
double normal_quantile(double p);
// The standard normal distribution function.
double normal_cdf(double z);

// A rate of `successes` out of `n` with the Wilson score interval (Wilson 1927):
//   (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).   n = 0 gives {0, 0, 1}.
// `successes` may be a sum of shares.
Estimate wilson(double successes, std::int64_t n, double confidence = 0.95);

// Two arms on the same items, right or wrong: how often both, only the first, only the second,
// neither.
struct PairedCounts {
  std::int64_t both = 0;
  std::int64_t first_only = 0;
  std::int64_t second_only = 0;
  std::int64_t neither = 0;
  std::int64_t n() const { return both + first_only + second_only + neither; }
};

// Exact two-sided McNemar test: min(1, 2 P(X <= min(b, c))), X ~ Binomial(b + c, 1/2), where b and
// c are the items on which only one arm is right. 1 when they never differ.
double mcnemar_exact(std::int64_t first_only, std::int64_t second_only);

// first rate - second rate on the same items, with Newcombe's square-and-add interval for paired
// proportions (Newcombe 1998, method 10): Wilson limits of both rates, joined by their correlation
// phi.
Estimate paired_rate_difference(const PairedCounts& counts, double confidence = 0.95);

struct BootstrapOptions {
  std::int64_t resamples = 10'000;
  std::uint64_t seed = 1;
  double confidence = 0.95;
};

// The mean of `values` with the bias-corrected and accelerated (BCa) bootstrap interval (Efron
// 1987). Resamples are drawn with counter-based random numbers: the same seed gives the same
// interval. Values that are all equal give an interval of no width: a caller that knows their range
// should widen it.
Estimate bootstrap_mean(std::span<const double> values, const BootstrapOptions& options = {});

// mean(first) - mean(second) on the same items: bootstrap_mean of the differences.
Estimate paired_mean_difference(std::span<const double> first, std::span<const double> second,
                                const BootstrapOptions& options = {});

// The q-quantile by linear interpolation (Hyndman and Fan 1996, type 7; numpy's default). 0 for no
// values.
double quantile(std::vector<double> values, double q);
double mean(std::span<const double> values);

// Holm's step-down adjustment (Holm 1979): p-values of a family, same order.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

}  // namespace attune::stats
