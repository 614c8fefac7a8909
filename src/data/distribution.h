// How large something is over all rows: quantiles by nearest rank, and counts in even steps, for
// reports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune::data {

struct Distribution {
  struct Bucket {
    std::int64_t from = 0;  // [from, to)
    std::int64_t to = 0;
    std::int64_t count = 0;
  };
  std::string name;  // "question length"
  std::string unit;  // "bytes", "tokens"
  std::int64_t count = 0;
  std::int64_t least = 0, p5 = 0, median = 0, p95 = 0, most = 0;
  double mean = 0;
  // About twenty of one round width; the last holds all from the 99 % quantile on.
  std::vector<Bucket> buckets;
};

Distribution distribution_of(std::string name, std::string unit, std::vector<std::uint32_t> values);

}  // namespace attune::data
