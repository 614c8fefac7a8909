// The block step of attention for a few rows, as in decoding: every key and value is used once a
// row, so none is packed. Keys are turned in registers, four elements of a vector of keys at a
// time; values are read as they lie.
//
// A row sees the operations of attention_forward.cc over packed panels, in their order: the same
// bits.
#pragma once

#include <type_traits>

#include "kernels/x86/attention_block.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

// Rows whose sums fit in the registers, two vectors a row, beside keys and values.
#ifdef __AVX512F__
inline constexpr std::int64_t kFewAttentionRows = 8;
#else
inline constexpr std::int64_t kFewAttentionRows = 4;
#endif

// scores[i][j] = row i . key j for kWidth keys, `stride` floats apart.
template <int kRows>
ATTUNE_INLINE void score_keys(const float* rows, const float* keys, std::int64_t stride,
                              std::int64_t dim, float* scores) {
  Vec sum[kRows];
  for (Vec& row : sum) row = zero();
  for (std::int64_t d = 0; d < dim; d += 4) {
    Vec t[4];
    load_across(keys + d, stride, t);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      if (d + q >= dim) break;
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        sum[i] = fma(set(rows[i * kAttentionStride + d + q]), t[q], sum[i]);
      }
    }
  }
  for (int i = 0; i < kRows; ++i) store(scores + i * kAttentionStride, sum[i]);
}

// The scores of `count` keys; the last vector of keys, which may end early, is read from `copy`
// ([kWidth][kAttentionStride]), as are keys whose length is not a multiple of four.
template <int kRows>
void score_few_rows(const float* rows, const float* keys, std::int64_t stride, std::int64_t dim,
                    std::int64_t count, float* copy, float* scores) {
  for (std::int64_t j = 0; j < count; j += kWidth) {
    const std::int64_t used = smaller(kWidth, count - j);
    const float* block = keys + j * stride;
    if (used == kWidth && dim % 4 == 0) {
      score_keys<kRows>(rows, block, stride, dim, scores + j);
      continue;
    }
    for (std::int64_t i = 0; i < kWidth; ++i) {
      for (std::int64_t d = 0; d < round_up(dim, 4); d += kWidth) {
        store(copy + i * kAttentionStride + d,
              i < used && d < dim ? load_at(block + i * stride, d, dim) : zero());
      }
    }
    score_keys<kRows>(rows, copy, kAttentionStride, dim, scores + j);
  }
}

// out[i] += sum over `count` keys of weights[i][j] * value j, elements [d, d + kVectors * kWidth).
template <int kRows, int kVectors>
ATTUNE_INLINE void add_values(const float* weights, const float* values, std::int64_t stride,
                              std::int64_t d, std::int64_t dim, std::int64_t count, float* out) {
  Vec sum[kRows][kVectors];
  for (auto& row : sum) {
    for (Vec& v : row) v = zero();
  }
  for (std::int64_t j = 0; j < count; ++j) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const Vec value = load_at(values + j * stride, d + v * kWidth, dim);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        sum[i][v] = fma(set(weights[i * kAttentionStride + j]), value, sum[i][v]);
      }
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) {
      float* to = out + i * kMaxHeadDim + d + v * kWidth;
      store(to, fma(set(1.0f), sum[i][v], load(to)));
    }
  }
}

template <int kRows>
void add_values_of_few_rows(const float* weights, const float* values, std::int64_t stride,
                            std::int64_t dim, std::int64_t count, float* out) {
  std::int64_t d = 0;
  for (; d + kWidth < dim; d += 2 * kWidth) {
    add_values<kRows, 2>(weights, values, stride, d, dim, count, out);
  }
  if (d < dim) add_values<kRows, 1>(weights, values, stride, d, dim, count, out);
}

// work(integral constant) for a number of rows, 1 to kFewAttentionRows.
template <int kRows = 1, class Work>
ATTUNE_INLINE void with_few_rows(std::int64_t rows, const Work& work) {
  if constexpr (kRows < kFewAttentionRows) {
    if (rows > kRows) return with_few_rows<kRows + 1>(rows, work);
  }
  work(std::integral_constant<int, kRows>{});
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
