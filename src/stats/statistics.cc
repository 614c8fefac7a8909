#include "stats/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/random.h"
#include "stats/bootstrap_interval.h"

namespace attune::stats {

namespace {

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) {
  double value = 0;
  for (std::size_t i = N; i-- > 0;) value = value * x + coefficients[i];
  return value;
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double p) {
  // Coefficients of AS 241 (PPND16), lowest power first: centre, middle, tail.
  constexpr std::array a{3.3871328727963666080e0,  1.3314166789178437745e+2,
                         1.9715909503065514427e+3, 1.3731693765509461125e+4,
                         4.5921953931549871457e+4, 6.7265770927008700853e+4,
                         3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr std::array b{1.0,
                         4.2313330701600911252e+1,
                         6.8718700749205790830e+2,
                         5.3941960214247511077e+3,
                         2.1213794301586595867e+4,
                         3.9307895800092710610e+4,
                         2.8729085735721942674e+4,
                         5.2264952788528545610e+3};
  constexpr std::array c{1.42343711074968357734e0,  4.63033784615654529590e0,
                         5.76949722146069140550e0,  3.64784832476320460504e0,
                         1.27045825245236838258e0,  2.41780725177450611770e-1,
                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array d{1.0,
                         2.05319162663775882187e0,
                         1.67638483018380384940e0,
                         6.89767334985100004550e-1,
                         1.48103976427480074590e-1,
                         1.51986665636164571966e-2,
                         5.47593808499534494600e-4,
                         1.05075007164441684324e-9};
  constexpr std::array e{6.65790464350110377720e0,  5.46378491116411436990e0,
                         1.78482653991729133580e0,  2.96560571828504891230e-1,
                         2.65321895265761230930e-2, 1.24266094738807843860e-3,
                         2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr std::array f{1.0,
                         5.99832206555887937690e-1,
                         1.36929880922735805310e-1,
                         1.48753612908506148525e-2,
                         7.86869131145613259100e-4,
                         1.84631831751005468180e-5,
                         1.42151175831644588870e-7,
                         2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  double z = 0;
  if (r <= 5) {
    r -= 1.6;
    z = polynomial(c, r) / polynomial(d, r);
  } else {
    r -= 5;
    z = polynomial(e, r) / polynomial(f, r);
  }
  return q < 0 ? -z : z;
}

Estimate wilson(double successes, std::int64_t n, double confidence) {
  if (n <= 0) return {0, 0, 1};
  const double z = normal_quantile(0.5 + confidence / 2);
  const double count = static_cast<double>(n);
  const double rate = successes / count;
  const double scale = 1 + z * z / count;
  const double centre = (rate + z * z / (2 * count)) / scale;
  const double half =
      z * std::sqrt(rate * (1 - rate) / count + z * z / (4 * count * count)) / scale;
  // At 0 and n the limit is exactly the rate; rounding must not put it on the wrong side.
  return {rate, std::clamp(centre - half, 0.0, rate), std::clamp(centre + half, rate, 1.0)};
}

double mcnemar_exact(std::int64_t first_only, std::int64_t second_only) {
  const std::int64_t n = first_only + second_only;
  if (n == 0) return 1;
  const double count = static_cast<double>(n);
  double tail = 0;
  for (std::int64_t k = 0; k <= std::min(first_only, second_only); ++k) {
    const double x = static_cast<double>(k);
    tail += std::exp(std::lgamma(count + 1) - std::lgamma(x + 1) - std::lgamma(count - x + 1) -
                     count * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

Estimate paired_rate_difference(const PairedCounts& counts, double confidence) {
  const std::int64_t n = counts.n();
  if (n == 0) return {0, -1, 1};
  const double e = static_cast<double>(counts.both);
  const double f = static_cast<double>(counts.first_only);
  const double g = static_cast<double>(counts.second_only);
  const double h = static_cast<double>(counts.neither);
  const Estimate first = wilson(e + f, n, confidence);
  const Estimate second = wilson(e + g, n, confidence);
  const double product = (e + f) * (g + h) * (e + g) * (f + h);
  const double phi = product > 0 ? (e * h - f * g) / std::sqrt(product) : 0;
  const auto distance = [phi](double x, double y) {
    return std::sqrt(std::max(0.0, x * x - 2 * phi * x * y + y * y));
  };
  const double difference = first.value - second.value;
  return {difference, difference - distance(first.value - first.low, second.high - second.value),
          difference + distance(first.high - first.value, second.value - second.low)};
}

double mean(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

namespace {

std::vector<double> resampled_means(std::span<const double> values,
                                    const BootstrapOptions& options) {
  const std::uint64_t n = values.size();
  const RandomStream random{.seed = options.seed, .stream = stream_id("bootstrap")};
  std::vector<double> means(static_cast<std::size_t>(options.resamples));
  for (std::size_t i = 0; i < means.size(); ++i) {
    double sum = 0;
    for (std::uint64_t k = 0; k < n; ++k) sum += values[random.below(i * n + k, n)];
    means[i] = sum / static_cast<double>(n);
  }
  std::sort(means.begin(), means.end());
  return means;
}

}  // namespace

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return sorted_quantile(values, q);
}

Estimate bootstrap_mean(std::span<const double> values, const BootstrapOptions& options) {
  if (values.empty()) return {0, 0, 0};
  const double estimate = mean(values);
  // The jackknife value without x is (n mean - x) / (n - 1): the acceleration of BCa, which knows
  // no scale, is that of the values the other way round.
  std::vector<double> reversed(values.begin(), values.end());
  for (double& value : reversed) value = -value;
  const bool all_equal =
      std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end();
  if (all_equal || options.resamples < 1) return {estimate, estimate, estimate};
  return bca_interval(estimate, resampled_means(values, options), jackknife_acceleration(reversed),
                      options.confidence);
}

Estimate paired_mean_difference(std::span<const double> first, std::span<const double> second,
                                const BootstrapOptions& options) {
  std::vector<double> differences(std::min(first.size(), second.size()));
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] = first[i] - second[i];
  return bootstrap_mean(differences, options);
}

std::vector<double> holm_adjusted(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest,
                       std::min(1.0, p_values[order[i]] * static_cast<double>(order.size() - i)));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

}  // namespace attune::stats
