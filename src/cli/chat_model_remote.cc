// The model behind an endpoint.
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/chat_model.h"
#include "cli/remote_options.h"
#include "client/api_client.h"

namespace attune::cli {

namespace {

ChatReply reply_of(client::Reply<client::ChatAnswer> answer) {
  if (!answer) {
    const client::CallFailure& failure = answer.error();
    return {.text = {},
            .failure = failure.error(),
            .prompt_refused = failure.status == 400 || failure.status == 422};
  }
  return {.text = std::move(answer->text),
          .cut = answer->finish_reason == "length",
          .prompt_tokens = answer->prompt_tokens,
          .completion_tokens = answer->completion_tokens};
}

class RemoteChatModel final : public ChatModel {
 public:
  RemoteChatModel(const client::Endpoint& endpoint, std::string model, std::int64_t at_once,
                  int retries)
      : model_(std::move(model)), identity_(endpoint.url.base() + " " + model_) {
    client::HttpOptions http = RemoteOptions::http();
    http.retries.most_retries = retries;
    for (std::int64_t i = 0; i < at_once; ++i)
      clients_.push_back(client::make_client(endpoint, http));
  }

  std::vector<ChatReply> answer(std::span<const ChatPrompt> prompts,
                                const ChatSettings& settings) override {
    std::vector<ChatReply> replies(prompts.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&](client::ApiClient& api) {
      for (std::size_t i = next++; i < prompts.size(); i = next++)
        replies[i] = ask(api, prompts[i], settings);
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < std::min(clients_.size(), prompts.size()); ++i)
      threads.emplace_back(work, std::ref(*clients_[i]));
    for (std::thread& thread : threads) thread.join();
    return replies;
  }

  ChatReply answer_alone(const ChatPrompt& prompt, const ChatSettings& settings) override {
    const Stopwatch watch;
    ChatReply reply = ask(*clients_.front(), prompt, settings);
    reply.milliseconds = 1000 * watch.seconds();
    return reply;
  }

  std::string identity() const override { return identity_; }

 private:
  ChatReply ask(client::ApiClient& api, const ChatPrompt& prompt, const ChatSettings& settings) {
    client::ChatRequest request{
        .model = model_, .messages = prompt.messages, .tools = prompt.tools};
    request.temperature = settings.temperature;
    if (settings.most_tokens > 0) request.most_tokens = settings.most_tokens;
    if (prompt.seed) request.seed = static_cast<std::int64_t>(*prompt.seed >> 1);  // not negative
    return reply_of(api.chat(request));
  }

  std::string model_;
  std::string identity_;
  std::vector<std::unique_ptr<client::ApiClient>> clients_;  // one a thread
};

}  // namespace

std::unique_ptr<ChatModel> remote_chat_model(const client::Endpoint& endpoint,
                                             const std::string& model, std::int64_t at_once,
                                             int retries) {
  return std::make_unique<RemoteChatModel>(endpoint, model, at_once, retries);
}

}  // namespace attune::cli
