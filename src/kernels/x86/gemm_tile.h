// A tile of C in registers: kRows x two vectors. Each step loads two vectors of B and broadcasts
// one step of each row of A. Fewer rows or one vector only are separate instances, whose elements
// see the same operations.
#pragma once

#include "kernels/x86/gemm_blocked.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

template <Step kStep>
ATTUNE_INLINE Vec multiply_step(Vec a, Vec b, Vec sum) {
#ifdef __AVX512BF16__
  if constexpr (kStep == Step::pair) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
#endif
  return fma(a, b, sum);
}

// C = alpha * sum, or C + alpha * sum.
ATTUNE_INLINE Vec finish(Vec sum, Vec c, const TileTarget& target) {
  return target.add ? fma(set(target.alpha), sum, c) : set(target.alpha) * sum;
}

template <Step kTileStep, std::int64_t kStride = 400>
struct RegisterTile {
  static constexpr Step kStep = kTileStep;
#ifdef __AVX512F__
  static constexpr std::int64_t kRows = 14;  // 28 sums, two of B, one or two of A: 32 registers
  static constexpr std::int64_t kSome = 8, kFew = 4;
#else
  static constexpr std::int64_t kRows = 6;  // 12 sums of 16 registers
  static constexpr std::int64_t kSome = 4, kFew = 2;
#endif
  static constexpr std::int64_t kColumns = 2 * kWidth;
  static constexpr std::int64_t kStepGrain = 1;
  // A panel of A is 21 KB of the first-level cache, a block of B 480 KB of the second. A is read
  // once a block of B: where floats are multiplied, 720 KB are 4 to 5 % faster (Sapphire Rapids,
  // 1,024 rows of 896 and 4,864; 960 KB are not faster again). Pairs are left at the size measured
  // on Zen 4.
  static constexpr std::int64_t kDepth = 384;
#ifdef __AVX512F__
  static constexpr std::int64_t kBlockColumns = kStep == Step::pair ? 320 : 480;
#else
  static constexpr std::int64_t kBlockColumns = 320;
#endif
  static constexpr std::int64_t kPanelStride = kStride;  // an odd number of cache lines

  static std::int64_t padded_rows(std::int64_t rows) {
    return rows <= kFew ? kFew : rows <= kSome ? kSome : kRows;
  }

  static void multiply(std::int64_t steps, const float* a, const float* b,
                       const TileTarget& target) {
    if (target.columns > kWidth) {
      with_vectors<2>(steps, a, b, target);
    } else {
      with_vectors<1>(steps, a, b, target);
    }
  }

 private:
  template <int kVectors>
  static void with_vectors(std::int64_t steps, const float* a, const float* b,
                           const TileTarget& target) {
    if (target.rows > kSome) {
      run<kRows, kVectors>(steps, a, b, target);
    } else if (target.rows > kFew) {
      run<kSome, kVectors>(steps, a, b, target);
    } else {
      run<kFew, kVectors>(steps, a, b, target);
    }
  }

  // Not inlined: in a larger function the compiler runs out of registers and keeps a sum in memory.
  template <int kTileRows, int kVectors>
  __attribute__((noinline)) static void run(std::int64_t steps, const float* a, const float* b,
                                            const TileTarget& target) {
    Vec sum[kTileRows][kVectors];
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[i][v] = zero();
    }
    for (std::int64_t s = 0; s < steps; ++s) {
      Vec line[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) line[v] = load(b + s * kColumns + v * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kTileRows; ++i) {
        const Vec row = set(a[i * kPanelStride + s]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) {
          sum[i][v] = multiply_step<kStep>(row, line[v], sum[i][v]);
        }
      }
    }
    if (target.rows == kTileRows && target.columns == kVectors * kWidth) {
#pragma GCC unroll 16
      for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) {
          float* c = target.c + i * target.stride + v * kWidth;
          store(c, finish(sum[i][v], target.add ? load(c) : zero(), target));
        }
      }
      return;
    }
    const Mask last = first(target.columns - (kVectors - 1) * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
      if (i >= target.rows) break;
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        float* c = target.c + i * target.stride + v * kWidth;
        const Mask mask = v + 1 == kVectors ? last : first(kWidth);
        store(c, finish(sum[i][v], target.add ? load(c, mask) : zero(), target), mask);
      }
    }
  }
};

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
