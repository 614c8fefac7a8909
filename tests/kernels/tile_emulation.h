// The tile registers of kernels/x86/tile_unit.h in plain code, to test the code over them on any
// machine with AVX-512.
#pragma once

#include <cstdint>

#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

struct EmulatedTiles {
  std::uint32_t tile[8][16][16];
  bool configured;
};
static thread_local EmulatedTiles emulated{};

// What the hardware does without a configuration.
ATTUNE_INLINE void need_configuration() {
  if (!emulated.configured) __builtin_trap();
}

ATTUNE_INLINE void configure_tiles() { emulated = {.tile = {}, .configured = true}; }
ATTUNE_INLINE void release_tiles() { emulated.configured = false; }

template <int kTile>
ATTUNE_INLINE void zero_tile() {
  need_configuration();
  for (auto& row : emulated.tile[kTile]) {
    for (auto& value : row) value = 0;
  }
}
template <int kTile>
ATTUNE_INLINE void load_tile(const void* rows, std::int64_t stride) {
  need_configuration();
  for (std::int64_t i = 0; i < 16; ++i) {
    __builtin_memcpy(emulated.tile[kTile][i], static_cast<const char*>(rows) + i * stride, 64);
  }
}
template <int kTile>
ATTUNE_INLINE void store_tile(void* rows, std::int64_t stride) {
  need_configuration();
  for (std::int64_t i = 0; i < 16; ++i) {
    __builtin_memcpy(static_cast<char*>(rows) + i * stride, emulated.tile[kTile][i], 64);
  }
}
template <int kC, int kA, int kB>
ATTUNE_INLINE void multiply_tiles() {
  need_configuration();
  const auto value = [](std::uint32_t bits) { return __builtin_bit_cast(float, bits); };
  for (int i = 0; i < 16; ++i) {
    for (int pair = 0; pair < 16; ++pair) {
      const std::uint32_t a = emulated.tile[kA][i][pair];
      for (int j = 0; j < 16; ++j) {
        const std::uint32_t b = emulated.tile[kB][pair][j];
        float sum = value(emulated.tile[kC][i][j]);
        sum += value(a << 16) * value(b << 16);
        sum += value(a & 0xffff0000u) * value(b & 0xffff0000u);
        emulated.tile[kC][i][j] = __builtin_bit_cast(std::uint32_t, sum);
      }
    }
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
