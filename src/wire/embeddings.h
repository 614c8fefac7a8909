// POST /embeddings: the request, checked, and the answer as numbers or as base64 of float32.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/json.h"
#include "wire/completions.h"
#include "wire/error.h"

namespace attune::wire {

inline constexpr std::int64_t kMostEmbeddingInputs = 2048;
inline constexpr std::int64_t kMostTokensOfAnInput = 8192;      // checked by the server, which
inline constexpr std::int64_t kMostTokensOfARequest = 300'000;  // has the tokenizer

struct EmbeddingsRequest {
  std::string model;
  std::vector<TextOrTokens> inputs = {};
  bool base64 = false;
  std::optional<std::int64_t> dimensions = {};  // at least 1
};
Answer<EmbeddingsRequest> parse_embeddings_request(const Json& body);

Json embeddings_response(const std::string& model, const std::vector<std::vector<float>>& vectors,
                         bool as_base64, std::int64_t prompt_tokens);

// Little-endian float32, four bytes each, in base64 with padding.
std::string base64_of_floats(std::span<const float> values);

}  // namespace attune::wire
