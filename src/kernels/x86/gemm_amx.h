// The tile of gemm_blocked.h in tile registers: 32 x 32 of C in four tiles, two of A, two of B. The
// panels are those of the register tile: lines of pairs for A, 32 lines a step for B, in multiples
// of 16 steps.
#pragma once

#include "kernels/x86/gemm_tile.h"
#ifdef ATTUNE_EMULATED_TILES
#include "kernels/tile_emulation.h"
#else
#include "kernels/x86/tile_unit.h"
#endif

namespace attune::kernels::ATTUNE_VECTOR_SET {

struct AmxTile {
  static constexpr Step kStep = Step::pair;
  static constexpr std::int64_t kRows = 32, kColumns = 32;
  static constexpr std::int64_t kStepGrain = 16;
  // A panel of A is 36 KB of 48 KB first-level cache, a block of B 1.1 MB of 2 MB second-level
  // cache.
  static constexpr std::int64_t kDepth = 288, kBlockColumns = 1024;
  static constexpr std::int64_t kPanelStride = kDepth + 16;  // an odd number of cache lines

  static std::int64_t padded_rows(std::int64_t rows) { return rows <= 16 ? 16 : 32; }

  static void multiply(std::int64_t steps, const float* a, const float* b,
                       const TileTarget& target) {
    alignas(64) float product[kRows * kColumns];
    if (target.rows <= 16) {
      upper_half(steps, a, b, product);
    } else {
      both_halves(steps, a, b, product);
    }
    for (std::int64_t i = 0; i < target.rows; ++i) {
      float* c = target.c + i * target.stride;
      for (std::int64_t j = 0; j < target.columns; j += kWidth) {
        const Vec before = target.add ? load_at(c, j, target.columns) : zero();
        store_at(c, j, target.columns, finish(load(product + i * kColumns + j), before, target));
      }
    }
  }

 private:
  static constexpr std::int64_t kLineBytes = kPanelStride * 4;
  static constexpr std::int64_t kStepBytes = kColumns * 4;

  static void both_halves(std::int64_t steps, const float* a, const float* b, float* product) {
    zero_tile<0>();
    zero_tile<1>();
    zero_tile<2>();
    zero_tile<3>();
    for (std::int64_t s = 0; s < steps; s += 16) {
      load_tile<4>(a + s, kLineBytes);
      load_tile<6>(b + s * kColumns, kStepBytes);
      load_tile<5>(a + s + 16 * kPanelStride, kLineBytes);
      load_tile<7>(b + s * kColumns + 16, kStepBytes);
      multiply_tiles<0, 4, 6>();
      multiply_tiles<1, 4, 7>();
      multiply_tiles<2, 5, 6>();
      multiply_tiles<3, 5, 7>();
    }
    store_tile<0>(product, kStepBytes);
    store_tile<1>(product + 16, kStepBytes);
    store_tile<2>(product + 16 * kColumns, kStepBytes);
    store_tile<3>(product + 16 * kColumns + 16, kStepBytes);
  }

  static void upper_half(std::int64_t steps, const float* a, const float* b, float* product) {
    zero_tile<0>();
    zero_tile<1>();
    for (std::int64_t s = 0; s < steps; s += 16) {
      load_tile<4>(a + s, kLineBytes);
      load_tile<6>(b + s * kColumns, kStepBytes);
      load_tile<7>(b + s * kColumns + 16, kStepBytes);
      multiply_tiles<0, 4, 6>();
      multiply_tiles<1, 4, 7>();
    }
    store_tile<0>(product, kStepBytes);
    store_tile<1>(product + 16, kStepBytes);
  }
};

ATTUNE_INLINE void gemm_amx(const GemmArgs& args) {
  configure_tiles();
  gemm_blocked<AmxTile>(args);
  release_tiles();
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
