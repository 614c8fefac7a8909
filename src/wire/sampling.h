// What chat and completions share: how to sample, the answer's log-probabilities and usage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/json.h"
#include "wire/error.h"

namespace attune::wire {

struct Sampling {
  std::optional<std::int64_t> max_tokens = {};  // none: up to the model's context
  double temperature = 1.0;                     // 0 to 2
  double top_p = 1.0;                           // 0 to 1
  std::int64_t n = 1;                           // 1 to 128
  std::vector<std::string> stop = {};           // up to 4, none empty
  std::optional<std::int64_t> seed = {};
  double frequency_penalty = 0.0;                               // -2 to 2
  double presence_penalty = 0.0;                                // -2 to 2
  std::vector<std::pair<std::int32_t, float>> logit_bias = {};  // token, -100 to 100
  bool operator==(const Sampling&) const = default;
};

struct StreamOptions {
  bool include_usage = false;
  bool include_obfuscation = false;
  bool operator==(const StreamOptions&) const = default;
};

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cached_tokens = 0;  // of the prompt, taken from an earlier request
};
Json to_json(const Usage& usage);

// A token and its log-probability. `bytes` are the token's own; they need not be valid UTF-8.
struct TokenChance {
  std::string bytes;
  std::optional<double> logprob = {};  // none: the first token of an echoed prompt
};
struct TokenLogprob {
  TokenChance token = {};
  std::vector<TokenChance> top = {};  // the likeliest, best first
};

// What all chunks of one stream and the whole answer have in common.
struct AnswerHead {
  std::string id;  // "chatcmpl-..." or "cmpl-..."
  std::int64_t created = 0;
  std::string model;
  std::string system_fingerprint = {};  // empty: not sent
  StreamOptions stream = {};
};

}  // namespace attune::wire
