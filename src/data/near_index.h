// Texts that grow in number, each asked before it joins: is one of the earlier ones nearly the
// same? The growing form of near_duplicates.h, with the same measure and the same chance to miss a
// pair (one in 20,000 at a similarity of 0.8).
//
//   NearIndex known(0.8);
//   if (const auto match = known.find(key)) ... match->text, match->similarity ...
//   else known.add(key);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/minhash.h"
#include "data/shingles.h"

namespace attune::data {

// One thread at a time.
class NearIndex {
 public:
  explicit NearIndex(double threshold) : threshold_(threshold) {}  // in [0.5, 1]

  struct Match {
    std::int64_t text = 0;  // its place in the order of add()
    double similarity = 0;  // exact; 1 for a copy
  };
  // The most alike of those that reach the threshold. Texts as comparison_key() has them; an empty
  // one is like nothing.
  std::optional<Match> find(std::string_view text);
  void add(std::string text);

 private:
  double threshold_;
  MinHasher hasher_;
  SimilarityMeter meter_;
  std::vector<std::string> texts_;
  std::unordered_map<std::string, std::int64_t> copies_;  // a text's first place
  // By band and its key: the texts that have it.
  std::unordered_map<std::uint64_t, std::vector<std::int64_t>> bands_[kBands];
  std::vector<std::uint64_t> own_, other_;  // shingles of the two texts under comparison
};

}  // namespace attune::data
