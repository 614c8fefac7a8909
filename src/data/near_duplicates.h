// Pairs of texts that are nearly the same, without comparing all with all: MinHash signatures group
// the texts that may be (minhash.h), and each such pair is then compared exactly (shingles.h), so
// what is reported is at least as alike as the threshold, always; a pair at 0.8 is missed once in
// 20,000.
//
//   std::vector<std::string> texts;   // as they are compared: comparison_key(...)
//   for (const NearPair& pair : near_pairs(texts, {.threshold = 0.8}, pool)) ...
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace attune::data {

struct NearPair {
  std::int64_t first = 0;  // index of the earlier text
  std::int64_t second = 0;
  double similarity = 0;  // exact Jaccard similarity
};

struct NearOptions {
  double threshold = 0.8;  // in [0.5, 1]: below, too many pairs never meet in a band
  // False: enough pairs to join each text with all that it is connected to, each with its
  // similarity; a thousand copies give 999 pairs. True: every pair.
  bool every_pair = false;
  // When given, a pair counts only if this agrees. Called from the pool's threads.
  std::function<bool(std::int64_t first, std::int64_t second)> accept = {};
};

// In a fixed order that does not depend on the number of threads. Empty texts are in no pair.
// Memory: 500 bytes a text, and what the texts take.
std::vector<NearPair> near_pairs(std::span<const std::string> texts, const NearOptions& options,
                                 ThreadPool& pool);

}  // namespace attune::data
