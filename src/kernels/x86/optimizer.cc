#include "kernels/x86/operations.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

// The operations of the scalar version in its order, each rounded alone: the same bits on every
// instruction set.
void adamw(float* parameter, const float* gradient, float* first_moment, float* second_moment,
           std::int64_t n, const AdamWStep& step) {
  const Vec beta1 = set(step.beta1), beta2 = set(step.beta2);
  const Vec rest1 = set(1.0f - step.beta1), rest2 = set(1.0f - step.beta2);
  for (std::int64_t i = 0; i < n; i += kWidth) {
    const Vec g = load_at(gradient, i, n) * set(step.gradient_scale);
    const Vec m = beta1 * load_at(first_moment, i, n) + rest1 * g;
    const Vec v = beta2 * load_at(second_moment, i, n) + rest2 * (g * g);
    const Vec p = load_at(parameter, i, n);
    const Vec denominator = square_root(v / set(step.bias_correction2)) + set(step.epsilon);
    const Vec update = (m / set(step.bias_correction1)) / denominator;
    store_at(first_moment, i, n, m);
    store_at(second_moment, i, n, v);
    store_at(parameter, i, n, p - set(step.learning_rate) * (update + set(step.weight_decay) * p));
  }
}

double sum_squares(const float* x, std::int64_t n) {
  DoubleVec low = zero_double(), high = zero_double();
  for (std::int64_t i = 0; i < n; i += kWidth) {
    const Vec v = load_at(x, i, n);
    low = low + low_double(v) * low_double(v);
    high = high + high_double(v) * high_double(v);
  }
  return sum(low + high);
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
