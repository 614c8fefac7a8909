// Frozen weights W [rows, columns] of bf16, int8 or nf4 in the order in which a product with W^T
// reads them, so that nothing is turned or packed for it: panels of kPanelRows rows, in each the
// pairs of neighbouring columns one after the other, in each pair the rows side by side.
//
//   element (row, column) of a panel    [column / 2][row][column % 2]
//   scale (row, block) of a panel       [block][row], of int8 and nf4 (quantised.h)
//
// Rows are padded with zeros to whole panels, columns to pairs (quantised: to blocks). It is what
// is best for answering, where a weight is used once or a few times a pass; training reads weights
// both ways and keeps them by rows.
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "kernels/quantised.h"

namespace attune::kernels {

// Two vectors of AVX-512, and a tile's width. Pieces of a product begin at multiples of it
// (kGemmColumnGrain).
inline constexpr std::int64_t kPanelRows = 32;

// Elements of a row with its padding: the stride of such an operand.
constexpr std::int64_t panel_stride(Dtype dtype, std::int64_t columns) {
  return is_quantised(dtype) ? quantised_stride(columns) : (columns + 1) / 2 * 2;
}
// Rows with those that fill the last panel.
constexpr std::int64_t panel_rows(std::int64_t rows) {
  return (rows + kPanelRows - 1) / kPanelRows * kPanelRows;
}
// Where an element, and the scale of its block, lies. Always inlined: vector code uses them, and
// the linker must not keep a copy with its instructions.
[[gnu::always_inline]] constexpr std::int64_t panel_index(std::int64_t row, std::int64_t column,
                                                          std::int64_t stride) {
  return row / kPanelRows * kPanelRows * stride + column / 2 * 2 * kPanelRows +
         row % kPanelRows * 2 + column % 2;
}
[[gnu::always_inline]] constexpr std::int64_t panel_scale_index(std::int64_t row,
                                                                std::int64_t column,
                                                                std::int64_t stride) {
  return row / kPanelRows * kPanelRows * (stride / kQuantBlock) +
         column / kQuantBlock * kPanelRows + row % kPanelRows;
}

// From rows `columns` elements apart (quantised: quantised_stride(columns)) to panels of
// panel_rows(rows) * panel_stride(dtype, columns) elements. Padding is not written: it is zero
// already.
void arrange_in_panels(Dtype dtype, const void* matrix, std::int64_t rows, std::int64_t columns,
                       void* panels);
// The scales of int8 and nf4 likewise, one a block.
void arrange_scales_in_panels(const float* scales, std::int64_t rows, std::int64_t columns,
                              float* panels);

}  // namespace attune::kernels
