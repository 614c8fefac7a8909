// MinHash signatures (Broder 1997): 125 numbers that stand for a set of shingles. Two signatures
// agree at one place with a probability that is the Jaccard similarity of the two sets, so their
// agreement estimates it with a standard error of sqrt(s (1 - s) / 125), and texts that agree at
// all five places of one of 25 bands are worth an exact comparison: a pair of similarity s shares a
// band with probability 1 - (1 - s^5)^25 (0.55 at 0.5, 0.99995 at 0.8).
//
//   MinHasher hasher;
//   Signature signature = hasher.sign(shingles(text));
//   double about = estimated_similarity(signature, other);
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace attune::data {

constexpr std::size_t kBands = 25;
constexpr std::size_t kBandRows = 5;
constexpr std::size_t kHashes = kBands * kBandRows;
using Signature = std::array<std::uint32_t, kHashes>;

// Hash i of a shingle is multiplier_i x + offset_i modulo 2^32 of its mixed 32 bits x: fixed
// numbers, the same on every machine and in every version, because frozen manifests keep
// signatures.
class MinHasher {
 public:
  MinHasher();
  // Of an empty set: all ones. One thread at a time.
  Signature sign(std::span<const std::uint64_t> shingles);

 private:
  using Fold = std::uint32_t (*)(const std::uint32_t*, std::size_t, std::uint32_t, std::uint32_t);
  Fold fold_;
  std::array<std::uint32_t, kHashes> multipliers_;
  std::array<std::uint32_t, kHashes> offsets_;
  std::vector<std::uint32_t> mixed_;
};

// The share of places at which they agree.
double estimated_similarity(const Signature& a, const Signature& b);

// The number of a band's five places, for grouping.
std::uint64_t band_key(const Signature& signature, std::size_t band);

}  // namespace attune::data
