#include "infer/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace attune::infer {

namespace {

// Token ids in falling order of weight, among equals the smaller id first, sorted only as far as
// they are asked for: a nucleus is mostly a small part of the vocabulary.
class FallingOrder {
 public:
  explicit FallingOrder(std::span<const double> weights)
      : weights_(weights), order_(weights.size()) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  std::int32_t operator[](std::size_t rank) {
    constexpr std::size_t kFirstStretch = 64;
    while (rank >= sorted_) {
      const std::size_t end = std::min(order_.size(), std::max(kFirstStretch, 8 * sorted_));
      const auto at = [&](std::size_t i) {
        return order_.begin() + static_cast<std::ptrdiff_t>(i);
      };
      std::partial_sort(at(sorted_), at(end), order_.end(), [&](std::int32_t a, std::int32_t b) {
        const double wa = weights_[static_cast<std::size_t>(a)],
                     wb = weights_[static_cast<std::size_t>(b)];
        return wa != wb ? wa > wb : a < b;
      });
      sorted_ = end;
    }
    return order_[rank];
  }

 private:
  std::span<const double> weights_;
  std::vector<std::int32_t> order_;
  std::size_t sorted_ = 0;
};

// The token in whose share of [0, total) `threshold` falls.
template <class TokenAt>
std::int32_t token_at(std::span<const double> weights, std::size_t count, double threshold,
                      const TokenAt& token) {
  for (std::size_t i = 0; i + 1 < count; ++i) {
    threshold -= weights[static_cast<std::size_t>(token(i))];
    if (threshold < 0) return token(i);
  }
  return token(count - 1);
}

// Draws from softmax(logits / temperature) cut to the nucleus.
std::int32_t draw(std::span<const float> logits, const SamplingOptions& options, float uniform) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weights(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    weights[i] = std::exp((static_cast<double>(logits[i]) - largest) / options.temperature);
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (options.top_p >= 1) {
    // `uniform` has 24 bits: the middle of its step, so that 0 is no chance for the unlikeliest.
    const double middle = static_cast<double>(uniform) + 0x1p-25;
    return token_at(weights, weights.size(), middle * total,
                    [](std::size_t i) { return static_cast<std::int32_t>(i); });
  }
  FallingOrder order(weights);
  double kept = 0;
  std::size_t count = 0;
  while (count < weights.size() && (count == 0 || kept < options.top_p * total)) {
    kept += weights[static_cast<std::size_t>(order[count++])];
  }
  return token_at(weights, count, static_cast<double>(uniform) * kept,
                  [&](std::size_t i) { return order[i]; });
}

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return static_cast<double>(largest) + std::log(sum);
}

double token_logprob(std::span<const float> logits, std::int32_t token) {
  return static_cast<double>(logits[static_cast<std::size_t>(token)]) - log_sum_exp(logits);
}

std::int32_t sample_token(std::span<const float> logits, const SamplingOptions& options,
                          float uniform) {
  if (options.temperature > 0) return draw(logits, options, uniform);
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

Choice choose_token(std::span<const float> logits, const SamplingOptions& options, float uniform) {
  const std::int32_t token = sample_token(logits, options, uniform);
  return {token, token_logprob(logits, token)};
}

std::vector<Choice> likeliest_tokens(std::span<const float> logits, std::int64_t count,
                                     double total) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::min<std::int64_t>(count, std::ssize(order));
  std::partial_sort(order.begin(), order.begin() + kept, order.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      const float la = logits[static_cast<std::size_t>(a)],
                                  lb = logits[static_cast<std::size_t>(b)];
                      return la != lb ? la > lb : a < b;
                    });
  std::vector<Choice> likeliest;
  for (std::int64_t i = 0; i < kept; ++i) {
    const std::int32_t token = order[static_cast<std::size_t>(i)];
    likeliest.push_back(
        {token, static_cast<double>(logits[static_cast<std::size_t>(token)]) - total});
  }
  return likeliest;
}

void apply_penalties(std::span<float> logits, const TokenCounts& answered,
                     const Penalties& penalties) {
  for (const auto& [token, count] : answered) {
    logits[static_cast<std::size_t>(token)] -=
        static_cast<float>(count) * penalties.frequency + penalties.presence;
  }
}

void apply_bias(std::span<float> logits, std::span<const TokenBias> biases) {
  for (const TokenBias& one : biases) logits[static_cast<std::size_t>(one.token)] += one.bias;
}

}  // namespace attune::infer
