#include "stats/draws.h"

#include <algorithm>
#include <cmath>

#include "stats/distributions.h"
#include "stats/statistics.h"

namespace attune::stats {

Draws::Draws(std::uint64_t seed, std::string_view name, std::uint64_t part)
    : stream_{.seed = seed, .stream = stream_id(name), .step = static_cast<std::uint32_t>(part)} {}

double Draws::uniform() {
  // A whole block gives 64 bits; the lowest half step keeps 0 and 1 out.
  const std::uint64_t bits = stream_.below(next_++, std::uint64_t{1} << 52);
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;
}

double Draws::normal() { return normal_quantile(uniform()); }

std::uint64_t Draws::below(std::uint64_t bound) { return stream_.below(next_++, bound); }

std::int64_t Draws::binomial(std::int64_t n, double p) {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  const double odds = p / (1 - p);
  const auto mode = std::min(n, static_cast<std::int64_t>((static_cast<double>(n) + 1) * p));
  const double at_mode =
      std::exp(beta_binomial_log(static_cast<double>(mode), static_cast<double>(n), p, 0));
  double left = uniform() - at_mode;
  double up_mass = at_mode;
  double down_mass = at_mode;
  std::int64_t up = mode;
  std::int64_t down = mode;
  while (left > 0 && (up < n || down > 0)) {
    if (up < n) {
      up_mass *= static_cast<double>(n - up) / static_cast<double>(up + 1) * odds;
      ++up;
      left -= up_mass;
      if (left <= 0) return up;
    }
    if (down > 0) {
      down_mass *= static_cast<double>(down) / static_cast<double>(n - down + 1) / odds;
      --down;
      left -= down_mass;
      if (left <= 0) return down;
    }
  }
  return mode;
}

double Draws::gamma(double shape) {
  if (shape < 1) return gamma(shape + 1) * std::pow(uniform(), 1 / shape);
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

std::int64_t Draws::beta_binomial(std::int64_t n, double p, double rho) {
  if (rho <= 0 || p <= 0 || p >= 1) return binomial(n, p);
  const double total = (1 - rho) / rho;
  const double a = gamma(p * total);
  const double b = gamma((1 - p) * total);
  // Both can round to 0 when rho is near 1: then all items go one way.
  return binomial(n, a + b > 0 ? a / (a + b) : (uniform() < p ? 1.0 : 0.0));
}

}  // namespace attune::stats
