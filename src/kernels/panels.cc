#include "kernels/panels.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace attune::kernels {

namespace {

// A pair of neighbouring columns is what moves. `stride` elements from row to row, of which
// `columns` count.
template <class Pair>
void arrange(const std::byte* matrix, std::int64_t rows, std::int64_t columns, std::int64_t stride,
             std::int64_t panel_stride, std::byte* panels) {
  constexpr std::int64_t kSize = sizeof(Pair),
                         kBlock = 64 / kSize;  // pairs: a cache line of each row
  const std::int64_t pairs = columns / 2;
  for (std::int64_t first = 0; first < rows; first += kPanelRows) {
    const std::int64_t last = std::min(rows, first + kPanelRows);
    for (std::int64_t begin = 0; begin < pairs; begin += kBlock) {
      const std::int64_t end = std::min(pairs, begin + kBlock);
      for (std::int64_t row = first; row < last; ++row) {
        const std::byte* from = matrix + row * stride * kSize / 2;
        std::byte* to = panels + panel_index(row, 0, panel_stride) / 2 * kSize;
        for (std::int64_t i = begin; i < end; ++i)
          std::memcpy(to + i * kPanelRows * kSize, from + i * kSize, kSize);
      }
    }
  }
}

}  // namespace

void arrange_in_panels(Dtype dtype, const void* matrix, std::int64_t rows, std::int64_t columns,
                       void* panels) {
  const std::int64_t stride = panel_stride(dtype, columns);
  const auto* from = static_cast<const std::byte*>(matrix);
  auto* to = static_cast<std::byte*>(panels);
  std::memset(to, 0, static_cast<std::size_t>(stored_bytes(dtype, panel_rows(rows) * stride)));
  switch (dtype) {
    case Dtype::nf4:
      return arrange<std::uint8_t>(from, rows, stride, stride, stride, to);
    case Dtype::i8:
      return arrange<std::uint16_t>(from, rows, stride, stride, stride, to);
    default:
      CHECK(dtype == Dtype::bf16, "no panels of {}", dtype_name(dtype));
  }
  arrange<std::uint32_t>(from, rows, columns, columns, stride, to);
  if (columns % 2 == 0) return;
  for (std::int64_t row = 0; row < rows; ++row) {  // the last column has no neighbour
    static_cast<bf16*>(panels)[panel_index(row, columns - 1, stride)] =
        static_cast<const bf16*>(matrix)[(row + 1) * columns - 1];
  }
}

void arrange_scales_in_panels(const float* scales, std::int64_t rows, std::int64_t columns,
                              float* panels) {
  const std::int64_t stride = quantised_stride(columns), blocks = stride / kQuantBlock;
  std::fill_n(panels, panel_rows(rows) * blocks, 0.0f);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t block = 0; block < blocks; ++block)
      panels[panel_scale_index(row, block * kQuantBlock, stride)] = scales[row * blocks + block];
  }
}

}  // namespace attune::kernels
