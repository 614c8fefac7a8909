// Did two arms differ on the same items at all? The paired permutation test (Fisher 1935): if they
// did not, each item's difference could as well have had the other sign. No assumption on the
// scores but that.
#pragma once

#include <cstdint>
#include <span>

namespace attune::stats {

struct PermutationOptions {
  std::int64_t resamples = 100'000;
  std::uint64_t seed = 1;
  std::int64_t most_exact = 20;  // non-zero differences up to which all 2^n signs are gone through
};

struct PermutationTest {
  double difference = 0;  // mean(first) - mean(second)
  double p = 1;           // two-sided: share of sign patterns with |mean| at least as large
  bool exact = false;     // else (1 + hits) / (1 + resamples) (Phipson and Smyth 2010)
};

PermutationTest paired_permutation_test(std::span<const double> first,
                                        std::span<const double> second,
                                        const PermutationOptions& options = {});

}  // namespace attune::stats
