// The multiply-add rate of one thread with all operands in registers: the ceiling that the benches
// compare with. Compiled for each instruction set.
#include <cstdint>

#ifdef ATTUNE_TILES
#include "kernels/x86/tile_unit.h"
#else
#include "kernels/x86/gemm_tile.h"
#endif

namespace attune::kernels::ATTUNE_VECTOR_SET {

#ifdef ATTUNE_TILES

double register_work(std::int64_t rounds, bool bf16) {
  if (!bf16) return 0;
  alignas(64) float data[256];
  for (int i = 0; i < 256; ++i) data[i] = 1.0f + 0.003f * static_cast<float>(i);
  configure_tiles();
  zero_tile<0>();
  zero_tile<1>();
  zero_tile<2>();
  zero_tile<3>();
  load_tile<4>(data, 64);
  load_tile<5>(data, 64);
  load_tile<6>(data, 64);
  load_tile<7>(data, 64);
  for (std::int64_t i = 0; i < rounds; ++i) {
    multiply_tiles<0, 4, 6>();
    multiply_tiles<1, 4, 7>();
    multiply_tiles<2, 5, 6>();
    multiply_tiles<3, 5, 7>();
  }
  release_tiles();
  return static_cast<double>(rounds) * 4 * 2 * 16 * 16 * 32;
}

#else

template <Step kStep>
double work(std::int64_t rounds) {
  constexpr int kChains = 12;
  constexpr std::int64_t kElements = kStep == Step::pair ? 2 : 1;
  Vec total[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) total[i] = set(static_cast<float>(i));
  const Vec a = set(0.999f), b = set(1.001f);
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) total[i] = multiply_step<kStep>(a, b, total[i]);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) __asm__ volatile("" : : "x"(total[i]));
  return static_cast<double>(rounds * kChains * 2 * kWidth * kElements);
}

// Does `rounds` rounds and returns the operations done; 0 where the set has no such instruction of
// its own.
double register_work(std::int64_t rounds, bool bf16) {
#ifdef __AVX512BF16__
  return bf16 ? work<Step::pair>(rounds) : work<Step::plain>(rounds);
#else
  return bf16 ? 0 : work<Step::plain>(rounds);
#endif
}

#endif

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
