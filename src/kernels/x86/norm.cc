// y = x * r * weight with r = 1 / sqrt(mean(x^2) + epsilon).
//   dx += r * g - x * r^3 * mean(g * x), g = dy * weight
// Sums over a row run in four vectors of floats, added in a fixed order.
#include "kernels/x86/operations.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {
namespace {

// sum of f(i, lanes) over a row of n, where lanes beyond n are zero.
template <class Function>
ATTUNE_INLINE float row_sum(std::int64_t n, const Function& function) {
  Vec total[4] = {zero(), zero(), zero(), zero()};
  std::int64_t i = 0;
  for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) total[v] = function(i + v * kWidth, total[v]);
  }
  for (; i < n; i += kWidth) total[0] = function(i, total[0]);
  return sum((total[0] + total[1]) + (total[2] + total[3]));
}

}  // namespace

void rms_norm_forward(const float* x, const float* weight, float* y, float* inv_rms,
                      std::int64_t rows, std::int64_t width, float epsilon) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    const float squares = row_sum(width, [&](std::int64_t i, Vec total) {
      const Vec v = load_at(x, i, width);
      return fma(v, v, total);
    });
    const double mean = static_cast<double>(squares) / static_cast<double>(width);
    const auto r = static_cast<float>(1.0 / __builtin_sqrt(mean + static_cast<double>(epsilon)));
    for (std::int64_t i = 0; i < width; i += kWidth) {
      store_at(y, i, width, load_at(x, i, width) * set(r) * load_at(weight, i, width));
    }
    if (inv_rms != nullptr) inv_rms[row] = r;
  }
}

void rms_norm_backward(const float* dy, const float* x, const float* weight, const float* inv_rms,
                       float* dx, std::int64_t rows, std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row, dy += width, x += width, dx += width) {
    const float r = inv_rms[row];
    const float pulled = row_sum(width, [&](std::int64_t i, Vec total) {
      return fma(load_at(dy, i, width) * load_at(weight, i, width), load_at(x, i, width), total);
    });
    const float pull = r * r * r * pulled / static_cast<float>(width);
    for (std::int64_t i = 0; i < width; i += kWidth) {
      const Vec g = load_at(dy, i, width) * load_at(weight, i, width);
      const Vec change = fnma(set(pull), load_at(x, i, width), set(r) * g);
      store_at(dx, i, width, load_at(dx, i, width) + change);
    }
  }
}

void rms_norm_backward_weight(const float* dy, const float* x, const float* inv_rms, float* dweight,
                              std::int64_t rows, std::int64_t width, std::int64_t begin,
                              std::int64_t end) {
  constexpr std::int64_t kStrip = 4;  // vectors of columns
  for (std::int64_t strip = begin; strip < end; strip += kStrip * kWidth) {
    Vec total[kStrip];
    const std::int64_t stop = smaller(end, strip + kStrip * kWidth);
    const std::int64_t vectors = (stop - strip + kWidth - 1) / kWidth;
    for (std::int64_t v = 0; v < vectors; ++v)
      total[v] = load_at(dweight, strip + v * kWidth, stop);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t v = 0; v < vectors; ++v) {
        const std::int64_t i = strip + v * kWidth;
        const Vec normed = load_at(x + row * width, i, stop) * set(inv_rms[row]);
        total[v] = fma(load_at(dy + row * width, i, stop), normed, total[v]);
      }
    }
    for (std::int64_t v = 0; v < vectors; ++v)
      store_at(dweight, strip + v * kWidth, stop, total[v]);
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
