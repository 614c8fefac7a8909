// Products of a few rows with a transposed weight, as in decoding: C[m, n] = A[m, k] * W[n, k]^T, m
// <= kFewRows. Every weight is used m times only, so nothing is packed: the rows of W stream past
// the rows of A, a few at a time.
//
// Element (i, j) is the dot product of two rows: kLanes vectors of running sums over k, added in a
// fixed order. It depends on neither m, n nor the place of j, so n may be split anywhere.
#pragma once

#include "kernels/gemm.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

// k up to which A is rounded to bf16 once, in the scratch.
inline constexpr std::int64_t kFewRowsDepth = 65536;
static_assert(kFewRows * kFewRowsDepth * 4 <= kGemmScratchBytes);

ATTUNE_INLINE bool suits_few_rows(const GemmArgs& args) {
  return args.m <= kFewRows && args.k <= kFewRowsDepth && !args.a.transposed && args.b.transposed;
}

template <Dtype kStored, bool kRounded>
struct WeightRow {
  const GemmOperand& operand;

  Vec at(std::int64_t row, std::int64_t i, std::int64_t count) const {
    if constexpr (kStored == Dtype::bf16) {
      const auto* p = static_cast<const std::uint16_t*>(operand.data) + row * operand.stride + i;
      return count >= kWidth ? load_bf16(p) : load_bf16(p, count);
    } else {
      const auto* p = static_cast<const float*>(operand.data) + row * operand.stride + i;
      const Vec v = count >= kWidth ? load(p) : load(p, first(count));
      return kRounded ? round_bf16(v) : v;
    }
  }
};

// Rows of A as floats, `stride` apart.
struct FewRows {
  const float* data;
  std::int64_t stride;
};

// C[0..kRows, column..column + kColumns)
template <int kRows, int kColumns, class Weight>
ATTUNE_INLINE void dot_products(const GemmArgs& args, const FewRows& a, const Weight& weight,
                                std::int64_t column) {
  Vec total[kRows][kColumns][2];
  for (auto& row : total) {
    for (auto& element : row) element[0] = element[1] = zero();
  }
  std::int64_t p = 0;
  for (; p + 2 * kWidth <= args.k; p += 2 * kWidth) {
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) {
      const Vec low = weight.at(column + j, p, kWidth),
                high = weight.at(column + j, p + kWidth, kWidth);
#pragma GCC unroll 4
      for (int i = 0; i < kRows; ++i) {
        total[i][j][0] = fma(load(a.data + i * a.stride + p), low, total[i][j][0]);
        total[i][j][1] = fma(load(a.data + i * a.stride + p + kWidth), high, total[i][j][1]);
      }
    }
  }
  for (; p < args.k; p += kWidth) {
    for (int j = 0; j < kColumns; ++j) {
      const Vec w = weight.at(column + j, p, args.k - p);
      for (int i = 0; i < kRows; ++i) {
        total[i][j][0] = fma(load_at(a.data + i * a.stride, p, args.k), w, total[i][j][0]);
      }
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      float& c = args.c[i * args.c_stride + column + j];
      const float product = args.alpha * sum(total[i][j][0] + total[i][j][1]);
      c = args.accumulate ? c + product : product;
    }
  }
}

template <int kRows, class Weight>
void multiply_few_rows(const GemmArgs& args, const FewRows& a, const Weight& weight) {
  constexpr int kColumns = kRows <= 2 ? 4 : 2;
  std::int64_t j = 0;
  for (; j + kColumns <= args.n; j += kColumns) dot_products<kRows, kColumns>(args, a, weight, j);
  for (; j < args.n; ++j) dot_products<kRows, 1>(args, a, weight, j);
}

template <class Weight>
void multiply_few_rows(const GemmArgs& args, const FewRows& a, const Weight& weight) {
  static_assert(kFewRows == 4);
  switch (args.m) {
    case 1:
      return multiply_few_rows<1>(args, a, weight);
    case 2:
      return multiply_few_rows<2>(args, a, weight);
    case 3:
      return multiply_few_rows<3>(args, a, weight);
    case 4:
      return multiply_few_rows<4>(args, a, weight);
    default:
      return;
  }
}

// A as floats, rounded for bf16 math: in place where it already is, else in the scratch.
ATTUNE_INLINE FewRows prepare_rows(const GemmArgs& args) {
  if (args.a.dtype == Dtype::f32 && args.math == GemmMath::f32) {
    return {static_cast<const float*>(args.a.data), args.a.stride};
  }
  auto* rows = reinterpret_cast<float*>(args.scratch);
  for (std::int64_t i = 0; i < args.m; ++i) {
    for (std::int64_t p = 0; p < args.k; p += kWidth) {
      const Vec v = args.a.dtype == Dtype::bf16
                        ? WeightRow<Dtype::bf16, true>{args.a}.at(i, p, args.k - p)
                        : WeightRow<Dtype::f32, true>{args.a}.at(i, p, args.k - p);
      store_at(rows + i * args.k, p, args.k, v);
    }
  }
  return {rows, args.k};
}

ATTUNE_INLINE void gemm_few_rows(const GemmArgs& args) {
  const FewRows a = prepare_rows(args);
  if (args.b.dtype == Dtype::bf16) {
    multiply_few_rows(args, a, WeightRow<Dtype::bf16, true>{args.b});
  } else if (args.math == GemmMath::bf16) {
    multiply_few_rows(args, a, WeightRow<Dtype::f32, true>{args.b});
  } else {
    multiply_few_rows(args, a, WeightRow<Dtype::f32, false>{args.b});
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
