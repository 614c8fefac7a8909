#include "infer/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace attune::infer {

namespace {

double log_sum_exp(std::span<const float> logits) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return static_cast<double>(largest) + std::log(sum);
}

// Draws from softmax(logits / temperature) cut to the nucleus.
std::int32_t draw(std::span<const float> logits, const SamplingOptions& options, float uniform) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weights(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    weights[i] = std::exp((static_cast<double>(logits[i]) - largest) / options.temperature);
  }
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return weights[static_cast<std::size_t>(a)] > weights[static_cast<std::size_t>(b)];
  });
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double kept = 0;
  std::size_t count = 0;
  while (count < order.size() && (count == 0 || kept < options.top_p * total)) {
    kept += weights[static_cast<std::size_t>(order[count++])];
  }
  double threshold = static_cast<double>(uniform) * kept;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    threshold -= weights[static_cast<std::size_t>(order[i])];
    if (threshold < 0) return order[i];
  }
  return order[count - 1];
}

}  // namespace

double token_logprob(std::span<const float> logits, std::int32_t token) {
  return static_cast<double>(logits[static_cast<std::size_t>(token)]) - log_sum_exp(logits);
}

Choice choose_token(std::span<const float> logits, const SamplingOptions& options, float uniform) {
  const std::int32_t token =
      options.temperature > 0
          ? draw(logits, options, uniform)
          : static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) -
                                      logits.begin());
  return {token, token_logprob(logits, token)};
}

}  // namespace attune::infer
