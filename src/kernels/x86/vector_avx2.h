// The vector wrapper over AVX2 and FMA. Included by vector.h only.
#pragma once

namespace attune::kernels::ATTUNE_VECTOR_SET {

using Vec = __m256;
using Mask = __m256i;  // all bits of a lane
inline constexpr std::int64_t kWidth = 8;

ATTUNE_INLINE Mask first(std::int64_t n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
}

ATTUNE_INLINE Vec zero() { return _mm256_setzero_ps(); }
ATTUNE_INLINE Vec set(float x) { return _mm256_set1_ps(x); }
ATTUNE_INLINE Vec load(const float* p) { return _mm256_loadu_ps(p); }
ATTUNE_INLINE Vec load(const float* p, Mask mask) { return _mm256_maskload_ps(p, mask); }
ATTUNE_INLINE void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
ATTUNE_INLINE void store(float* p, Vec v, Mask mask) { _mm256_maskstore_ps(p, mask, v); }

ATTUNE_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
ATTUNE_INLINE Vec fnma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }
// Where either is NaN, both give b.
ATTUNE_INLINE Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
ATTUNE_INLINE Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
ATTUNE_INLINE Vec square_root(Vec v) { return _mm256_sqrt_ps(v); }
ATTUNE_INLINE Vec round_to_integer(Vec v) {
  return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// v * 2^n for integral n in [-252, 254], in two factors so that the result may underflow gradually.
ATTUNE_INLINE Vec power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
ATTUNE_INLINE Vec times_power_of_two(Vec v, Vec n) {
  const __m256i whole = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  return v * power_of_two(half) * power_of_two(_mm256_sub_epi32(whole, half));
}

// Lanes where the mask is set come from `a`, the others from `b`.
ATTUNE_INLINE Vec select(Mask mask, Vec a, Vec b) {
  return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(mask));
}
ATTUNE_INLINE Mask equal(Vec a, Vec b) {
  return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_EQ_OQ));
}
ATTUNE_INLINE Mask greater(Vec a, Vec b) {
  return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_GT_OQ));
}
// The lowest set lane, or kWidth.
ATTUNE_INLINE int lowest(Mask mask) {
  const int lanes = _mm256_movemask_ps(_mm256_castsi256_ps(mask));
  return lanes == 0 ? 8 : __builtin_ctz(static_cast<unsigned>(lanes));
}

ATTUNE_INLINE float sum(Vec v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
ATTUNE_INLINE float first_lane(Vec v) { return _mm256_cvtss_f32(v); }
ATTUNE_INLINE float largest(Vec v) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// Doubles: the lower and the upper half of v, each half of kWidth lanes.
using DoubleVec = __m256d;
ATTUNE_INLINE DoubleVec zero_double() { return _mm256_setzero_pd(); }
ATTUNE_INLINE DoubleVec low_double(Vec v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
ATTUNE_INLINE DoubleVec high_double(Vec v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }
ATTUNE_INLINE double sum(DoubleVec v) {
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

// kWidth bf16 widened to floats; `count` below kWidth gives 0 elsewhere.
ATTUNE_INLINE Vec load_bf16(const std::uint16_t* p) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
ATTUNE_INLINE Vec load_bf16(const std::uint16_t* p, std::int64_t count) {
  std::uint16_t copy[8] = {};
  for (std::int64_t i = 0; i < count; ++i) copy[i] = p[i];
  return load_bf16(copy);
}

// The first and the second of the two bf16 of each lane, widened.
ATTUNE_INLINE Vec even_halves(Vec bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(bits), 16));
}
ATTUNE_INLINE Vec odd_halves(Vec bits) {
  const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xffff0000u));
  return _mm256_castsi256_ps(_mm256_and_si256(_mm256_castps_si256(bits), upper));
}

// kWidth integers of 8 bits as floats.
ATTUNE_INLINE Vec load_int8(const std::int8_t* p) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
// kWidth pairs of them, the first of each pair and the second.
ATTUNE_INLINE void load_int8_pairs(const std::int8_t* p, Vec& even, Vec& odd) {
  const __m256i pairs = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  even = _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(pairs, 16), 16));
  odd = _mm256_cvtepi32_ps(_mm256_srai_epi32(pairs, 16));
}
// The levels of the codes in the lower four bits of each lane.
ATTUNE_INLINE Vec levels_of(__m256i codes) {
  const Vec low = _mm256_permutevar8x32_ps(load(kNormalFloatLevels), codes);
  const Vec high = _mm256_permutevar8x32_ps(load(kNormalFloatLevels + 8), codes);
  return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28)));
}
// The levels of kWidth codes of 4 bits, the lower half of a byte first.
ATTUNE_INLINE Vec load_nf4(const std::uint8_t* p) {
  const __m128i bytes = _mm_cvtepu8_epi16(_mm_loadu_si32(p));
  const __m128i codes = _mm_or_si128(_mm_and_si128(bytes, _mm_set1_epi16(0x0f)),
                                     _mm_slli_epi16(_mm_and_si128(bytes, _mm_set1_epi16(0xf0)), 4));
  return levels_of(_mm256_cvtepu8_epi32(codes));
}
// kWidth pairs of them, the first of each pair and the second.
ATTUNE_INLINE void load_nf4_pairs(const std::uint8_t* p, Vec& even, Vec& odd) {
  const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  even = levels_of(bytes);
  odd = levels_of(_mm256_srli_epi32(bytes, 4));
}

// Unsigned integers of 64 bits.
using Lanes = __m256i;
inline constexpr std::int64_t kLanes = 4;
ATTUNE_INLINE Lanes set_lanes(std::uint64_t x) {
  return _mm256_set1_epi64x(static_cast<long long>(x));
}
// {first, first + 1, ...}
ATTUNE_INLINE Lanes count_from(std::uint64_t first) {
  return _mm256_add_epi64(set_lanes(first), _mm256_setr_epi64x(0, 1, 2, 3));
}
// The product of the lower halves.
ATTUNE_INLINE Lanes multiply_lower(Lanes a, Lanes b) { return _mm256_mul_epu32(a, b); }
template <int kBits>
ATTUNE_INLINE Lanes shift_right(Lanes v) {
  return _mm256_srli_epi64(v, kBits);
}
ATTUNE_INLINE void store_lanes(std::uint64_t* p, Lanes v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}

// The lowest kWidth bits as a mask.
ATTUNE_INLINE Mask from_bits(std::uint32_t bits) {
  const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i own = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), lane);
  return _mm256_cmpeq_epi32(own, lane);
}

// To the nearest bf16, ties to even; NaN stays NaN.
ATTUNE_INLINE Vec round_bf16(Vec v) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i up = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i cut = _mm256_and_si256(up, _mm256_set1_epi32(static_cast<int>(0xffff0000u)));
  return _mm256_blendv_ps(_mm256_castsi256_ps(cut), v, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
}

// t[i] = float i of each of the kWidth rows that begin at p, `stride` floats apart.
ATTUNE_INLINE void load_across(const float* p, std::int64_t stride, Vec (&t)[4]) {
  Vec v[4];  // the two lanes of 128 bits of v[i] are of rows i, 4 + i
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p + i * stride)),
                                _mm_loadu_ps(p + (4 + i) * stride), 1);
  }
  const __m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(v[0], v[1]));
  const __m256d b = _mm256_castps_pd(_mm256_unpackhi_ps(v[0], v[1]));
  const __m256d c = _mm256_castps_pd(_mm256_unpacklo_ps(v[2], v[3]));
  const __m256d d = _mm256_castps_pd(_mm256_unpackhi_ps(v[2], v[3]));
  t[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, c));
  t[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, c));
  t[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(b, d));
  t[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(b, d));
}

// Transposes kWidth vectors of kWidth lanes in place.
ATTUNE_INLINE void transpose(Vec (&t)[8]) {
  Vec u[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 2) {
    u[i] = _mm256_unpacklo_ps(t[i], t[i + 1]);
    u[i + 1] = _mm256_unpackhi_ps(t[i], t[i + 1]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 4) {
    t[i] = _mm256_shuffle_ps(u[i], u[i + 2], 0x44);
    t[i + 1] = _mm256_shuffle_ps(u[i], u[i + 2], 0xee);
    t[i + 2] = _mm256_shuffle_ps(u[i + 1], u[i + 3], 0x44);
    t[i + 3] = _mm256_shuffle_ps(u[i + 1], u[i + 3], 0xee);
  }
#pragma GCC unroll 8
  for (int c = 0; c < 4; ++c) {
    u[c] = _mm256_permute2f128_ps(t[c], t[c + 4], 0x20);
    u[c + 4] = _mm256_permute2f128_ps(t[c], t[c + 4], 0x31);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) t[i] = u[i];
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
