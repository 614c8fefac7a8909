// POST /completions, the older form: prompts continued as plain text, with echo and logprobs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "io/json.h"
#include "wire/sampling.h"

namespace attune::wire {

using TextOrTokens = std::variant<std::string, std::vector<std::int32_t>>;

struct CompletionRequest {
  std::string model;
  std::vector<TextOrTokens> prompts = {};  // at least one; a prompt of null is one without tokens
  Sampling sampling = {};                  // max_tokens is 16 unless given; 0 is allowed
  std::int64_t best_of = 1;                // at least sampling.n
  bool echo = false;
  std::optional<std::int64_t> logprobs = {};  // 0 to 5: how many of the likeliest tokens to show
  bool stream = false;
  StreamOptions stream_options = {};
};
Answer<CompletionRequest> parse_completion_request(const Json& body);

struct CompletionChoice {
  std::int64_t index = 0;  // choice i of prompt p has index p * n + i
  std::string text;
  std::optional<std::string> finish_reason =
      "stop";  // stop, length; none in a stream until its end
  std::optional<std::vector<TokenLogprob>> logprobs = {};  // if the request wants them
  // Characters of the prompt before logprobs[0], for text_offset; 0 with echo.
  std::int64_t first_offset = 0;
};

Json completion_response(const AnswerHead& head, const std::vector<CompletionChoice>& choices,
                         const Usage& usage);
Json completion_chunk(const AnswerHead& head, const CompletionChoice& choice);
Json completion_usage_chunk(const AnswerHead& head, const Usage& usage);

}  // namespace attune::wire
