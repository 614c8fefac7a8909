#include "kernels/x86/operations.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

void add(float* y, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += kWidth)
    store_at(y, i, n, load_at(y, i, n) + load_at(x, i, n));
}

void bias_add(float* y, const float* bias, std::int64_t rows, std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row) add(y + row * width, bias, width);
}

void column_sum(const float* y, float* sum, std::int64_t rows, std::int64_t width,
                std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kStrip = 4;  // vectors of columns: a cache line or more a row
  for (std::int64_t strip = begin; strip < end; strip += kStrip * kWidth) {
    Vec total[kStrip];
    const std::int64_t stop = smaller(end, strip + kStrip * kWidth);
    const std::int64_t vectors = (stop - strip + kWidth - 1) / kWidth;
    for (std::int64_t v = 0; v < vectors; ++v) total[v] = load_at(sum, strip + v * kWidth, stop);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t v = 0; v < vectors; ++v) {
        total[v] = total[v] + load_at(y + row * width, strip + v * kWidth, stop);
      }
    }
    for (std::int64_t v = 0; v < vectors; ++v) store_at(sum, strip + v * kWidth, stop, total[v]);
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
