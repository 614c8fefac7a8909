#include <cmath>

#include "kernels/ref/ref.h"

namespace attune::kernels::ref {

void adamw(float* parameter, const float* gradient, float* first_moment, float* second_moment,
           std::int64_t n, const AdamWStep& step) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] * step.gradient_scale;
    float& m = first_moment[i];
    float& v = second_moment[i];
    m = step.beta1 * m + (1.0f - step.beta1) * g;
    v = step.beta2 * v + (1.0f - step.beta2) * (g * g);
    const float denominator = std::sqrt(v / step.bias_correction2) + step.epsilon;
    const float update = (m / step.bias_correction1) / denominator;
    parameter[i] -= step.learning_rate * (update + step.weight_decay * parameter[i]);
  }
}

double sum_squares(const float* x, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

}  // namespace attune::kernels::ref
