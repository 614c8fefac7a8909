#include "stats/distributions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stats/statistics.h"

namespace attune::stats {

namespace {

// Below this overdispersion the beta-binomial is the binomial to 1e-6 in the log for any size of
// set that is in use, and lgamma would lose more than that.
constexpr double kNoOverdispersion = 1e-9;

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

// k log p, 0 when k is 0 whatever p.
double count_log(double k, double p) { return k > 0 ? k * std::log(p) : 0; }

double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int i = 1; i < 10'000; ++i) {
    const double m = i;
    const auto advance = [&](double term) {
      d = 1 / away_from_zero(1 + term * d);
      c = away_from_zero(1 + term / c);
      fraction *= d * c;
      return d * c;
    };
    advance(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
    const double change = advance(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)));
    if (std::abs(change - 1) < 1e-16) break;
  }
  return fraction;
}

}  // namespace

double digamma(double x) {
  double shifted = 0;
  while (x < 10) {
    shifted -= 1 / x;
    x += 1;
  }
  const double y = 1 / (x * x);
  // Bernoulli numbers B_2k / 2k.
  const double series =
      y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132)))));
  return shifted + std::log(x) - 0.5 / x - series;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta(a, b));
  // The fraction converges fast on the near side of the mean; the other side is its complement.
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_t_cdf(double t, double degrees) {
  const double tail = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
  return t > 0 ? 1 - tail : tail;
}

double student_t_quantile(double p, double degrees) {
  // The tail below 1/2, bracketed by doubling and bisected to the last bit.
  const double tail = std::min(p, 1 - p);
  if (tail >= 0.5) return 0;
  double high = 1;
  while (student_t_cdf(-high, degrees) > tail) high *= 2;
  double low = high == 1 ? 0 : high / 2;
  for (int i = 0; i < 100 && low < high; ++i) {
    const double middle = std::midpoint(low, high);
    (student_t_cdf(-middle, degrees) > tail ? low : high) = middle;
  }
  return p < 0.5 ? -high : high;
}

double binomial_cdf(std::int64_t k, std::int64_t n, double p) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  const double below = static_cast<double>(k);
  return incomplete_beta(static_cast<double>(n) - below, below + 1, 1 - p);
}

double log_choose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

double beta_binomial_log_rest(double k, double n, double p, double rho) {
  if (rho < kNoOverdispersion) return count_log(k, p) + count_log(n - k, 1 - p);
  const double total = (1 - rho) / rho;
  const double a = p * total;
  const double b = (1 - p) * total;
  return std::lgamma(k + a) + std::lgamma(n - k + b) - std::lgamma(a) - std::lgamma(b) +
         std::lgamma(total) - std::lgamma(n + total);
}

double beta_binomial_log(double k, double n, double p, double rho) {
  return log_choose(n, k) + beta_binomial_log_rest(k, n, p, rho);
}

double beta_binomial_log_slope(double k, double n, double p, double rho) {
  if (rho < kNoOverdispersion) return k / p - (n - k) / (1 - p);
  const double total = (1 - rho) / rho;
  const double a = p * total;
  const double b = (1 - p) * total;
  return total * (digamma(k + a) - digamma(a) - digamma(n - k + b) + digamma(b));
}

}  // namespace attune::stats
