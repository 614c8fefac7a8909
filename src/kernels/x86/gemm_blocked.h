// The blocked product, the same for every tile: op(B) is packed in blocks that stay in the
// second-level cache, op(A) in panels that stay in the first-level cache while all panels of the B
// block pass by.
//
//   for each block of columns                       Tile::kBlockColumns
//     for each block of k                           at most Tile::kDepth steps, of equal length
//       pack the block of op(B)
//       for each group of panels of rows            kGroupPanels
//         pack the panels of op(A)
//         for each panel of rows                    Tile::kRows
//           for each panel of columns               Tile::kColumns
//             Tile::multiply: a tile of C += panel x panel
//
// An element of C is the sum over k in rising order inside a block, and the blocks are added to C
// in rising order; the blocks depend on k alone. So its bits depend neither on m and n nor on the
// place in the tile.
#pragma once

#include "kernels/x86/gemm_pack.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

// Where a tile of the product goes.
struct TileTarget {
  float* c;
  std::int64_t stride, rows, columns;  // rows and columns of the tile that exist
  float alpha;
  bool add;  // else C is overwritten
};

// Panels of A packed at once: a multiple of kWidth rows for every tile, and whole cache lines when
// op(A) is read across.
inline constexpr std::int64_t kGroupPanels = 8;

// Steps of a block of k.
template <class Tile>
ATTUNE_INLINE std::int64_t block_depth(std::int64_t steps) {
  const std::int64_t blocks = larger(1, (steps + Tile::kDepth - 1) / Tile::kDepth);
  return larger(kWidth, round_up((steps + blocks - 1) / blocks, kWidth));
}

template <class Tile, class SourceA, class SourceB>
void multiply_blocks(const GemmArgs& args, const SourceA& a, const SourceB& b) {
  constexpr std::int64_t kGroupRows = kGroupPanels * Tile::kRows;
  constexpr std::int64_t kBlockFloats = Tile::kDepth * Tile::kBlockColumns;
  static_assert((kBlockFloats + kGroupRows * Tile::kPanelStride) * 4 <= kGemmScratchBytes);
  static_assert(Tile::kBlockColumns % Tile::kColumns == 0 && Tile::kPanelStride >= Tile::kDepth);
  auto* block = reinterpret_cast<float*>(args.scratch);
  float* panels = block + kBlockFloats;

  const std::int64_t steps = steps_of<Tile::kStep>(args.k);
  const std::int64_t depth = block_depth<Tile>(steps);

  for (std::int64_t column = 0; column < args.n; column += Tile::kBlockColumns) {
    const std::int64_t columns = smaller(args.n - column, Tile::kBlockColumns);
    for (std::int64_t step = 0; step == 0 || step < steps; step += depth) {  // once when k is 0
      const std::int64_t length = round_up(smaller(steps - step, depth), Tile::kStepGrain);
      for (std::int64_t j = 0; j < columns; j += Tile::kColumns) {
        pack_b(b, column + j, Tile::kColumns, step, length, block + j * length);
      }
      for (std::int64_t row = 0; row < args.m; row += kGroupRows) {
        const std::int64_t rows = smaller(args.m - row, kGroupRows);
        const std::int64_t last = (rows - 1) / Tile::kRows * Tile::kRows;  // the last panel begins
        pack_a(a, row, last + Tile::padded_rows(rows - last), step, length, Tile::kPanelStride,
               panels);
        for (std::int64_t i = 0; i < rows; i += Tile::kRows) {
          for (std::int64_t j = 0; j < columns; j += Tile::kColumns) {
            const TileTarget target{args.c + (row + i) * args.c_stride + column + j,
                                    args.c_stride,
                                    smaller(rows - i, Tile::kRows),
                                    smaller(columns - j, Tile::kColumns),
                                    args.alpha,
                                    args.accumulate || step > 0};
            Tile::multiply(length, panels + i * Tile::kPanelStride, block + j * length, target);
          }
        }
      }
    }
  }
}

// work(lines of op(A), lines of op(B)) for the stored types.
template <Step kStep, class Work>
ATTUNE_INLINE void with_lines(const GemmArgs& args, const Work& work) {
  const auto with = [&]<Dtype kStored>(const auto& a) {
    if constexpr (kStored != Dtype::f32) {
      if (args.b.panels) return work(a, Panels<kStep, kStored>{args.b});
    }
    work(a, Lines<kStep, kStored>{args.b, args.n, args.k, args.b.transposed});
  };
  const auto with_b = [&](const auto& a) {
    if (args.b.dtype == Dtype::bf16) {
      with.template operator()<Dtype::bf16>(a);
    } else {
      with.template operator()<Dtype::f32>(a);
    }
  };
  const Lines<kStep, Dtype::f32> floats{args.a, args.m, args.k, !args.a.transposed};
  if (args.b.dtype == Dtype::i8) {
    with.template operator()<Dtype::i8>(floats);
  } else if (args.b.dtype == Dtype::nf4) {
    with.template operator()<Dtype::nf4>(floats);
  } else if (args.a.dtype == Dtype::bf16) {
    with_b(Lines<kStep, Dtype::bf16>{args.a, args.m, args.k, !args.a.transposed});
  } else {
    with_b(floats);
  }
}

template <class Tile>
void gemm_blocked(const GemmArgs& args) {
  with_lines<Tile::kStep>(args,
                          [&](const auto& a, const auto& b) { multiply_blocks<Tile>(args, a, b); });
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
