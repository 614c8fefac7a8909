// The multiply-add rate of one thread, the ceiling that products are compared with.
#include "kernels/x86/gemm_tile.h"
#include "kernels/x86/operations.h"
#ifdef ATTUNE_TILES
#include "kernels/x86/tile_unit.h"
#endif

namespace attune::kernels::ATTUNE_VECTOR_SET {
namespace {

// Two vectors of floats, or of pairs of bf16 made of them.
template <Step kStep>
ATTUNE_INLINE Vec operand(const float* data, int index) {
#ifdef __AVX512BF16__
  if constexpr (kStep == Step::pair) {
    return to_bf16(load(data + 2 * index * kWidth), load(data + (2 * index + 1) * kWidth));
  }
#endif
  return load(data + index * kWidth);
}

template <Step kStep>
double in_registers(const float* data, std::int64_t rounds) {
  constexpr int kChains = 12;  // with two of A and two of B they fit into 16 registers
  const Vec a[2] = {operand<kStep>(data, 0), operand<kStep>(data, 1)};
  const Vec b[2] = {operand<kStep>(data, 2), operand<kStep>(data, 3)};
  Vec total[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) {
    total[i] = zero();
    __asm__ volatile("" : "+x"(total[i]));  // else the compiler computes equal sums once
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) {
      total[i] = multiply_step<kStep>(a[i % 2], b[i / 2 % 2], total[i]);
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) __asm__ volatile("" : : "x"(total[i]));
  return static_cast<double>(rounds * kChains * 2 * kWidth * kStepElements<kStep>);
}

#ifdef ATTUNE_TILES
// Tiles from 16 KB of the first-level cache, two of A and two of B a step, as the product has them.
double in_tiles(const float* data, std::int64_t rounds) {
  constexpr std::int64_t kTileFloats = 256, kTiles = 16;
  alignas(64) float pairs[kTiles * kTileFloats];
  for (std::int64_t i = 0; i < kTiles * kTileFloats; i += kWidth) {
    store(pairs + i, to_bf16(load(data + i), load(data + kPeakFloats - kWidth - i)));
  }
  static_assert(kTiles * kTileFloats == kPeakFloats);
  configure_tiles();
  zero_tile<0>();
  zero_tile<1>();
  zero_tile<2>();
  zero_tile<3>();
  for (std::int64_t round = 0; round < rounds; ++round) {
    const float* step = pairs + round % (kTiles / 4) * 4 * kTileFloats;
    load_tile<4>(step, 64);
    load_tile<5>(step + kTileFloats, 64);
    load_tile<6>(step + 2 * kTileFloats, 64);
    load_tile<7>(step + 3 * kTileFloats, 64);
    multiply_tiles<0, 4, 6>();
    multiply_tiles<1, 4, 7>();
    multiply_tiles<2, 5, 6>();
    multiply_tiles<3, 5, 7>();
  }
  release_tiles();
  return static_cast<double>(rounds) * 4 * 2 * 16 * 16 * 32;
}
#endif

}  // namespace

double peak_work([[maybe_unused]] GemmMath math, const float* data, std::int64_t rounds) {
#if defined(ATTUNE_TILES)
  if (math == GemmMath::bf16) return in_tiles(data, rounds);
#elif defined(__AVX512BF16__)
  if (math == GemmMath::bf16) return in_registers<Step::pair>(data, rounds);
#endif
  return in_registers<Step::plain>(data, rounds);
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
