#include "kernels/x86/operations.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

void rope(float* x, const float* cosine, const float* sine, std::int64_t rows, std::int64_t heads,
          std::int64_t head_dim, std::int64_t rotary, bool inverse) {
  const std::int64_t half = rotary / 2;
  const Vec sign = set(inverse ? -1.0f : 1.0f);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t j = 0; j < half; j += kWidth) {
      const Vec c = load_at(cosine + row * half, j, half);
      const Vec s = sign * load_at(sine + row * half, j, half);
      for (std::int64_t head = 0; head < heads; ++head) {
        float* low = x + (row * heads + head) * head_dim;
        float* high = low + half;
        const Vec a = load_at(low, j, half), b = load_at(high, j, half);
        store_at(low, j, half, fnma(b, s, a * c));
        store_at(high, j, half, fma(a, s, b * c));
      }
    }
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
