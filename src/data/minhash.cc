#include "data/minhash.h"

#include <xxhash.h>

#include "base/cpu.h"
#include "base/random.h"
#include "data/minhash_fold.h"

namespace attune::data {

namespace {

// Finaliser of MurmurHash3: every bit of the shingle reaches every bit of the result.
std::uint32_t mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xFF51AFD7ED558CCDu;
  x ^= x >> 33;
  x *= 0xC4CEB9FE1A85EC53u;
  return static_cast<std::uint32_t>(x >> 32);
}

}  // namespace

MinHasher::MinHasher() : fold_(portable::least_hash) {
  const Result<Isa> isa = pick_isa();
  if (isa && *isa >= Isa::avx512) {
    fold_ = avx512::least_hash;
  } else if (isa && *isa == Isa::avx2) {
    fold_ = avx2::least_hash;
  }
  const RandomStream numbers{.seed = 1, .stream = stream_id("minhash"), .step = 0};
  for (std::size_t i = 0; i < kHashes; ++i) {
    multipliers_[i] = numbers.bits(2 * i) | 1u;  // odd: a bijection of 32 bits
    offsets_[i] = numbers.bits(2 * i + 1);
  }
}

Signature MinHasher::sign(std::span<const std::uint64_t> shingles) {
  mixed_.resize(shingles.size());
  for (std::size_t i = 0; i < shingles.size(); ++i) mixed_[i] = mix(shingles[i]);
  Signature signature;
  for (std::size_t i = 0; i < kHashes; ++i)
    signature[i] = fold_(mixed_.data(), mixed_.size(), multipliers_[i], offsets_[i]);
  return signature;
}

double estimated_similarity(const Signature& a, const Signature& b) {
  std::uint32_t agree = 0;
  for (std::size_t i = 0; i < kHashes; ++i) agree += a[i] == b[i] ? 1u : 0u;
  return static_cast<double>(agree) / static_cast<double>(kHashes);
}

std::uint64_t band_key(const Signature& signature, std::size_t band) {
  return XXH3_64bits(signature.data() + band * kBandRows, kBandRows * sizeof(std::uint32_t));
}

}  // namespace attune::data
