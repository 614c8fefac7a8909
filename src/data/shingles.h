// How alike two texts are: the Jaccard similarity of their sets of character 5-grams (shingles).
//
//   std::vector<std::uint64_t> a = shingles(comparison_key(one)), b =
//   shingles(comparison_key(two)); double alike = SimilarityMeter().measure(a, b);   // |a and b| /
//   |a or b|, in [0, 1]
//
// A shingle is five code points. Below U+1000 (Latin, Greek, Cyrillic, Hebrew, Arabic, the Indic
// scripts) the number holds them exactly; others are hashed to 63 bits. A text of one to four code
// points is one shingle of its own, an empty text has none and is like nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace attune::data {

// In the order of the text, repeats included. The second form reuses the memory of `out`.
std::vector<std::uint64_t> shingles(std::string_view text);
void shingles(std::string_view text, std::vector<std::uint64_t>& out);

// Holds the memory of a comparison, so that many cost no allocation. One thread at a time.
class SimilarityMeter {
 public:
  // The Jaccard similarity of the two sets; 0 when one is empty.
  double measure(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b);

 private:
  struct Slot {
    std::uint64_t shingle = 0;
    std::uint32_t seen = 0;  // 0 free, 1 in a, 2 in b, 3 in both
  };
  Slot& find(std::uint64_t shingle);
  std::vector<Slot> slots_;  // open addressing, a power of two
  std::size_t mask_ = 0;
};

// Both texts as they are compared (comparison_key).
double similarity(std::string_view a, std::string_view b);

}  // namespace attune::data
