// One row at a time, which stays in the cache: the largest logit; the sum of exponentials and where
// the largest is; the gradient. Exponentials are summed as floats in blocks, the blocks in double.
#include "kernels/x86/operations.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {
namespace {

float largest_of(const float* logits, std::int64_t n) {
  Vec best[4];
  for (auto& v : best) v = set(-__builtin_inff());
  std::int64_t i = 0;
  for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
    for (int v = 0; v < 4; ++v) best[v] = max(load(logits + i + v * kWidth), best[v]);
  }
  for (; i < n; i += kWidth) {
    const Vec v = load_at(logits, i, n);
    best[0] = max(whole(i, n) ? v : select(rest(i, n), v, best[0]), best[0]);
  }
  return largest(max(max(best[0], best[1]), max(best[2], best[3])));
}

// The first place of `value`, or 0 (a row of NaN).
std::int64_t place_of(float value, const float* logits, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += kWidth) {
    const std::int64_t place = i + lowest(equal(load_at(logits, i, n), set(value)));
    if (place < smaller(i + kWidth, n)) return place;
  }
  return 0;
}

double sum_of_exponentials(const float* logits, float shift, std::int64_t n) {
  constexpr std::int64_t kBlock = 1024;
  double total = 0;
  for (std::int64_t block = 0; block < n; block += kBlock) {
    const std::int64_t stop = smaller(n, block + kBlock);
    Vec even = zero(), odd = zero();
    std::int64_t i = block;
    for (; i + 2 * kWidth <= stop; i += 2 * kWidth) {
      even = even + exp(load(logits + i) - set(shift));
      odd = odd + exp(load(logits + i + kWidth) - set(shift));
    }
    for (; i < stop; i += kWidth) {
      const Vec e = exp(load_at(logits, i, stop) - set(shift));
      even = even + (whole(i, stop) ? e : select(rest(i, stop), e, zero()));
    }
    total += static_cast<double>(sum(even + odd));
  }
  return total;
}

}  // namespace

void cross_entropy(float* logits, const std::int32_t* targets, const float* gradient_scale,
                   double* nll, std::int32_t* best, std::int64_t rows, std::int64_t vocabulary) {
  for (std::int64_t row = 0; row < rows; ++row, logits += vocabulary) {
    const float shift = largest_of(logits, vocabulary);
    const double total = sum_of_exponentials(logits, shift, vocabulary);
    best[row] = static_cast<std::int32_t>(place_of(shift, logits, vocabulary));
    nll[row] = static_cast<double>(shift) + __builtin_log(total) -
               static_cast<double>(logits[targets[row]]);

    if (gradient_scale == nullptr) continue;
    const auto factor = static_cast<float>(static_cast<double>(gradient_scale[row]) / total);
    for (std::int64_t i = 0; i < vocabulary; i += kWidth) {
      const Vec e = exp(load_at(logits, i, vocabulary) - set(shift));
      store_at(logits, i, vocabulary, e * set(factor));
    }
    logits[targets[row]] -= gradient_scale[row];
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
