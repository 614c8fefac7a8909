// A model that answers conversations: one in this process, or one behind an endpoint. What asks it
// (attune data generate, attune eval) does not care which.
//
//   ATTUNE_TRY(std::unique_ptr<ChatModel> model, local_chat_model(options, slots));
//   std::vector<ChatReply> replies = model->answer(prompts, {.most_tokens = 256});
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/options.h"
#include "client/provider.h"
#include "eval/adapter_times.h"
#include "io/json.h"

namespace attune::cli {

struct ChatPrompt {
  Json messages = Json::array();
  Json tools = nullptr;
  std::optional<std::uint64_t> seed = {};  // of the draws; an endpoint is not told when absent
};

struct ChatSettings {
  std::int64_t most_tokens = 0;  // of an answer; 0: the endpoint's own limit, 1,024 here
  double temperature = 0;
};

struct ChatReply {
  std::string text;
  bool cut = false;  // by the limit of its length
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  double first_token_ms = 0;  // 0: not known (an endpoint, or answered beside others)
  double milliseconds = 0;    // until the last token; 0: answered beside others
  std::optional<Error> failure = {};
  bool prompt_refused = false;  // the failure is about this prompt, not about the model
};

class ChatModel {
 public:
  virtual ~ChatModel() = default;
  // A reply for each prompt, in their order, asked side by side. One that fails harms no other.
  virtual std::vector<ChatReply> answer(std::span<const ChatPrompt> prompts,
                                        const ChatSettings& settings) = 0;
  // One prompt with nothing beside it, timed.
  virtual ChatReply answer_alone(const ChatPrompt& prompt, const ChatSettings& settings) = 0;
  // What the adapter costs; nothing for a model without one, or one that is not here.
  virtual std::optional<eval::AdapterTimes> time_adapter(std::span<const ChatPrompt>) {
    return std::nullopt;
  }
  // What decides the answers: the model's files or name. Equal text, equal model.
  virtual std::string identity() const = 0;
};

// `at_once` sequences are decoded side by side. Refused: what ModelOptions::load() refuses, and a
// model without a chat template.
Result<std::unique_ptr<ChatModel>> local_chat_model(ModelOptions options, std::int64_t at_once);

// `at_once` requests under way, each with `retries` of the client.
std::unique_ptr<ChatModel> remote_chat_model(const client::Endpoint& endpoint,
                                             const std::string& model, std::int64_t at_once,
                                             int retries);

}  // namespace attune::cli
