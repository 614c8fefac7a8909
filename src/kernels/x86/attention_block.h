// What the forward and the backward of attention share: the rows, the blocks, and products of
// packed blocks.
//
// The query heads of the group are taken together: row r is query r / group, head r % group, so
// rows r of one block attend to nearly the same keys. Work goes by blocks of kBlockRows rows and
// kBlockKeys keys; the products run in the register tiles of gemm_tile.h, whose panels of A
// (kAttentionStride floats a line) are also how scores are stored.
//
// Blocks of keys begin at multiples of kBlockKeys of the document, and a row's arithmetic depends
// on no other row: a token decoded alone has the bits that it has in a prompt.
#pragma once

#include "kernels/attention.h"
#include "kernels/x86/gemm_tile.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

inline constexpr std::int64_t kAttentionStride = kMaxHeadDim + 16;  // an odd number of cache lines
using AttentionTile = RegisterTile<Step::plain, kAttentionStride>;
inline constexpr std::int64_t kTileRows = AttentionTile::kRows;
inline constexpr std::int64_t kTileColumns = AttentionTile::kColumns;
inline constexpr std::int64_t kBlockRows = 112 / kTileRows * kTileRows;
inline constexpr std::int64_t kBlockKeys = 128;
inline constexpr std::int64_t kBlockKeyLines = (kBlockKeys + kTileRows - 1) / kTileRows * kTileRows;
static_assert(kBlockKeys <= kAttentionStride && kBlockRows <= kAttentionStride);

// Buffers of the scratch, in floats.
inline constexpr std::int64_t kRowPanels = kBlockRows * kAttentionStride;      // A: lines are rows
inline constexpr std::int64_t kKeyPanels = kBlockKeyLines * kAttentionStride;  // A: lines are keys
inline constexpr std::int64_t kKeyBlock = kBlockKeys * kMaxHeadDim;            // B: keys x head_dim
inline constexpr std::int64_t kRowBlock = kBlockRows * kMaxHeadDim;            // B: rows x head_dim

// Rows [first, first + count) of the group, and the keys they see.
struct RowBlock {
  const AttentionArgs& args;
  std::int64_t first, count;

  std::int64_t query(std::int64_t i) const { return (first + i) / args.group; }
  std::int64_t head(std::int64_t i) const { return (first + i) % args.group; }
  // Keys [first_key, end_key) of row i.
  std::int64_t end_key(std::int64_t i) const { return args.keys - args.queries + query(i) + 1; }
  std::int64_t first_key(std::int64_t i) const {
    return args.window > 0 ? larger(0, end_key(i) - args.window) : 0;
  }
  // The offset of row i in an array of queries with rows `stride` apart.
  std::int64_t offset(std::int64_t i, std::int64_t stride) const {
    return query(i) * stride + head(i) * args.head_dim;
  }
  // Blocks of keys that some row sees: [begin, end) by key, from a multiple of kBlockKeys.
  std::int64_t keys_begin() const { return first_key(0) / kBlockKeys * kBlockKeys; }
  std::int64_t keys_end() const { return end_key(count - 1); }
};

// Rows of an array of queries as panels of A, times `factor`; lines up to a whole panel are zero.
ATTUNE_INLINE void pack_rows(const RowBlock& rows, const float* data, std::int64_t stride,
                             float factor, float* panel) {
  const std::int64_t dim = rows.args.head_dim;
  for (std::int64_t i = 0; i < round_up(rows.count, kTileRows); ++i) {
    for (std::int64_t d = 0; d < dim; d += kWidth) {
      const Vec v = i < rows.count ? load_at(data + rows.offset(i, stride), d, dim) : zero();
      store(panel + i * kAttentionStride + d, v * set(factor));
    }
  }
}

// `columns` lines of `steps` as panels of B, one after the other.
ATTUNE_INLINE void pack_panels(const float* data, std::int64_t stride, bool along_steps,
                               std::int64_t columns, std::int64_t steps, float* panels) {
  const GemmOperand operand{data, stride, Dtype::f32, false};
  const Lines<Step::plain, Dtype::f32> source{operand, columns, steps, along_steps};
  for (std::int64_t j = 0; j < columns; j += kTileColumns) {
    pack_b(source, j, kTileColumns, 0, steps, panels + j * steps);
  }
}

// target tile columns [0, columns) = (or +=) panel of A x panels of B over steps [skip, end) of
// `depth`.
ATTUNE_INLINE void multiply_panels(const float* a, const float* panels, std::int64_t depth,
                                   std::int64_t skip, std::int64_t end, TileTarget target) {
  const std::int64_t columns = target.columns;
  float* c = target.c;
  for (std::int64_t j = 0; j < columns; j += kTileColumns) {
    target.c = c + j;
    target.columns = smaller(columns - j, kTileColumns);
    AttentionTile::multiply(end - skip, a + skip, panels + j * depth + skip * kTileColumns, target);
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
