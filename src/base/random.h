// Counter-based random numbers (Philox4x32-10, Salmon et al. 2011): value = f(seed, stream, index).
// No state, so results never depend on scheduling, and a resumed run draws what it would have
// drawn.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace attune {

using PhiloxBlock = std::array<std::uint32_t, 4>;

// The Philox4x32-10 bijection of `counter` under `key`.
PhiloxBlock philox(std::array<std::uint32_t, 2> key, PhiloxBlock counter);

// A named place in the space of random numbers, for example {seed, stream_id("lora_A/layers.0"),
// step}.
struct RandomStream {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
  std::uint32_t step = 0;

  std::uint32_t bits(std::uint64_t index) const;                        // 32 uniform bits
  float uniform(std::uint64_t index) const;                             // [0, 1), 24 bits
  float normal(std::uint64_t index) const;                              // N(0, 1) by Box-Muller
  std::uint64_t below(std::uint64_t index, std::uint64_t bound) const;  // integer in [0, bound)
};

// A stable 32-bit id for a stream name (FNV-1a).
std::uint32_t stream_id(std::string_view name);

// Fisher-Yates permutation of 0..n-1 drawn from `stream`.
void shuffle_indices(std::span<std::int64_t> indices, const RandomStream& stream);

}  // namespace attune
