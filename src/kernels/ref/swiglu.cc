// silu(g) = g * s with s = 1 / (1 + exp(-g)); silu'(g) = s * (1 + g * (1 - s)).
#include <cmath>

#include "kernels/ref/ref.h"

namespace attune::kernels::ref {
namespace {

double sigmoid(double value) { return 1.0 / (1.0 + std::exp(-value)); }

}  // namespace

void swiglu_forward(const float* gate, const float* up, float* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<float>(gate[i] * sigmoid(gate[i]) * up[i]);
  }
}

void swiglu_backward(const float* d_out, const float* gate, const float* up, float* d_gate,
                     float* d_up, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double g = gate[i], u = up[i], d = d_out[i], s = sigmoid(g);
    d_gate[i] = static_cast<float>(d * u * s * (1.0 + g * (1.0 - s)));
    d_up[i] = static_cast<float>(d * g * s);
  }
}

}  // namespace attune::kernels::ref
