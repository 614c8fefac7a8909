#include "kernels/ref/ref.h"

namespace attune::kernels::ref {

double peak_work(GemmMath /*math*/, const float* data, std::int64_t rounds) {
  constexpr int kChains = 8;  // sums that do not wait for each other
  float total[kChains] = {};
  for (std::int64_t round = 0; round < rounds; ++round) {
    // Other operands each round: a product that stays the same would be computed once.
    const float* at = data + round % (kPeakFloats / (2 * kChains)) * (2 * kChains);
    for (int i = 0; i < kChains; ++i) total[i] += at[i] * at[kChains + i];
  }
  for (float& sum : total) __asm__ volatile("" : : "m"(sum));
  return static_cast<double>(rounds) * kChains * 2;
}

}  // namespace attune::kernels::ref
