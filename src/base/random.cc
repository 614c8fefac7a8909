#include "base/random.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace attune {

PhiloxBlock philox(std::array<std::uint32_t, 2> key, PhiloxBlock c) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * c[0];
    const std::uint64_t product1 = kMultiplier1 * c[2];
    c = {static_cast<std::uint32_t>(product1 >> 32) ^ c[1] ^ key[0],
         static_cast<std::uint32_t>(product1),
         static_cast<std::uint32_t>(product0 >> 32) ^ c[3] ^ key[1],
         static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return c;
}

namespace {

PhiloxBlock block(const RandomStream& s, std::uint64_t block_index) {
  return philox({static_cast<std::uint32_t>(s.seed), static_cast<std::uint32_t>(s.seed >> 32)},
                {static_cast<std::uint32_t>(block_index),
                 static_cast<std::uint32_t>(block_index >> 32), s.stream, s.step});
}

constexpr float unit(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

}  // namespace

std::uint32_t RandomStream::bits(std::uint64_t index) const {
  return block(*this, index / 4)[index % 4];
}

float RandomStream::uniform(std::uint64_t index) const { return unit(bits(index)); }

float RandomStream::normal(std::uint64_t index) const {
  const PhiloxBlock b = block(*this, index / 2);
  const std::size_t pair = (index % 2) * 2;
  const float radius = std::sqrt(-2.0f * std::log(1.0f - unit(b[pair])));
  return radius * std::cos(2.0f * std::numbers::pi_v<float> * unit(b[pair + 1]));
}

std::uint64_t RandomStream::below(std::uint64_t index, std::uint64_t bound) const {
  const PhiloxBlock b = block(*this, index);
  const std::uint64_t wide = (static_cast<std::uint64_t>(b[0]) << 32) | b[1];
  return wide % bound;  // bias below 2^-32 for every bound used here
}

std::uint32_t stream_id(std::string_view name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

void shuffle_indices(std::span<std::int64_t> indices, const RandomStream& stream) {
  for (std::size_t i = indices.size(); i > 1; --i) {
    std::swap(indices[i - 1], indices[stream.below(i, i)]);
  }
}

}  // namespace attune
