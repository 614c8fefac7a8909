// Products of a few rows with a transposed weight, as in decoding: C[m, n] = A[m, k] * W[n, k]^T, m
// <= kFewRows. Every weight is used m times only, so no block of W is packed: it is turned in
// registers, four steps of a vector of columns at a time, and multiplied at once.
//
// An element sees the operations of gemm_blocked.h over RegisterTile, in their order: a row has the
// same bits among few rows as among many.
#pragma once

#include "kernels/x86/gemm_tile.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

// Up to here the path beats the blocked one (bench/kernels_bench --only decode).
inline constexpr std::int64_t kFewRows = 4;
// k up to which A fits in the scratch.
inline constexpr std::int64_t kFewRowsDepth = 65536;
static_assert(kFewRows * (kFewRowsDepth + kWidth) * 4 <= kGemmScratchBytes);

ATTUNE_INLINE bool suits_few_rows(const GemmArgs& args) {
  return args.m <= kFewRows && args.k <= kFewRowsDepth && !args.a.transposed && args.b.transposed;
}

// Steps of the rows of A, `stride` apart.
struct FewRows {
  const float* steps;
  std::int64_t stride;
};

template <class Source>
FewRows prepare_rows(const GemmArgs& args, const Source& a, std::int64_t steps) {
  auto* rows = reinterpret_cast<float*>(args.scratch);
  const std::int64_t stride = round_up(steps, kWidth);
  for (std::int64_t i = 0; i < args.m; ++i) {
    for (std::int64_t s = 0; s < steps; s += kWidth) store(rows + i * stride + s, a.along(i, s));
  }
  return {rows, stride};
}

// Columns at a time: two vectors, so that sums do not wait for each other.
inline constexpr std::int64_t kStripColumns = 2 * kWidth;
// Steps of a strip that is copied; its lines are an odd number of cache lines apart.
inline constexpr std::int64_t kStripSteps = 64, kStripStride = kStripSteps + 16;

// kStripColumns lines over k of W as steps, `stride` apart.
struct Strip {
  const float* steps;
  std::int64_t stride;
};

// Adds `steps` steps of the strip to the rows' sums. `a` is the first of them in the first row.
template <Step kStep, int kRows>
ATTUNE_INLINE void multiply_strip(const FewRows& a, const Strip& b, std::int64_t steps,
                                  Vec (&sum)[2][kRows]) {
  const auto add = [&](std::int64_t s, Vec line, Vec(&panel)[kRows]) {
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      panel[i] = multiply_step<kStep>(set(a.steps[i * a.stride + s]), line, panel[i]);
    }
  };
  std::int64_t s = 0;
  for (; s + 4 <= steps; s += 4) {
#pragma GCC unroll 2
    for (int p = 0; p < 2; ++p) {
      Vec t[4];
      load_across(b.steps + p * kWidth * b.stride + s, b.stride, t);
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) add(s + q, t[q], sum[p]);
    }
  }
  if (s == steps) return;
  for (int p = 0; p < 2; ++p) {
    Vec t[4];
    load_across(b.steps + p * kWidth * b.stride + s, b.stride, t);
    for (int q = 0; q < steps - s; ++q) add(s + q, t[q], sum[p]);
  }
}

// Where the strip's lines can be read as they are: steps are four bytes of memory, and the lines do
// not fall on each other in the first-level cache, whose lines of a set are 4 KB apart.
template <class Source>
inline constexpr bool kStepsInMemory = false;
template <>
inline constexpr bool kStepsInMemory<Lines<Step::plain, Dtype::f32>> = true;
template <>
inline constexpr bool kStepsInMemory<Lines<Step::pair, Dtype::bf16>> = true;

template <class Source>
ATTUNE_INLINE bool reads_in_place(const Source& b, std::int64_t column) {
  const std::int64_t stride = b.operand.stride;
  return kStepsInMemory<Source> && column + kStripColumns <= b.line_count &&
         stride % Source::kElements == 0 && stride / Source::kElements % 512 != 0;
}

template <class Source>
ATTUNE_INLINE void copy_strip(const Source& b, std::int64_t column, std::int64_t step,
                              std::int64_t steps, float* copy) {
  if (b.holds(column, kStripColumns, step, kStripSteps)) {
    for (std::int64_t line = 0; line < kStripColumns; ++line) {
#pragma GCC unroll 8
      for (std::int64_t s = 0; s < kStripSteps; s += kWidth) {
        store(copy + line * kStripStride + s, b.inside(column + line, step + s));
      }
    }
    return;
  }
  for (std::int64_t line = 0; line < kStripColumns; ++line) {
    for (std::int64_t s = 0; s < steps; s += kWidth) {
      store(copy + line * kStripStride + s, b.along(column + line, step + s));
    }
  }
}

// kStripColumns columns from `column` on, all of k.
template <Step kStep, int kRows, class Source>
void multiply_columns(const GemmArgs& args, const FewRows& a, const Source& b, std::int64_t column,
                      std::int64_t steps) {
  const std::int64_t depth = block_depth<RegisterTile<kStep>>(steps);
  const bool in_place = reads_in_place(b, column);
  const std::int64_t whole_steps = in_place ? args.k / Source::kElements : 0;
  const float* lines = static_cast<const float*>(b.operand.data);
  const std::int64_t stride = b.operand.stride / Source::kElements;
  alignas(64) float copy[kStripColumns * kStripStride];
  for (std::int64_t begin = 0; begin == 0 || begin < steps; begin += depth) {
    const std::int64_t end = smaller(steps, begin + depth);
    Vec sum[2][kRows];
    for (auto& panel : sum) {
      for (Vec& row : panel) row = zero();
    }
    std::int64_t s = begin;
    if (in_place) {
      s = smaller(end, begin + (whole_steps - begin) / 4 * 4);
      multiply_strip<kStep, kRows>({a.steps + begin, a.stride},
                                   {lines + column * stride + begin, stride}, s - begin, sum);
    }
    for (std::int64_t count = 0; s < end; s += count) {
      count = smaller(kStripSteps, end - s);
      copy_strip(b, column, s, count, copy);
      multiply_strip<kStep, kRows>({a.steps + s, a.stride}, {copy, kStripStride}, count, sum);
    }
    for (std::int64_t p = 0; p < 2; ++p) {
      const std::int64_t from = column + p * kWidth;
      if (from >= args.n) break;
      const TileTarget target{args.c + from, args.c_stride,
                              kRows,         smaller(args.n - from, kWidth),
                              args.alpha,    args.accumulate || begin > 0};
      for (std::int64_t i = 0; i < kRows; ++i) {
        float* c = target.c + i * target.stride;
        const Vec before = target.add ? load_at(c, 0, target.columns) : zero();
        store_at(c, 0, target.columns, finish(sum[p][i], before, target));
      }
    }
  }
}

template <Step kStep, int kRows, class Source>
void multiply_few_rows(const GemmArgs& args, const FewRows& a, const Source& b,
                       std::int64_t steps) {
  for (std::int64_t j = 0; j < args.n; j += kStripColumns) {
    multiply_columns<kStep, kRows>(args, a, b, j, steps);
  }
}

template <Step kStep>
void gemm_few_rows(const GemmArgs& args) {
  static_assert(kFewRows == 4);
  with_lines<kStep>(args, [&](const auto& a, const auto& b) {
    const std::int64_t steps = steps_of<kStep>(args.k);
    const FewRows rows = prepare_rows(args, a, steps);
    switch (args.m) {
      case 1:
        return multiply_few_rows<kStep, 1>(args, rows, b, steps);
      case 2:
        return multiply_few_rows<kStep, 2>(args, rows, b, steps);
      case 3:
        return multiply_few_rows<kStep, 3>(args, rows, b, steps);
      default:
        return multiply_few_rows<kStep, 4>(args, rows, b, steps);
    }
  });
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
