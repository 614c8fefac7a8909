// silu(g) = g * s with s = 1 / (1 + exp(-g)); silu'(g) = s * (1 + g * (1 - s)).
#include "kernels/x86/operations.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

void swiglu_forward(const float* gate, const float* up, float* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += kWidth) {
    const Vec g = load_at(gate, i, n);
    store_at(out, i, n, g * sigmoid(g) * load_at(up, i, n));
  }
}

void swiglu_backward(const float* d_out, const float* gate, const float* up, float* d_gate,
                     float* d_up, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += kWidth) {
    const Vec g = load_at(gate, i, n), u = load_at(up, i, n), d = load_at(d_out, i, n);
    const Vec s = sigmoid(g);
    const Vec slope = s * fma(g, set(1.0f) - s, set(1.0f));
    store_at(d_gate, i, n, d * u * slope);
    store_at(d_up, i, n, d * g * s);
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
