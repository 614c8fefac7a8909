#include "data/distribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace attune::data {

namespace {

// The least of 1, 2, 5, 10, 20, 50, ... that is not below `width`.
std::int64_t round_width(std::int64_t width) {
  for (std::int64_t ten = 1;; ten *= 10) {
    for (const std::int64_t step : {1, 2, 5}) {
      if (step * ten >= width) return step * ten;
    }
  }
}

// `values` are sorted and not empty.
std::vector<Distribution::Bucket> even_buckets(const std::vector<std::uint32_t>& values) {
  constexpr std::int64_t kAbout = 20;
  const std::int64_t least = values.front();
  const std::int64_t high = values[(values.size() - 1) * 99 / 100];
  const std::int64_t width = round_width((high - least) / kAbout + 1);
  const std::int64_t start = least / width * width;
  const std::int64_t count = (high - start) / width + 1;
  std::vector<Distribution::Bucket> buckets;
  for (std::int64_t i = 0; i < count; ++i)
    buckets.push_back({.from = start + i * width, .to = start + (i + 1) * width, .count = 0});
  for (const std::uint32_t value : values) {
    const std::int64_t bucket = std::min((std::int64_t{value} - start) / width, count - 1);
    ++buckets[static_cast<std::size_t>(bucket)].count;
  }
  buckets.back().to = std::max(buckets.back().to, std::int64_t{values.back()} + 1);
  return buckets;
}

}  // namespace

Distribution distribution_of(std::string name, std::string unit,
                             std::vector<std::uint32_t> values) {
  Distribution result;
  result.name = std::move(name);
  result.unit = std::move(unit);
  result.count = static_cast<std::int64_t>(values.size());
  if (values.empty()) return result;
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return std::int64_t{values[std::max<std::size_t>(rank, 1) - 1]};
  };
  result.least = values.front();
  result.p5 = at(0.05);
  result.median = at(0.5);
  result.p95 = at(0.95);
  result.most = values.back();
  result.mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  result.buckets = even_buckets(values);
  return result;
}

}  // namespace attune::data
