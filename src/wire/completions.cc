#include "wire/completions.h"

#include <limits>

#include <fmt/format.h>

#include "wire/answers.h"
#include "wire/sampling_fields.h"

namespace attune::wire {

namespace {

constexpr std::string_view kObject = "text_completion";
constexpr std::int64_t kMostPrompts = 2048;

void check_best_of(Fields& fields, CompletionRequest& request) {
  // 0 is in the specification's range and can only mean "as many as n".
  const std::int64_t best_of = fields.integer("best_of", {0, 20}).value_or(0);
  request.best_of = best_of == 0 ? request.sampling.n : best_of;
  if (request.best_of < request.sampling.n) {
    fields.fault(invalid_value(
        "best_of", fmt::format("Invalid 'best_of': it must be at least n ({}), but got {} instead.",
                               request.sampling.n, best_of)));
  }
  if (request.stream && request.best_of > request.sampling.n) {
    fields.fault(invalid_value(
        "best_of", "Invalid 'best_of': a stream cannot hold the best of several answers."));
  }
}

// Legacy names for bytes that are no text: the API has shown them so from the beginning.
std::string token_text(const std::string& bytes) {
  const std::string text = readable_token(bytes);
  return text == bytes ? text : "bytes:" + text;
}

Json logprobs_json(const CompletionChoice& choice) {
  if (!choice.logprobs) return nullptr;
  Json tokens = Json::array(), chances = Json::array(), tops = Json::array(),
       offsets = Json::array();
  std::int64_t offset = choice.first_offset;
  for (const TokenLogprob& at : *choice.logprobs) {
    const std::string text = token_text(at.token.bytes);
    tokens.push_back(text);
    offsets.push_back(offset);
    offset += count_characters(at.token.bytes);
    if (!at.token.logprob) {  // nothing comes before the first token of an echo
      chances.push_back(nullptr);
      tops.push_back(nullptr);
      continue;
    }
    chances.push_back(finite_logprob(at.token.logprob));
    Json top = Json::object();
    // Tokens that look the same share a key: the likeliest, which comes first, keeps it.
    for (const TokenChance& chance : at.top) {
      const std::string name = token_text(chance.bytes);
      if (!top.contains(name)) top[name] = finite_logprob(chance.logprob);
    }
    if (!top.contains(text)) top[text] = finite_logprob(at.token.logprob);
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(tokens)},
          {"token_logprobs", std::move(chances)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

Json choice_json(const CompletionChoice& choice) {
  Json json = {{"text", choice.text}, {"index", choice.index}, {"logprobs", logprobs_json(choice)}};
  json["finish_reason"] = choice.finish_reason ? Json(*choice.finish_reason) : Json(nullptr);
  return json;
}

}  // namespace

Answer<CompletionRequest> parse_completion_request(const Json& body) {
  CompletionRequest request;
  Fields fields(body);
  request.model = fields.required_text("model", {1, 512});
  if (!fields.has("prompt")) fields.fault(missing_parameter("prompt"));
  if (auto prompts = read_texts_or_tokens(fields, "prompt", kMostPrompts, true)) {
    request.prompts = std::move(*prompts);
  } else {
    request.prompts.emplace_back(std::vector<std::int32_t>());  // null: a document's beginning
  }
  request.sampling = read_sampling(fields);
  request.sampling.max_tokens =
      fields.integer("max_tokens", {0, std::numeric_limits<std::int32_t>::max()}).value_or(16);
  const Streaming streaming = read_streaming(fields);
  request.stream = streaming.stream;
  request.stream_options = streaming.options;
  check_best_of(fields, request);
  request.echo = fields.boolean("echo").value_or(false);
  request.logprobs = fields.integer("logprobs", {0, 5});
  if (const auto suffix = fields.text("suffix"); suffix && !suffix->empty()) {
    refuse_parameter(fields, "suffix",
                     "Filling in before a suffix is not supported by this server.");
  }
  read_hints(fields);
  if (auto error = fields.finish()) return refuse(std::move(*error));
  return request;
}

Json completion_response(const AnswerHead& head, const std::vector<CompletionChoice>& choices,
                         const Usage& usage) {
  Json answer = answer_start(head, kObject);
  Json list = Json::array();
  for (const CompletionChoice& choice : choices) list.push_back(choice_json(choice));
  answer["choices"] = std::move(list);
  answer["usage"] = to_json(usage);
  return answer;
}

Json completion_chunk(const AnswerHead& head, const CompletionChoice& choice) {
  Json chunk = answer_start(head, kObject);
  Json list = Json::array();
  list.push_back(choice_json(choice));
  chunk["choices"] = std::move(list);
  end_chunk(chunk, head, choice.text);
  return chunk;
}

Json completion_usage_chunk(const AnswerHead& head, const Usage& usage) {
  return usage_chunk(head, kObject, usage);
}

}  // namespace attune::wire
