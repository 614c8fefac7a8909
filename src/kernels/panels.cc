#include "kernels/panels.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace attune::kernels {

namespace {

// A pair of neighbouring columns is what moves. `length` elements from row to row; the last of an
// odd length has no neighbour and stays behind.
template <class Pair>
void arrange(const std::byte* matrix, std::int64_t rows, std::int64_t length, std::int64_t stride,
             std::byte* panels) {
  constexpr std::int64_t kSize = sizeof(Pair);
  constexpr std::int64_t kBlock = 64 / kSize;  // pairs at a time: a cache line of each row
  const std::int64_t pairs = length / 2;
  for (std::int64_t first = 0; first < rows; first += kPanelRows) {
    const std::int64_t last = std::min(rows, first + kPanelRows);
    for (std::int64_t begin = 0; begin < pairs; begin += kBlock) {
      const std::int64_t end = std::min(pairs, begin + kBlock);
      for (std::int64_t row = first; row < last; ++row) {
        const std::byte* from = matrix + row * length * kSize / 2;
        std::byte* to = panels + panel_index(row, 0, stride) / 2 * kSize;
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
  if (dtype == Dtype::nf4) return arrange<std::uint8_t>(from, rows, stride, stride, to);
  if (dtype == Dtype::i8) return arrange<std::uint16_t>(from, rows, stride, stride, to);
  CHECK(dtype == Dtype::bf16, "no panels of {}", dtype_name(dtype));
  arrange<std::uint32_t>(from, rows, columns, stride, to);
  if (columns % 2 == 0) return;
  for (std::int64_t row = 0; row < rows; ++row) {
    static_cast<bf16*>(panels)[panel_index(row, columns - 1, stride)] =
        static_cast<const bf16*>(matrix)[(row + 1) * columns - 1];
  }
}

void arrange_scales_in_panels(const float* scales, std::int64_t rows, std::int64_t columns,
                              float* panels) {
  const std::int64_t stride = quantised_stride(columns), blocks = stride / kQuantBlock;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t block = 0; block < blocks; ++block)
      panels[panel_scale_index(row, block * kQuantBlock, stride)] = scales[row * blocks + block];
  }
}

}  // namespace attune::kernels
