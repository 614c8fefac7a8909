// The model in this process.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "cli/chat_model.h"
#include "infer/generator.h"
#include "io/sha256.h"
#include "text/chat_format.h"

namespace attune::cli {

namespace {

constexpr std::int64_t kLocalReplyTokens = 1024;
constexpr std::int64_t kTimedTokens = 32;  // of the answers that an adapter is timed on

// Name, size and time of the files that make the model: reading gigabytes of weights to name them
// would take longer than many an evaluation.
std::string files_identity(const Path& folder) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (!entry.is_regular_file(ignored)) continue;
    files.push_back(fmt::format("{} {} {}", entry.path().filename().string(),
                                entry.file_size(ignored),
                                entry.last_write_time(ignored).time_since_epoch().count()));
  }
  std::sort(files.begin(), files.end());
  return fmt::format("{}", fmt::join(files, "\n"));
}

class LocalChatModel final : public ChatModel {
 public:
  LocalChatModel(const ModelOptions& options, model::Model loaded, kernels::Context on,
                 text::ChatFormat chat, std::int64_t slots)
      : model_(std::move(loaded)),
        context_(std::move(on)),
        format_(std::move(chat)),
        generator_(context_, model_, format_.tokenizer(), format_.stop_ids(), {.slots = slots}),
        has_adapter_(!options.adapter.empty()) {
    identity_ = sha256(files_identity(options.model) + "\n" +
                       (options.adapter.empty() ? "" : files_identity(options.adapter)) + "\n" +
                       options.dtype);
  }

  std::vector<ChatReply> answer(std::span<const ChatPrompt> prompts,
                                const ChatSettings& settings) override {
    if (auto together = run(prompts, settings)) return *std::move(together);
    // One of them does not fit: each is answered alone.
    std::vector<ChatReply> replies;
    for (const ChatPrompt& prompt : prompts) replies.push_back(single(prompt, settings));
    return replies;
  }

  ChatReply answer_alone(const ChatPrompt& prompt, const ChatSettings& settings) override {
    const Stopwatch watch;
    ChatReply reply = single(prompt, settings);
    reply.milliseconds = 1000 * watch.seconds();
    return reply;
  }

  std::string identity() const override { return identity_; }

  std::optional<eval::AdapterTimes> time_adapter(std::span<const ChatPrompt> prompts) override {
    if (!has_adapter_) return std::nullopt;
    infer::Generator endless(context_, model_, format_.tokenizer(), {}, {.slots = 1});
    eval::AdapterTimes times;
    times.tokens = kTimedTokens;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      auto ids = format_.encode_prompt(prompts[i].messages, prompts[i].tools);
      if (!ids) continue;
      infer::Request request;
      request.prompt = *std::move(ids);
      request.max_new_tokens = kTimedTokens;
      std::array<double, 2> first{}, later{};
      bool fits = true;
      for (const bool turn : {false, true}) {
        request.use_adapter = turn != (i % 2 == 1);  // ABBA: what drifts meets both alike
        const auto done = endless.run({&request, 1});
        fits = fits && done;
        if (!done) break;
        const auto which = static_cast<std::size_t>(request.use_adapter);
        first[which] = 1000 * done->front().first_token_seconds;
        later[which] =
            (1000 * done->front().seconds - first[which]) / static_cast<double>(kTimedTokens - 1);
      }
      if (!fits) continue;
      times.base.first_token_ms.push_back(first[0]);
      times.base.token_ms.push_back(later[0]);
      times.with_adapter.first_token_ms.push_back(first[1]);
      times.with_adapter.token_ms.push_back(later[1]);
    }
    if (times.base.first_token_ms.empty()) return std::nullopt;  // no prompt leaves so much room
    return times;
  }

 private:
  ChatReply single(const ChatPrompt& prompt, const ChatSettings& settings) {
    auto reply = run({&prompt, 1}, settings);
    if (reply) return std::move(reply->front());
    return {.text = {}, .failure = reply.error(), .prompt_refused = true};
  }

  Result<std::vector<ChatReply>> run(std::span<const ChatPrompt> prompts,
                                     const ChatSettings& settings) {
    std::vector<infer::Request> requests;
    for (const ChatPrompt& prompt : prompts) {
      infer::Request request;
      ATTUNE_TRY(request.prompt, format_.encode_prompt(prompt.messages, prompt.tools));
      request.max_new_tokens = settings.most_tokens > 0 ? settings.most_tokens : kLocalReplyTokens;
      request.sampling.temperature = static_cast<float>(settings.temperature);
      request.sampling.seed = prompt.seed.value_or(0);
      requests.push_back(std::move(request));
    }
    ATTUNE_TRY(std::vector<infer::Completion> done, generator_.run(requests));
    std::vector<ChatReply> replies;
    for (std::size_t i = 0; i < done.size(); ++i) {
      replies.push_back(
          {.text = std::move(done[i].text),
           .cut = done[i].finish == infer::Finish::length,
           .prompt_tokens = std::ssize(requests[i].prompt),
           .completion_tokens = std::ssize(done[i].ids),
           .first_token_ms = prompts.size() == 1 ? 1000 * done[i].first_token_seconds : 0});
    }
    return replies;
  }

  model::Model model_;
  kernels::Context context_;
  text::ChatFormat format_;
  infer::Generator generator_;  // points into the members above
  std::string identity_;
  bool has_adapter_;
};

}  // namespace

Result<std::unique_ptr<ChatModel>> local_chat_model(ModelOptions options, std::int64_t at_once) {
  ATTUNE_TRY_VOID(options.find_base());
  ATTUNE_TRY(model::Model loaded, options.load_for_answers());
  ATTUNE_TRY(kernels::Context context, options.context());
  ATTUNE_TRY(text::ChatFormat format, text::ChatFormat::load(options.model));
  return std::unique_ptr<ChatModel>(std::make_unique<LocalChatModel>(
      options, std::move(loaded), std::move(context), std::move(format), at_once));
}

}  // namespace attune::cli
