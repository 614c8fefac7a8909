// Choosing the next token from logits, and log-probabilities.
#pragma once

#include <cstdint>
#include <span>

#include "base/random.h"

namespace attune::infer {

struct SamplingOptions {
  float temperature = 0;  // 0: greedy (the smallest id among equals)
  float top_p = 1;        // nucleus: the smallest set of tokens with at least this probability
  std::uint64_t seed = 0;
};

struct Choice {
  std::int32_t token = 0;
  double logprob = 0;  // natural log, of the unmodified distribution (temperature 1, no nucleus)
};

// `logits` [V]; `uniform` in [0, 1) decides when temperature > 0.
Choice choose_token(std::span<const float> logits, const SamplingOptions& options, float uniform);

// log softmax(logits)[token], summed in double.
double token_logprob(std::span<const float> logits, std::int32_t token);

}  // namespace attune::infer
