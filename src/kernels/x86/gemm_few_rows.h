// Products of a few rows with a transposed weight, as in decoding: C[m, n] = A[m, k] * W[n, k]^T.
// Every weight is used m times only, so no block of W is packed. Where W lies by rows it is turned
// in registers, four steps of a vector of columns at a time, and multiplied at once; where it lies
// in panels it is multiplied as it comes, and the memory is what bounds it.
//
// An element sees the operations of gemm_blocked.h over RegisterTile, in their order: a row has the
// same bits among few rows as among many.
#pragma once

#include "kernels/x86/gemm_tile.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

// Up to here the path beats the blocked one (bench/kernels_bench --only decode); with W in panels,
// up to the rows of a tile.
inline constexpr std::int64_t kFewRows = 4;

template <Step kStep>
ATTUNE_INLINE bool suits_few_rows(const GemmArgs& args) {
  const std::int64_t most = args.b.panels ? RegisterTile<kStep>::kRows : kFewRows;
  return args.m <= most && !args.a.transposed && args.b.transposed &&
         most * round_up(steps_of<kStep>(args.k), kWidth) * 4 <= kGemmScratchBytes;
}

// Steps of the rows of A, `stride` apart.
struct FewRows {
  const float* steps;
  std::int64_t stride;
};

// `count` rows; those beyond the operand are zero.
template <class Source>
FewRows prepare_rows(const GemmArgs& args, const Source& a, std::int64_t count,
                     std::int64_t steps) {
  auto* rows = reinterpret_cast<float*>(args.scratch);
  const std::int64_t stride = round_up(steps, kWidth);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t s = 0; s < steps; s += kWidth) store(rows + i * stride + s, a.along(i, s));
  }
  return {rows, stride};
}

// Into kWidth columns of C from `column` on, those that exist; adds to C when `add`.
template <int kRows>
ATTUNE_INLINE void store_sums(const GemmArgs& args, std::int64_t column, bool add,
                              const Vec (&sum)[kRows]) {
  const TileTarget target{.c = args.c + column,
                          .stride = args.c_stride,
                          .rows = smaller(args.m, kRows),
                          .columns = smaller(args.n - column, kWidth),
                          .alpha = args.alpha,
                          .add = add};
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    if (i >= target.rows) break;
    float* c = target.c + i * target.stride;
    const Vec before = target.add ? load_at(c, 0, target.columns) : zero();
    store_at(c, 0, target.columns, finish(sum[i], before, target));
  }
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
      store_sums(args, from, args.accumulate || begin > 0, sum[p]);
    }
  }
}

// The same with a panel. Not inlined: in a larger function the compiler keeps sums in memory.
template <Step kStep, int kRows, Dtype kStored>
__attribute__((noinline)) void multiply_columns(const GemmArgs& args, const FewRows& a,
                                                const Panels<kStep, kStored>& b,
                                                std::int64_t column, std::int64_t steps) {
  constexpr int kSteps = Panels<kStep, kStored>::kSteps;
  const std::int64_t depth = block_depth<RegisterTile<kStep>>(steps);
  for (std::int64_t begin = 0; begin == 0 || begin < steps; begin += depth) {
    const std::int64_t end = smaller(steps, begin + depth);
    Vec sum[2][kRows];
#pragma GCC unroll 2
    for (int p = 0; p < 2; ++p) {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) sum[p][i] = zero();
    }
    for (std::int64_t step = begin; step < end; step += kSteps) {
      Vec line[2][kSteps];
#pragma GCC unroll 2
      for (int p = 0; p < 2; ++p) {
        b.steps_of_pair(column + p * kWidth, step / kSteps, line[p]);
      }
#pragma GCC unroll 2
      for (int s = 0; s < kSteps; ++s) {  // the half behind an odd end is zero in A and W
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const Vec x = set(a.steps[i * a.stride + step + s]);
#pragma GCC unroll 2
          for (int p = 0; p < 2; ++p) {
            sum[p][i] = multiply_step<kStep>(x, line[p][s], sum[p][i]);
          }
        }
      }
    }
#pragma GCC unroll 2
    for (int p = 0; p < 2; ++p) {
      const std::int64_t from = column + p * kWidth;
      if (from < args.n) store_sums(args, from, args.accumulate || begin > 0, sum[p]);
    }
  }
}

template <Step kStep, int kRows, class SourceA, class SourceB>
void multiply_few_rows(const GemmArgs& args, const SourceA& a, const SourceB& b) {
  const std::int64_t steps = steps_of<kStep>(args.k);
  const FewRows rows = prepare_rows(args, a, kRows, steps);
  for (std::int64_t j = 0; j < args.n; j += kStripColumns)
    multiply_columns<kStep, kRows>(args, rows, b, j, steps);
}

template <Step kStep>
void gemm_few_rows(const GemmArgs& args) {
  static_assert(kFewRows == 4);
  using Tile = RegisterTile<kStep>;
  with_lines<kStep>(args, [&]<class Source>(const auto& a, const Source& b) {
    if constexpr (Source::kInPanels) {
      if (args.m > kFewRows && args.m <= Tile::kSome)
        return multiply_few_rows<kStep, Tile::kSome>(args, a, b);
      if (args.m > kFewRows) return multiply_few_rows<kStep, Tile::kRows>(args, a, b);
    }
    switch (args.m) {
      case 1:
        return multiply_few_rows<kStep, 1>(args, a, b);
      case 2:
        return multiply_few_rows<kStep, 2>(args, a, b);
      case 3:
        return multiply_few_rows<kStep, 3>(args, a, b);
      default:
        return multiply_few_rows<kStep, 4>(args, a, b);
    }
  });
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
