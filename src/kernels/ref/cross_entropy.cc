#include <cmath>

#include "kernels/ref/ref.h"

namespace attune::kernels::ref {

void cross_entropy(float* logits, const std::int32_t* targets, const float* gradient_scale,
                   double* nll, std::int32_t* best, std::int64_t rows, std::int64_t vocabulary) {
  for (std::int64_t row = 0; row < rows; ++row, logits += vocabulary) {
    std::int64_t largest = 0;
    for (std::int64_t c = 1; c < vocabulary; ++c) {
      if (logits[c] > logits[largest]) largest = c;
    }
    double total = 0;
    for (std::int64_t c = 0; c < vocabulary; ++c) {
      total += std::exp(static_cast<double>(logits[c]) - logits[largest]);
    }
    const double log_total = logits[largest] + std::log(total);
    best[row] = static_cast<std::int32_t>(largest);
    nll[row] = log_total - logits[targets[row]];

    if (gradient_scale == nullptr) continue;
    for (std::int64_t c = 0; c < vocabulary; ++c) {
      const double p = std::exp(logits[c] - log_total);
      logits[c] = static_cast<float>((p - (c == targets[row] ? 1.0 : 0.0)) * gradient_scale[row]);
    }
  }
}

}  // namespace attune::kernels::ref
