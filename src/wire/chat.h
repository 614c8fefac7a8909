// POST /chat/completions: the request, checked, and the answer, whole or in chunks.
//
//   ATTUNE_ANSWER(ChatRequest request, parse_chat_request(body));
//   chat_response(head, {{.index = 0, .content = "Hi", .finish_reason = "stop"}}, usage);
//   stream:  chat_first_chunk, chat_text_chunk ..., chat_finish_chunk for each choice,
//            chat_usage_chunk if request.stream_options.include_usage, then "[DONE]"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"
#include "wire/objects.h"
#include "wire/sampling.h"

namespace attune::wire {

struct ChatRequest {
  std::string model;
  // As a chat template takes them: content is a string (text parts are joined) or null beside
  // tool_calls. Roles are those of the request.
  Json messages = Json::array();
  Sampling sampling = {};
  bool logprobs = false;
  std::int64_t top_logprobs = 0;  // 0 to 20
  bool stream = false;
  StreamOptions stream_options = {};
  std::optional<Metadata> metadata = {};
};

// What cannot be done is refused by name: tools, response_format other than text, images, audio.
Answer<ChatRequest> parse_chat_request(const Json& body);

struct ChatChoice {
  std::int64_t index = 0;
  std::string content;
  std::string finish_reason = "stop";                      // stop, length
  std::optional<std::vector<TokenLogprob>> logprobs = {};  // if the request wants them
};
Json chat_response(const AnswerHead& head, const std::vector<ChatChoice>& choices,
                   const Usage& usage);

Json chat_first_chunk(const AnswerHead& head, std::int64_t index);  // says the role
Json chat_text_chunk(const AnswerHead& head, std::int64_t index, std::string_view text,
                     const std::optional<std::vector<TokenLogprob>>& logprobs = {});
Json chat_finish_chunk(const AnswerHead& head, std::int64_t index, std::string_view finish_reason);
Json chat_usage_chunk(const AnswerHead& head, const Usage& usage);

}  // namespace attune::wire
