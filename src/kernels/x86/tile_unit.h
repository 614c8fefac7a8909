// The tile registers (AMX): eight matrices of 16 rows of 64 bytes. A thin wrapper, so that the code
// over it can also be compiled over an emulation for machines without tiles
// (tests/kernels/tile_emulation.h).
//
// Written as assembler statements that clobber memory: the intrinsics of g++ 12 do not tell the
// compiler that memory is read, and it then moves or drops the stores before them.
#pragma once

#include <cstdint>

#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);

// Other code may have left the tiles released or shaped otherwise: configure before each use.
ATTUNE_INLINE void configure_tiles() {
  const TileConfig config;
  __asm__ volatile("ldtilecfg %0" : : "m"(config) : "memory");
}
ATTUNE_INLINE void release_tiles() { __asm__ volatile("tilerelease" : : : "memory"); }

template <int kTile>
ATTUNE_INLINE void zero_tile() {
  __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTile));
}
// 16 rows of 64 bytes, `stride` bytes apart.
template <int kTile>
ATTUNE_INLINE void load_tile(const void* rows, std::int64_t stride) {
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2"
                   :
                   : "r"(rows), "r"(stride), "i"(kTile)
                   : "memory");
}
template <int kTile>
ATTUNE_INLINE void store_tile(void* rows, std::int64_t stride) {
  __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)"
                   :
                   : "r"(rows), "r"(stride), "i"(kTile)
                   : "memory");
}
// C[16][16] += A[16][16 pairs] * B[16 pairs][16], pairs of bf16, floats in C.
template <int kC, int kA, int kB>
ATTUNE_INLINE void multiply_tiles() {
  __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB));
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
