#include "serve/routes_chat.h"

#include <fmt/format.h>

#include "serve/generation.h"
#include "wire/chat.h"

namespace attune::serve {

namespace {

std::optional<std::vector<wire::TokenLogprob>> logprobs_of(
    const ServedModel& model, bool wanted, std::span<const infer::TokenReport> tokens) {
  if (!wanted) return std::nullopt;
  return to_wire(model, tokens);
}

Answer<Response> answer_whole(const ServedModel& model, const wire::ChatRequest& request,
                              Generation generation, const Request& http) {
  const wire::AnswerHead head = answer_head(model, "chatcmpl-");
  ATTUNE_ANSWER(const Collected all, collect(generation, http));
  wire::Usage usage{.prompt_tokens = std::ssize(generation.work().prompt),
                    .completion_tokens = 0,
                    .cached_tokens = all.prompt.reused_tokens};
  std::vector<wire::ChatChoice> choices;
  for (const CollectedChoice& one : all.choices) {
    usage.completion_tokens += one.drawn_tokens;
    choices.push_back({.index = std::ssize(choices),
                       .content = one.text,
                       .finish_reason = std::string(finish_reason(one.finish)),
                       .logprobs = logprobs_of(model, request.logprobs, one.tokens)});
  }
  return Response::json(wire::chat_response(head, choices, usage));
}

// Writes the updates of a task as chunks.
class ChatStream {
 public:
  ChatStream(ServedModel model, wire::ChatRequest request, StreamWriter& out)
      : model_(std::move(model)),
        request_(std::move(request)),
        out_(out),
        head_(answer_head(model_, "chatcmpl-")) {
    head_.stream = request_.stream_options;
  }

  void run(Generation& generation) {
    for (std::int64_t choice = 0; choice < generation.work().choices; ++choice) {
      if (!out_.write(sse(wire::chat_first_chunk(head_, choice)))) return generation.cancel();
    }
    usage_.prompt_tokens = std::ssize(generation.work().prompt);
    const auto take_one = [this](const infer::Update& update) { return take(update); };
    if (!follow(generation, out_, take_one)) return;
    std::string end;
    if (request_.stream_options.include_usage) end = sse(wire::chat_usage_chunk(head_, usage_));
    out_.write(end.append(kSseDone));
  }

 private:
  bool take(const infer::Update& update) {
    if (update.prompt) usage_.cached_tokens = update.prompt->reused_tokens;
    std::string chunks;
    const bool says_tokens = request_.logprobs && !update.tokens.empty();
    if (!update.text.empty() || says_tokens) {
      chunks = sse(wire::chat_text_chunk(head_, update.choice, update.text,
                                         logprobs_of(model_, says_tokens, update.tokens)));
    }
    if (update.finish) {
      usage_.completion_tokens += update.drawn_tokens;
      chunks += sse(wire::chat_finish_chunk(head_, update.choice, finish_reason(*update.finish)));
    }
    return chunks.empty() || out_.write(chunks);
  }

  ServedModel model_;
  wire::ChatRequest request_;
  StreamWriter& out_;
  wire::AnswerHead head_;
  wire::Usage usage_ = {};
};

Answer<Response> create_chat_completion(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(wire::ChatRequest chat, wire::parse_chat_request(body));
  ATTUNE_ANSWER(ServedModel model, app.models->find(request.principal.tenant, chat.model));
  ATTUNE_ANSWER(std::vector<std::int32_t> prompt, encode_conversation(model, chat.messages));
  ATTUNE_ANSWER(infer::Work work,
                make_work(model, request.principal.tenant, chat.sampling, std::move(prompt)));
  work.logprobs = chat.logprobs;
  work.top_logprobs = chat.top_logprobs;
  ATTUNE_ANSWER(Generation generation, Generation::start(model, std::move(work), app.metrics));
  if (!chat.stream) return answer_whole(model, chat, std::move(generation), request);
  const auto shared = std::make_shared<Generation>(std::move(generation));
  return Response::stream(
      [model, chat, shared](StreamWriter& out) { ChatStream(model, chat, out).run(*shared); });
}

}  // namespace

void add_chat_routes(Router& router, App& app) {
  router.add("POST", "/v1/chat/completions", "models:use",
             [&app](Request& request) { return create_chat_completion(app, request); },
             {.run = Run::long_running,
              .summary = "Answer a conversation",
              .request = "CreateChatCompletionRequest",
              .response = "CreateChatCompletionResponse"});
}

}  // namespace attune::serve
