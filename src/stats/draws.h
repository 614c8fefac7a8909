// Random draws in sequence, for simulations: uniform, binomial, beta-binomial and resampled indices
// from one counter-based stream. The same seed, name and part give the same draws.
//
//   Draws draws(options.seed, "curve band", resample_number);
//   const double failures = draws.beta_binomial(300, 0.05, 0.01);
#pragma once

#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace attune::stats {

class Draws {
 public:
  Draws(std::uint64_t seed, std::string_view name, std::uint64_t part = 0);

  double uniform();  // (0, 1), 52 bits
  double normal();
  std::uint64_t below(std::uint64_t bound);
  // Exact, by inversion outwards from the mode: about as many steps as one standard deviation.
  std::int64_t binomial(std::int64_t n, double p);
  double gamma(double shape);  // scale 1 (Marsaglia and Tsang 2000)
  // See beta_binomial_log (distributions.h) for p and rho.
  std::int64_t beta_binomial(std::int64_t n, double p, double rho);

 private:
  RandomStream stream_;
  std::uint64_t next_ = 0;
};

}  // namespace attune::stats
