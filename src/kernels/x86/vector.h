// A small wrapper over the vector registers, so that each algorithm is written once and compiled
// per instruction set. A source file of this folder is compiled several times; ATTUNE_VECTOR_SET
// (avx2, avx512, avx512_bf16, amx) names the namespace of that compilation, so nothing of it can be
// mixed with another.
//
//   Vec           kWidth floats          load(p), store(p, v), set(x), zero(), a + b, a * b
//   first(n)      a Mask of the lowest n lanes; load(p, mask) gives 0 elsewhere, store(p, v, mask)
//   keeps memory fma(a, b, c)  a * b + c rounded once; fnma(a, b, c) is c - a * b exp(v) e^v; see
//   the bound there
//
// These files must not use inline functions of shared headers (std::, fmt::): the linker keeps one
// copy of such a function, and it must not be the one compiled with wide instructions.
#pragma once

#include <cstdint>

#include <immintrin.h>

#include "kernels/quantised.h"

#ifndef ATTUNE_VECTOR_SET
#error "ATTUNE_VECTOR_SET is set by CMakeLists.txt for each instruction set"
#endif

#define ATTUNE_INLINE static inline __attribute__((always_inline))

#ifdef __AVX512F__
#include "kernels/x86/vector_avx512.h"
#else
#include "kernels/x86/vector_avx2.h"
#endif

namespace attune::kernels::ATTUNE_VECTOR_SET {

ATTUNE_INLINE std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
ATTUNE_INLINE std::int64_t larger(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
ATTUNE_INLINE std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// Lanes of the vector at `i` of an array of n.
ATTUNE_INLINE bool whole(std::int64_t i, std::int64_t n) { return i + kWidth <= n; }
ATTUNE_INLINE Mask rest(std::int64_t i, std::int64_t n) { return first(smaller(n - i, kWidth)); }
ATTUNE_INLINE Vec load_at(const float* p, std::int64_t i, std::int64_t n) {
  return whole(i, n) ? load(p + i) : load(p + i, rest(i, n));
}
ATTUNE_INLINE void store_at(float* p, std::int64_t i, std::int64_t n, Vec v) {
  if (whole(i, n)) {
    store(p + i, v);
  } else {
    store(p + i, v, rest(i, n));
  }
}

// e^v with a relative error below 1.2e-7; results below 2^-126 lose bits gradually, exp(-inf) = 0,
// exp(inf) = inf, NaN stays NaN. e^v = 2^n e^r, |r| <= ln2 / 2: r = v - n ln2 with ln2 in two
// parts, e^r = 1 + r + r^2 q(r) with q the polynomial of degree 4 with the least largest relative
// error (3e-9).
ATTUNE_INLINE Vec exp(Vec v) {
  const Vec x = min(set(89.0f), max(set(-104.0f), v));
  const Vec n = round_to_integer(x * set(0x1.715476p+0f));
  const Vec r = fnma(n, set(-0x1.bd0106p-13f), fnma(n, set(0x1.63p-1f), x));
  Vec q = set(0x1.6a2352p-10f);
  q = fma(q, r, set(0x1.123a6cp-7f));
  q = fma(q, r, set(0x1.5558f4p-5f));
  q = fma(q, r, set(0x1.55549p-3f));
  q = fma(q, r, set(0x1.fffffcp-2f));
  return times_power_of_two(fma(q * r, r, r) + set(1.0f), n);
}

// 1 / (1 + e^-v)
ATTUNE_INLINE Vec sigmoid(Vec v) { return set(1.0f) / (set(1.0f) + exp(zero() - v)); }

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
