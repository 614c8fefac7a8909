#include "kernels/ref/ref.h"

namespace attune::kernels::ref {

void add(float* y, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += x[i];
}

void bias_add(float* y, const float* bias, std::int64_t rows, std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row) add(y + row * width, bias, width);
}

void column_sum(const float* y, float* sum, std::int64_t rows, std::int64_t width,
                std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t c = begin; c < end; ++c) sum[c] += y[row * width + c];
  }
}

}  // namespace attune::kernels::ref
