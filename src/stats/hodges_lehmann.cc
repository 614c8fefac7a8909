#include "stats/hodges_lehmann.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace attune::stats {

namespace {

constexpr std::size_t kMostExact = 300;

// How many pairs i <= k of the sorted values have a mean of at most `bound`.
std::int64_t pairs_up_to(const std::vector<double>& sorted, double bound) {
  std::int64_t count = 0;
  std::size_t partners = sorted.size();  // values whose mean with the current one is not above
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    while (partners > i && std::midpoint(sorted[i], sorted[partners - 1]) > bound) --partners;
    if (partners <= i) break;
    count += static_cast<std::int64_t>(partners - i);
  }
  return count;
}

// The rank-th smallest (from 1) of all pair means, to the last bit, without storing them.
double pair_mean(const std::vector<double>& sorted, std::int64_t rank) {
  double low = sorted.front();
  double high = sorted.back();
  if (pairs_up_to(sorted, low) >= rank) return low;
  for (;;) {
    const double middle = std::midpoint(low, high);
    if (!(middle > low && middle < high)) return high;
    (pairs_up_to(sorted, middle) >= rank ? high : low) = middle;
  }
}

// The largest C with 2 P(T <= C - 1) <= 1 - confidence, and 1 minus that probability.
struct Cut {
  std::int64_t rank = 0;
  double confidence = 1;
};

Cut exact_cut(std::size_t n, double confidence) {
  // P(T = t) by adding one rank at a time; only the lower half is needed.
  const std::size_t half = n * (n + 1) / 4;
  std::vector<double> p(half + 1);
  p[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank) {
    for (std::size_t t = half + 1; t-- > 0;) p[t] = 0.5 * (p[t] + (t >= rank ? p[t - rank] : 0));
  }
  Cut cut;
  double tail = 0;
  for (std::size_t t = 0; t <= half; ++t) {
    tail += p[t];
    if (2 * tail > 1 - confidence) break;
    cut = {static_cast<std::int64_t>(t) + 1, 1 - 2 * tail};
  }
  return cut;
}

Cut normal_cut(std::size_t n, double confidence) {
  const double count = static_cast<double>(n);
  const double centre = count * (count + 1) / 4;
  const double spread = std::sqrt(count * (count + 1) * (2 * count + 1) / 24);
  const double z = normal_quantile(0.5 + confidence / 2);
  const double rank = std::floor(centre - z * spread);
  return {static_cast<std::int64_t>(rank), 1 - 2 * normal_cdf((rank - centre) / spread)};
}

}  // namespace

HodgesLehmann hodges_lehmann(std::span<const double> first, std::span<const double> second,
                             double confidence) {
  const std::size_t n = std::min(first.size(), second.size());
  if (n == 0) return {.difference = {0, -HUGE_VAL, HUGE_VAL}};
  std::vector<double> sorted(n);
  for (std::size_t i = 0; i < n; ++i) sorted[i] = first[i] - second[i];
  std::sort(sorted.begin(), sorted.end());
  const auto pairs = static_cast<std::int64_t>(n * (n + 1) / 2);
  const double median =
      std::midpoint(pair_mean(sorted, (pairs + 1) / 2), pair_mean(sorted, pairs / 2 + 1));
  const Cut cut = n <= kMostExact ? exact_cut(n, confidence) : normal_cut(n, confidence);
  if (cut.rank < 1) return {.difference = {median, -HUGE_VAL, HUGE_VAL}};
  return {
      .difference = {median, pair_mean(sorted, cut.rank), pair_mean(sorted, pairs + 1 - cut.rank)},
      .confidence = cut.confidence};
}

}  // namespace attune::stats
