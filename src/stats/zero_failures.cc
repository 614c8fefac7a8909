#include "stats/zero_failures.h"

#include <cmath>

namespace attune::stats {

double zero_failures_limit(std::int64_t n, double confidence) {
  if (n <= 0) return 1;
  return -std::expm1(std::log1p(-confidence) / static_cast<double>(n));
}

std::int64_t zero_failures_needed(double rate, double confidence) {
  return static_cast<std::int64_t>(std::ceil(std::log1p(-confidence) / std::log1p(-rate)));
}

}  // namespace attune::stats
