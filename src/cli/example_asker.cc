#include "cli/example_asker.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "cli/remote_options.h"
#include "client/api_client.h"
#include "infer/generator.h"
#include "text/chat_format.h"

namespace attune::cli {

namespace {

constexpr int kPatientRetries = 5;  // a long run meets busy servers
constexpr std::int64_t kLocalReplyTokens = 1024;

data::ModelReply reply_of(client::Reply<client::ChatAnswer> answer) {
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

// A model ready to answer, at one place in memory: the generator points into it.
struct LocalModel {
  model::Model model;
  kernels::Context context;
  text::ChatFormat format;
  infer::Generator generator;

  LocalModel(model::Model loaded, kernels::Context on, text::ChatFormat chat, std::int64_t slots)
      : model(std::move(loaded)),
        context(std::move(on)),
        format(std::move(chat)),
        generator(context, model, format.tokenizer(), format.stop_ids(), {.slots = slots}) {}

  Result<infer::Request> request(const data::SeedPrompt& prompt, const AskerOptions& options) {
    infer::Request request;
    ATTUNE_TRY(request.prompt, format.encode_prompt(prompt.messages, Json()));
    request.max_new_tokens = options.most_tokens > 0 ? options.most_tokens : kLocalReplyTokens;
    request.sampling.temperature = static_cast<float>(options.temperature);
    request.sampling.seed = RandomStream{.seed = options.seed,
                                         .stream = stream_id("cli/local_asker"),
                                         .step = static_cast<std::uint32_t>(prompt.number)}
                                .bits(0);
    return request;
  }

  Result<std::vector<data::ModelReply>> ask(std::span<const data::SeedPrompt> prompts,
                                            const AskerOptions& options) {
    std::vector<infer::Request> requests;
    for (const data::SeedPrompt& prompt : prompts) {
      ATTUNE_TRY(requests.emplace_back(), request(prompt, options));
    }
    ATTUNE_TRY(std::vector<infer::Completion> done, generator.run(requests));
    std::vector<data::ModelReply> replies;
    for (std::size_t i = 0; i < done.size(); ++i) {
      replies.push_back({.text = std::move(done[i].text),
                         .cut = done[i].finish == infer::Finish::length,
                         .prompt_tokens = std::ssize(requests[i].prompt),
                         .completion_tokens = std::ssize(done[i].ids)});
    }
    return replies;
  }
};

}  // namespace

data::ModelAsker endpoint_asker(const client::Endpoint& endpoint, const AskerOptions& options) {
  client::HttpOptions http = RemoteOptions::http();
  http.retries.most_retries = kPatientRetries;
  auto clients = std::make_shared<std::vector<std::unique_ptr<client::ApiClient>>>();
  for (std::int64_t i = 0; i < options.at_once; ++i)
    clients->push_back(client::make_client(endpoint, http));
  return [clients, options](std::span<const data::SeedPrompt> prompts) {
    std::vector<data::ModelReply> replies(prompts.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&](client::ApiClient& api) {
      for (std::size_t i = next++; i < prompts.size(); i = next++) {
        client::ChatRequest request{.model = options.model, .messages = prompts[i].messages};
        request.temperature = options.temperature;
        if (options.most_tokens > 0) request.most_tokens = options.most_tokens;
        replies[i] = reply_of(api.chat(request));
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < std::min(clients->size(), prompts.size()); ++i)
      threads.emplace_back(work, std::ref(*(*clients)[i]));
    for (std::thread& thread : threads) thread.join();
    return replies;
  };
}

Result<data::ModelAsker> local_asker(ModelOptions model, const AskerOptions& options) {
  ATTUNE_TRY_VOID(model.find_base());
  ATTUNE_TRY(model::Model loaded, model.load());
  ATTUNE_TRY(kernels::Context context, model.context());
  ATTUNE_TRY(text::ChatFormat format, text::ChatFormat::load(model.model));
  const auto local = std::make_shared<LocalModel>(std::move(loaded), std::move(context),
                                                  std::move(format), options.at_once);
  return data::ModelAsker([local, options](std::span<const data::SeedPrompt> prompts) {
    if (auto replies = local->ask(prompts, options)) return *std::move(replies);
    // One of them does not fit: the others are answered alone.
    std::vector<data::ModelReply> alone;
    for (const data::SeedPrompt& prompt : prompts) {
      auto reply = local->ask({&prompt, 1}, options);
      if (reply) {
        alone.push_back(std::move(reply->front()));
      } else {
        alone.push_back({.text = {}, .failure = reply.error(), .prompt_refused = true});
      }
    }
    return alone;
  });
}

}  // namespace attune::cli
