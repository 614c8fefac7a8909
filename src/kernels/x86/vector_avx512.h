// The vector wrapper over AVX-512 (F, BW, DQ, VL). Included by vector.h only.
#pragma once

namespace attune::kernels::ATTUNE_VECTOR_SET {

using Vec = __m512;
using Mask = __mmask16;
inline constexpr std::int64_t kWidth = 16;

ATTUNE_INLINE Mask first(std::int64_t n) { return static_cast<Mask>((1u << n) - 1u); }

ATTUNE_INLINE Vec zero() { return _mm512_setzero_ps(); }
ATTUNE_INLINE Vec set(float x) { return _mm512_set1_ps(x); }
ATTUNE_INLINE Vec load(const float* p) { return _mm512_loadu_ps(p); }
ATTUNE_INLINE Vec load(const float* p, Mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
ATTUNE_INLINE void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
ATTUNE_INLINE void store(float* p, Vec v, Mask mask) { _mm512_mask_storeu_ps(p, mask, v); }

ATTUNE_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
ATTUNE_INLINE Vec fnma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }
// Where either is NaN, both give b.
ATTUNE_INLINE Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
ATTUNE_INLINE Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
ATTUNE_INLINE Vec square_root(Vec v) { return _mm512_sqrt_ps(v); }
ATTUNE_INLINE Vec round_to_integer(Vec v) {
  return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// v * 2^n for integral n, with gradual underflow.
ATTUNE_INLINE Vec times_power_of_two(Vec v, Vec n) { return _mm512_scalef_ps(v, n); }

// Lanes where the mask is set come from `a`, the others from `b`.
ATTUNE_INLINE Vec select(Mask mask, Vec a, Vec b) { return _mm512_mask_blend_ps(mask, b, a); }
ATTUNE_INLINE Mask equal(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
ATTUNE_INLINE Mask greater(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
// The lowest set lane, or kWidth.
ATTUNE_INLINE int lowest(Mask mask) { return mask == 0 ? 16 : __builtin_ctz(mask); }

ATTUNE_INLINE float sum(Vec v) { return _mm512_reduce_add_ps(v); }
ATTUNE_INLINE float first_lane(Vec v) { return _mm512_cvtss_f32(v); }
ATTUNE_INLINE float largest(Vec v) { return _mm512_reduce_max_ps(v); }

// Doubles: the lower and the upper half of v, each half of kWidth lanes.
using DoubleVec = __m512d;
ATTUNE_INLINE DoubleVec zero_double() { return _mm512_setzero_pd(); }
ATTUNE_INLINE DoubleVec low_double(Vec v) { return _mm512_cvtps_pd(_mm512_castps512_ps256(v)); }
ATTUNE_INLINE DoubleVec high_double(Vec v) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)); }
ATTUNE_INLINE double sum(DoubleVec v) { return _mm512_reduce_add_pd(v); }

// The lanes as 32-bit patterns: lane i is the bits of p[i], two bf16.
ATTUNE_INLINE Vec load_bits(const std::uint16_t* p) { return _mm512_loadu_ps(p); }
ATTUNE_INLINE Vec load_bits(const std::uint16_t* p, std::int64_t halves) {
  const auto mask = static_cast<__mmask32>(halves >= 32 ? ~0u : (1u << halves) - 1u);
  return _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(mask, p));
}

// kWidth bf16 widened to floats; `count` below kWidth gives 0 elsewhere.
ATTUNE_INLINE Vec widen(__m256i halves) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
ATTUNE_INLINE Vec load_bf16(const std::uint16_t* p) {
  return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
ATTUNE_INLINE Vec load_bf16(const std::uint16_t* p, std::int64_t count) {
  return widen(_mm256_maskz_loadu_epi16(first(count), p));
}

// The first and the second of the two bf16 of each lane, widened.
ATTUNE_INLINE Vec even_halves(Vec bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(bits), 16));
}
ATTUNE_INLINE Vec odd_halves(Vec bits) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(bits), upper));
}

// kWidth integers of 8 bits as floats.
ATTUNE_INLINE Vec load_int8(const std::int8_t* p) {
  return _mm512_cvtepi32_ps(
      _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
// kWidth pairs of them, the first of each pair and the second.
ATTUNE_INLINE void load_int8_pairs(const std::int8_t* p, Vec& even, Vec& odd) {
  const __m512i pairs =
      _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  even = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(pairs, 16), 16));
  odd = _mm512_cvtepi32_ps(_mm512_srai_epi32(pairs, 16));
}
// The levels of kWidth codes of 4 bits, the lower half of a byte first.
ATTUNE_INLINE Vec load_nf4(const std::uint8_t* p) {
  const __m128i bytes = _mm_cvtepu8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  const __m128i codes = _mm_or_si128(_mm_and_si128(bytes, _mm_set1_epi16(0x0f)),
                                     _mm_slli_epi16(_mm_and_si128(bytes, _mm_set1_epi16(0xf0)), 4));
  return _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(codes), load(kNormalFloatLevels));
}

// kWidth pairs of them, the first of each pair and the second.
ATTUNE_INLINE void load_nf4_pairs(const std::uint8_t* p, Vec& even, Vec& odd) {
  const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  const Vec levels = load(kNormalFloatLevels);
  even = _mm512_permutexvar_ps(bytes, levels);  // by the lower four bits
  odd = _mm512_permutexvar_ps(_mm512_srli_epi32(bytes, 4), levels);
}

// Unsigned integers of 64 bits.
using Lanes = __m512i;
inline constexpr std::int64_t kLanes = 8;
ATTUNE_INLINE Lanes set_lanes(std::uint64_t x) {
  return _mm512_set1_epi64(static_cast<long long>(x));
}
// {first, first + 1, ...}
ATTUNE_INLINE Lanes count_from(std::uint64_t first) {
  return _mm512_add_epi64(set_lanes(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
}
// The product of the lower halves.
ATTUNE_INLINE Lanes multiply_lower(Lanes a, Lanes b) { return _mm512_mul_epu32(a, b); }
template <int kBits>
ATTUNE_INLINE Lanes shift_right(Lanes v) {
  return _mm512_srli_epi64(v, kBits);
}
ATTUNE_INLINE void store_lanes(std::uint64_t* p, Lanes v) { _mm512_storeu_si512(p, v); }

// The lowest kWidth bits as a mask.
ATTUNE_INLINE Mask from_bits(std::uint32_t bits) { return static_cast<Mask>(bits); }

// To the nearest bf16, ties to even; NaN stays NaN.
ATTUNE_INLINE Vec round_bf16(Vec v) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __m512i cut = _mm512_and_si512(up, _mm512_set1_epi32(static_cast<int>(0xffff0000u)));
  const Mask nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  return _mm512_mask_mov_ps(_mm512_castsi512_ps(cut), nan, v);
}

// t[i] = float i of each of the kWidth rows that begin at p, `stride` floats apart.
ATTUNE_INLINE void load_across(const float* p, std::int64_t stride, Vec (&t)[4]) {
  Vec v[4];  // the four lanes of 128 bits of v[i] are of rows i, 4 + i, 8 + i, 12 + i
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm512_castps128_ps512(_mm_loadu_ps(p + i * stride));
    v[i] = _mm512_mask_broadcast_f32x4(v[i], 0x00f0, _mm_loadu_ps(p + (4 + i) * stride));
    v[i] = _mm512_mask_broadcast_f32x4(v[i], 0x0f00, _mm_loadu_ps(p + (8 + i) * stride));
    v[i] = _mm512_mask_broadcast_f32x4(v[i], 0xf000, _mm_loadu_ps(p + (12 + i) * stride));
  }
  const __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(v[0], v[1]));
  const __m512d b = _mm512_castps_pd(_mm512_unpackhi_ps(v[0], v[1]));
  const __m512d c = _mm512_castps_pd(_mm512_unpacklo_ps(v[2], v[3]));
  const __m512d d = _mm512_castps_pd(_mm512_unpackhi_ps(v[2], v[3]));
  t[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
  t[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
  t[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
  t[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
}

// Transposes kWidth vectors of kWidth lanes in place.
ATTUNE_INLINE void transpose(Vec (&t)[16]) {
  Vec u[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 2) {  // pairs of rows
    u[i] = _mm512_unpacklo_ps(t[i], t[i + 1]);
    u[i + 1] = _mm512_unpackhi_ps(t[i], t[i + 1]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16;
       i += 4) {  // fours: t[i + c] holds column 4 l + c of rows i..i+3 in its 128-bit lane l
    const __m512d a = _mm512_castps_pd(u[i]), b = _mm512_castps_pd(u[i + 1]);
    const __m512d c = _mm512_castps_pd(u[i + 2]), d = _mm512_castps_pd(u[i + 3]);
    t[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    t[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    t[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    t[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }
#pragma GCC unroll 16
  for (int c = 0; c < 4; ++c) {  // gather the 128-bit lanes of a column
    const Vec low02 = _mm512_shuffle_f32x4(t[c], t[c + 4], 0x88);
    const Vec low13 = _mm512_shuffle_f32x4(t[c], t[c + 4], 0xdd);
    const Vec high02 = _mm512_shuffle_f32x4(t[c + 8], t[c + 12], 0x88);
    const Vec high13 = _mm512_shuffle_f32x4(t[c + 8], t[c + 12], 0xdd);
    u[c] = _mm512_shuffle_f32x4(low02, high02, 0x88);
    u[c + 4] = _mm512_shuffle_f32x4(low13, high13, 0x88);
    u[c + 8] = _mm512_shuffle_f32x4(low02, high02, 0xdd);
    u[c + 12] = _mm512_shuffle_f32x4(low13, high13, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) t[i] = u[i];
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
