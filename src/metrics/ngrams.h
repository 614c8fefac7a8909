// Counts of n-grams shared by an answer and its references, the base of BLEU, GLEU, chrF and ROUGE.
// Tokens or characters are first given small numbers; an n-gram is then the pair (number of its
// first n-1 symbols, its last symbol), so counting is exact for any n.
//
//   Vocabulary vocabulary;
//   const Symbols answer = vocabulary.symbols(tokens_13a(text));
//   for (const NgramOverlap& overlap : ngram_overlap(answer, references, 4)) ...
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/tokens.h"

namespace attune::metrics {

using Symbols = std::vector<std::uint32_t>;

class Vocabulary {
 public:
  std::uint32_t symbol(std::string_view token);
  Symbols symbols(const Tokens& tokens);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
};

// The code points of a text (stray bytes as 0x110000 + byte).
Symbols characters(std::string_view text);

struct NgramOverlap {
  std::int64_t answer = 0;     // n-grams of the answer
  std::int64_t reference = 0;  // n-grams of all references together
  std::int64_t common = 0;     // sum over n-grams of min(count in answer, largest in a reference)
};

// One entry for each n = 1 ... orders.
std::vector<NgramOverlap> ngram_overlap(std::span<const std::uint32_t> answer,
                                        std::span<const Symbols> references, int orders);

// The length of the longest common subsequence, with Hyyrö's bit-parallel recurrence ("Bit-parallel
// LCS-length computation revisited", 2004): |a| |b| / 64 steps.
std::int64_t longest_common_subsequence(std::span<const std::uint32_t> a,
                                        std::span<const std::uint32_t> b);

}  // namespace attune::metrics
