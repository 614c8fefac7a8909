#include "wire/chat.h"

#include <limits>

#include "wire/answers.h"
#include "wire/chat_messages.h"
#include "wire/job_request.h"
#include "wire/sampling_fields.h"

namespace attune::wire {

namespace {

constexpr std::string_view kObject = "chat.completion";
constexpr std::string_view kChunkObject = "chat.completion.chunk";
constexpr std::int64_t kMostNewTokens = std::numeric_limits<std::int32_t>::max();

std::optional<std::int64_t> read_max_tokens(Fields& fields) {
  const auto newer = fields.integer("max_completion_tokens", {1, kMostNewTokens});
  const auto older = fields.integer("max_tokens", {1, kMostNewTokens});
  if (newer && older && *newer != *older) {
    fields.fault(invalid_value("max_tokens",
                               "Setting 'max_tokens' and 'max_completion_tokens' at the same time "
                               "is not supported."));
  }
  return newer ? newer : older;
}

void read_logprobs(Fields& fields, ChatRequest& request) {
  request.logprobs = fields.boolean("logprobs").value_or(false);
  const auto top = fields.integer("top_logprobs", {0, 20});
  if (top && !request.logprobs) {
    fields.fault(
        invalid_value("top_logprobs",
                      "The 'logprobs' parameter must be set to true when 'top_logprobs' is used."));
  }
  request.top_logprobs = top.value_or(0);
}

void check_response_format(Fields& fields) {
  std::optional<Fields> format = fields.object("response_format");
  if (!format) return;
  format->require("type");
  const auto type = format->word("type", {"text", "json_object", "json_schema"});
  format->accept_all();
  if (type && *type != "text") {
    fields.fault(unsupported_parameter(
        "response_format", "Unsupported parameter: 'response_format' of type '" + *type +
                               "' is not supported by this server. Supported types are: 'text'."));
  }
}

// The value of `name`, when given, must be the only one that this server can do.
void check_only_word(Fields& fields, std::string_view name, std::string_view only,
                     const std::vector<std::string_view>& words) {
  const auto found = fields.word(name, words);
  if (!found || *found == only) return;
  fields.fault(unsupported_parameter(
      std::string(name), "Unsupported value: '" + std::string(name) + "' does not support '" +
                             *found + "' on this server. Supported values are: '" +
                             std::string(only) + "'."));
}

void check_tools(Fields& fields) {
  constexpr std::string_view kWhy = "Tool calls are not supported by this server.";
  const Json* tools = fields.array("tools", {0, 128});
  if (tools != nullptr && !tools->empty()) refuse_parameter(fields, "tools", kWhy);
  const Json* choice = fields.find("tool_choice");
  if (choice != nullptr && *choice != "none") {
    refuse_parameter(fields, "tool_choice", tools == nullptr ? "It needs 'tools'." : kWhy);
  }
  fields.boolean("parallel_tool_calls");
  refuse_parameter(fields, "functions", kWhy);
  const Json* call = fields.find("function_call");
  if (call != nullptr && *call != "none") refuse_parameter(fields, "function_call", kWhy);
}

void check_modalities(Fields& fields) {
  if (const auto modalities = fields.texts("modalities", {1, 2})) {
    for (const std::string& modality : *modalities) {
      if (modality != "text") {
        refuse_parameter(fields, "modalities", "This server answers with text only.");
      }
    }
  }
  refuse_parameter(fields, "audio", "This server answers with text only.");
}

void check_unsupported(Fields& fields) {
  check_response_format(fields);
  check_tools(fields);
  check_modalities(fields);
  check_only_word(fields, "reasoning_effort", "none",
                  {"none", "minimal", "low", "medium", "high", "xhigh", "max"});
  check_only_word(fields, "verbosity", "medium", {"low", "medium", "high"});
  refuse_parameter(fields, "prediction", "Predicted outputs are not supported by this server.");
  refuse_parameter(fields, "web_search_options", "This server has no web search.");
  refuse_parameter(fields, "moderation", "This server has no moderation.");
  if (fields.boolean("store").value_or(false)) {
    refuse_parameter(fields, "store", "This server does not keep chat completions.");
  }
}

Json chance_json(const TokenChance& chance) {
  Json bytes = Json::array();
  for (const char byte : chance.bytes) bytes.push_back(static_cast<unsigned char>(byte));
  return {{"token", readable_token(chance.bytes)},
          {"logprob", finite_logprob(chance.logprob)},
          {"bytes", std::move(bytes)}};
}

Json logprobs_json(const std::optional<std::vector<TokenLogprob>>& logprobs) {
  if (!logprobs) return nullptr;
  Json content = Json::array();
  for (const TokenLogprob& at : *logprobs) {
    Json token = chance_json(at.token);
    Json top = Json::array();
    for (const TokenChance& chance : at.top) top.push_back(chance_json(chance));
    token["top_logprobs"] = std::move(top);
    content.push_back(std::move(token));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json chat_chunk(const AnswerHead& head, std::int64_t index, Json delta, Json logprobs,
                Json finish_reason, std::string_view text) {
  Json chunk = answer_start(head, kChunkObject);
  chunk["service_tier"] = "default";
  Json choices = Json::array();
  choices.push_back({{"index", index},
                     {"delta", std::move(delta)},
                     {"logprobs", std::move(logprobs)},
                     {"finish_reason", std::move(finish_reason)}});
  chunk["choices"] = std::move(choices);
  end_chunk(chunk, head, text);
  return chunk;
}

}  // namespace

Answer<ChatRequest> parse_chat_request(const Json& body) {
  ChatRequest request;
  Fields fields(body);
  request.messages = read_chat_messages(fields);
  request.model = fields.required_text("model", {1, 512});
  request.sampling = read_sampling(fields);
  request.sampling.max_tokens = read_max_tokens(fields);
  read_logprobs(fields, request);
  const Streaming streaming = read_streaming(fields);
  request.stream = streaming.stream;
  request.stream_options = streaming.options;
  check_unsupported(fields);
  read_hints(fields);
  fields.has("metadata");  // read below
  if (auto error = fields.finish()) return refuse(std::move(*error));
  ATTUNE_ANSWER(request.metadata, parse_metadata(body));
  return request;
}

Json chat_response(const AnswerHead& head, const std::vector<ChatChoice>& choices,
                   const Usage& usage) {
  Json answer = answer_start(head, kObject);
  answer["service_tier"] = "default";
  Json list = Json::array();
  for (const ChatChoice& choice : choices) {
    Json message = {{"role", "assistant"},
                    {"content", choice.content},
                    {"refusal", nullptr},
                    {"annotations", Json::array()}};
    list.push_back({{"index", choice.index},
                    {"message", std::move(message)},
                    {"logprobs", logprobs_json(choice.logprobs)},
                    {"finish_reason", choice.finish_reason}});
  }
  answer["choices"] = std::move(list);
  answer["usage"] = to_json(usage);
  return answer;
}

Json chat_first_chunk(const AnswerHead& head, std::int64_t index) {
  Json delta = {{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}};
  return chat_chunk(head, index, std::move(delta), nullptr, nullptr, "");
}

Json chat_text_chunk(const AnswerHead& head, std::int64_t index, std::string_view text,
                     const std::optional<std::vector<TokenLogprob>>& logprobs) {
  Json delta = Json::object();
  delta["content"] = text;
  return chat_chunk(head, index, std::move(delta), logprobs_json(logprobs), nullptr, text);
}

Json chat_finish_chunk(const AnswerHead& head, std::int64_t index, std::string_view finish_reason) {
  return chat_chunk(head, index, Json::object(), nullptr, finish_reason, "");
}

Json chat_usage_chunk(const AnswerHead& head, const Usage& usage) {
  Json chunk = usage_chunk(head, kChunkObject, usage);
  chunk["service_tier"] = "default";
  return chunk;
}

}  // namespace attune::wire
