#include "stats/permutation.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <vector>

#include "base/random.h"

namespace attune::stats {

namespace {

constexpr std::uint64_t kSignsPerDraw = 32;

// The share of the 2^n sign patterns whose sum is at least `least` in size. Gray code: each pattern
// differs from the one before in one sign. Half of them are enough: the others mirror these.
double exact_share(const std::vector<double>& sizes, double least) {
  double sum = 0;
  for (const double size : sizes) sum += size;
  std::vector<bool> negative(sizes.size());
  const std::uint64_t patterns = std::uint64_t{1} << (sizes.size() - 1);
  std::uint64_t hits = 0;
  for (std::uint64_t i = 1;; ++i) {
    hits += std::abs(sum) >= least ? 1 : 0;
    if (i == patterns) break;
    const auto flipped = static_cast<std::size_t>(std::countr_zero(i));
    sum += (negative[flipped] ? 2 : -2) * sizes[flipped];
    negative[flipped] = !negative[flipped];
  }
  return static_cast<double>(hits) / static_cast<double>(patterns);
}

double drawn_share(const std::vector<double>& sizes, double least,
                   const PermutationOptions& options) {
  const RandomStream random{.seed = options.seed, .stream = stream_id("permutation")};
  const std::uint64_t draws = (sizes.size() + kSignsPerDraw - 1) / kSignsPerDraw;
  std::int64_t hits = 0;
  for (std::int64_t i = 0; i < options.resamples; ++i) {
    double sum = 0;
    for (std::uint64_t draw = 0; draw < draws; ++draw) {
      std::uint32_t signs = random.bits(static_cast<std::uint64_t>(i) * draws + draw);
      const std::size_t first = draw * kSignsPerDraw;
      const std::size_t last = std::min<std::size_t>(first + kSignsPerDraw, sizes.size());
      for (std::size_t k = first; k < last; ++k, signs >>= 1)
        sum += (signs & 1) != 0 ? sizes[k] : -sizes[k];
    }
    hits += std::abs(sum) >= least ? 1 : 0;
  }
  return static_cast<double>(1 + hits) / static_cast<double>(1 + options.resamples);
}

}  // namespace

PermutationTest paired_permutation_test(std::span<const double> first,
                                        std::span<const double> second,
                                        const PermutationOptions& options) {
  const std::size_t n = std::min(first.size(), second.size());
  std::vector<double> sizes;  // of the differences that are not 0
  double sum = 0;
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double difference = first[i] - second[i];
    sum += difference;
    total += std::abs(difference);
    if (difference != 0) sizes.push_back(std::abs(difference));
  }
  PermutationTest test;
  if (sizes.empty()) return {.exact = true};
  test.difference = sum / static_cast<double>(n);
  // Sums that are equal but for rounding count as equal.
  const double least = std::abs(sum) - 1e-12 * total;
  test.exact = static_cast<std::int64_t>(sizes.size()) <=
               std::clamp<std::int64_t>(options.most_exact, 0, 30);
  test.p = test.exact ? exact_share(sizes, least) : drawn_share(sizes, least, options);
  return test;
}

}  // namespace attune::stats
