// y = x * r * weight with r = 1 / sqrt(mean(x^2) + epsilon).
//   dx = r * (g - x * r^2 * mean(g * x)), g = dy * weight
#include <cmath>

#include "kernels/ref/ref.h"

namespace attune::kernels::ref {

void rms_norm_forward(const float* x, const float* weight, float* y, float* inv_rms,
                      std::int64_t rows, std::int64_t width, float epsilon) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    double squares = 0;
    for (std::int64_t c = 0; c < width; ++c) squares += static_cast<double>(x[c]) * x[c];
    const double mean = squares / static_cast<double>(width);
    const auto r = static_cast<float>(1.0 / std::sqrt(mean + epsilon));
    for (std::int64_t c = 0; c < width; ++c) y[c] = x[c] * r * weight[c];
    if (inv_rms != nullptr) inv_rms[row] = r;
  }
}

void rms_norm_backward(const float* dy, const float* x, const float* weight, const float* inv_rms,
                       float* dx, std::int64_t rows, std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row, dy += width, x += width, dx += width) {
    const double r = inv_rms[row];
    double sum = 0;
    for (std::int64_t c = 0; c < width; ++c) sum += static_cast<double>(dy[c]) * weight[c] * x[c];
    const double pull = r * r * r * sum / static_cast<double>(width);
    for (std::int64_t c = 0; c < width; ++c) {
      dx[c] += static_cast<float>(r * dy[c] * weight[c] - pull * x[c]);
    }
  }
}

void rms_norm_backward_weight(const float* dy, const float* x, const float* inv_rms, float* dweight,
                              std::int64_t rows, std::int64_t width, std::int64_t begin,
                              std::int64_t end) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t c = begin; c < end; ++c) {
      dweight[c] += dy[row * width + c] * (x[row * width + c] * inv_rms[row]);
    }
  }
}

}  // namespace attune::kernels::ref
