#include "data/distribution.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

namespace attune::data {

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
  // Bucket b holds the numbers of b binary digits: 0, 1, 2 to 3, 4 to 7, ...
  const auto digits = [](std::uint32_t value) { return std::bit_width(value); };
  for (auto bucket = digits(values.front()); bucket <= digits(values.back()); ++bucket) {
    const std::int64_t from = bucket == 0 ? 0 : std::int64_t{1} << (bucket - 1);
    result.buckets.push_back({.from = from, .to = std::int64_t{1} << bucket, .count = 0});
  }
  for (const std::uint32_t value : values)
    ++result.buckets[static_cast<std::size_t>(digits(value) - digits(values.front()))].count;
  return result;
}

}  // namespace attune::data
