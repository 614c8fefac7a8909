// Choosing the next token from logits, and log-probabilities.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

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
// The same without the log-probability.
std::int32_t sample_token(std::span<const float> logits, const SamplingOptions& options,
                          float uniform);

// log softmax(logits)[token], summed in double.
double token_logprob(std::span<const float> logits, std::int32_t token);
// log sum exp(logits): token_logprob is logits[token] - this.
double log_sum_exp(std::span<const float> logits);

// The `count` likeliest tokens with their log-probabilities, falling; among equals the smaller id
// first. `total` is log_sum_exp(logits).
std::vector<Choice> likeliest_tokens(std::span<const float> logits, std::int64_t count,
                                     double total);

// logit[t] -= count(t) * frequency + (count(t) > 0) * presence, for the tokens already answered.
struct Penalties {
  float frequency = 0;
  float presence = 0;
  bool any() const { return frequency != 0 || presence != 0; }
};
using TokenCounts = std::unordered_map<std::int32_t, std::int64_t>;
void apply_penalties(std::span<float> logits, const TokenCounts& answered,
                     const Penalties& penalties);

// logit[token] += bias. -100 and less forbid a token, 100 and more all others.
struct TokenBias {
  std::int32_t token = 0;
  float bias = 0;
};
void apply_bias(std::span<float> logits, std::span<const TokenBias> biases);

}  // namespace attune::infer
