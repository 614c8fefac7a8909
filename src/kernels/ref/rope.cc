#include "kernels/ref/ref.h"

namespace attune::kernels::ref {

void rope(float* x, const float* cosine, const float* sine, std::int64_t rows, std::int64_t heads,
          std::int64_t head_dim, std::int64_t rotary, bool inverse) {
  const std::int64_t half = rotary / 2;
  const float sign = inverse ? -1.0f : 1.0f;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t head = 0; head < heads; ++head) {
      float* pair = x + (row * heads + head) * head_dim;
      for (std::int64_t j = 0; j < half; ++j) {
        const float c = cosine[row * half + j], s = sign * sine[row * half + j];
        const float low = pair[j], high = pair[j + half];
        pair[j] = low * c - high * s;
        pair[j + half] = high * c + low * s;
      }
    }
  }
}

}  // namespace attune::kernels::ref
