#include "cli/example_asker.h"

#include <utility>
#include <vector>

#include "base/random.h"

namespace attune::cli {

namespace {

constexpr int kPatientRetries = 5;  // a long run meets busy servers

data::ModelReply reply_of(ChatReply reply) {
  return {.text = std::move(reply.text),
          .cut = reply.cut,
          .prompt_tokens = reply.prompt_tokens,
          .completion_tokens = reply.completion_tokens,
          .failure = std::move(reply.failure),
          .prompt_refused = reply.prompt_refused};
}

// `seeded`: draws of a local model are repeated by the number of the prompt.
data::ModelAsker asker(std::shared_ptr<ChatModel> model, const AskerOptions& options, bool seeded) {
  return [model = std::move(model), options, seeded](std::span<const data::SeedPrompt> prompts) {
    std::vector<ChatPrompt> asked;
    for (const data::SeedPrompt& prompt : prompts) {
      ChatPrompt& one = asked.emplace_back();
      one.messages = prompt.messages;
      if (!seeded) continue;
      one.seed = RandomStream{.seed = options.seed,
                              .stream = stream_id("cli/local_asker"),
                              .step = static_cast<std::uint32_t>(prompt.number)}
                     .bits(0);
    }
    std::vector<data::ModelReply> replies;
    for (ChatReply& reply : model->answer(
             asked, {.most_tokens = options.most_tokens, .temperature = options.temperature}))
      replies.push_back(reply_of(std::move(reply)));
    return replies;
  };
}

}  // namespace

data::ModelAsker endpoint_asker(const client::Endpoint& endpoint, const AskerOptions& options) {
  return asker(remote_chat_model(endpoint, options.model, options.at_once, kPatientRetries),
               options, false);
}

Result<data::ModelAsker> local_asker(ModelOptions model, const AskerOptions& options) {
  ATTUNE_TRY(std::unique_ptr<ChatModel> local, local_chat_model(std::move(model), options.at_once));
  return asker(std::move(local), options, true);
}

}  // namespace attune::cli
