#include "serve/model_asker.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "serve/metrics.h"

namespace attune::serve {

namespace {

constexpr std::chrono::milliseconds kGlance(20);
constexpr std::chrono::milliseconds kPause(500);
constexpr double kPatienceSeconds = 600;  // for memory that others use
constexpr float kAllowed = 1000;          // beyond any logit: nothing else is drawn

Json conversation(const std::vector<wire::PromptMessage>& messages) {
  Json all = Json::array();
  for (const wire::PromptMessage& message : messages)
    all.push_back({{"role", message.role}, {"content", message.content}});
  return all;
}

wire::Sampling sampling_of(const AskOptions& options) {
  wire::Sampling sampling;
  sampling.max_tokens = options.max_tokens;
  sampling.temperature = options.temperature;
  sampling.top_p = options.top_p;
  sampling.seed = options.seed;
  return sampling;
}

// A place among the generations of the background, given back when it is destroyed. While requests
// are answered there is one such place; to wait for it ends when nobody wants it any more.
class BackgroundPlace {
 public:
  BackgroundPlace(ServerMetrics* metrics, const std::function<bool()>& is_wanted)
      : metrics_(metrics) {
    if (metrics_ == nullptr) return;
    for (;;) {
      std::int64_t taken = metrics_->background;
      const bool must_wait = taken > 0 && metrics_->generations > 0 && is_wanted();
      if (!must_wait && metrics_->background.compare_exchange_strong(taken, taken + 1)) return;
      if (must_wait) std::this_thread::sleep_for(kGlance);
    }
  }
  ~BackgroundPlace() {
    if (metrics_ != nullptr) --metrics_->background;
  }
  BackgroundPlace(const BackgroundPlace&) = delete;
  BackgroundPlace& operator=(const BackgroundPlace&) = delete;

 private:
  ServerMetrics* metrics_;
};

// Labels as tokens, and how far an answer has come among them.
class LabelChoice {
 public:
  LabelChoice(const text::Tokenizer& tokenizer, const std::vector<std::string>& labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      tokens_.push_back(tokenizer.encode(labels[i], {}));
      alive_.push_back(i);
    }
  }

  // Goes on as long as there is only one way.
  void go_on() {
    while (alive_.size() > 1 && !has_ended() && next_tokens().size() == 1)
      take(next_tokens().front());
  }
  bool decided() const { return alive_.size() == 1 || next_tokens().empty(); }
  std::size_t label() const { return alive_.front(); }
  const std::vector<std::int32_t>& prefix() const { return prefix_; }

  // A label may be the beginning of another one: then the answer may end here.
  bool has_ended() const {
    return std::any_of(alive_.begin(), alive_.end(),
                       [&](std::size_t i) { return tokens_[i].size() == prefix_.size(); });
  }
  std::vector<std::int32_t> next_tokens() const {
    std::vector<std::int32_t> next;
    for (const std::size_t i : alive_)
      if (tokens_[i].size() > prefix_.size()) next.push_back(tokens_[i][prefix_.size()]);
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    return next;
  }
  void take(std::int32_t token) {
    std::erase_if(alive_, [&](std::size_t i) {
      return tokens_[i].size() <= prefix_.size() || tokens_[i][prefix_.size()] != token;
    });
    prefix_.push_back(token);
  }
  void end() {
    std::erase_if(alive_, [&](std::size_t i) { return tokens_[i].size() != prefix_.size(); });
  }

 private:
  std::vector<std::vector<std::int32_t>> tokens_;
  std::vector<std::size_t> alive_;
  std::vector<std::int32_t> prefix_;
};

}  // namespace

Answer<ModelAsker::Prompt> ModelAsker::prepare(
    const std::string& model, const std::vector<wire::PromptMessage>& messages) const {
  const Stopwatch waited;
  for (;;) {
    Answer<ServedModel> found = app_.models->find(tenant_, model);
    if (found) {
      ATTUNE_ANSWER(auto tokens, encode_conversation(*found, conversation(messages)));
      return Prompt{.model = std::move(*found), .tokens = std::move(tokens)};
    }
    const bool may_change = found.error().status == 503 && options_.in_background;
    if (!may_change || !options_.is_wanted() || waited.seconds() > kPatienceSeconds)
      return Refusal(std::move(found).error());
    std::this_thread::sleep_for(kPause);
  }
}

Answer<Collected> ModelAsker::generate(const ServedModel& model, infer::Work work) const {
  if (!options_.in_background || app_.metrics == nullptr) {
    ATTUNE_ANSWER(Generation generation, Generation::start(model, std::move(work), app_.metrics));
    return collect(generation, options_.is_wanted);
  }
  const BackgroundPlace place(app_.metrics, options_.is_wanted);
  app_.metrics->prompt_tokens.add(std::ssize(work.prompt));
  ATTUNE_ANSWER(Generation generation, Generation::start(model, std::move(work), nullptr));
  ATTUNE_ANSWER(Collected collected, collect(generation, options_.is_wanted));
  for (const CollectedChoice& choice : collected.choices)
    app_.metrics->generated_tokens.add(choice.drawn_tokens);
  return collected;
}

Answer<Asked> ModelAsker::ask(const std::string& model,
                              const std::vector<wire::PromptMessage>& messages,
                              const AskOptions& options) const {
  ATTUNE_ANSWER(Prompt prompt, prepare(model, messages));
  const std::int64_t prompt_tokens = std::ssize(prompt.tokens);
  ATTUNE_ANSWER(infer::Work work,
                make_work(prompt.model, tenant_, sampling_of(options), std::move(prompt.tokens)));
  Asked asked;
  asked.max_tokens = work.max_new_tokens;
  ATTUNE_ANSWER(Collected collected, generate(prompt.model, std::move(work)));
  const CollectedChoice& choice = collected.choices.front();
  asked.text = choice.text;
  asked.finish_reason = finish_reason(choice.finish);
  asked.usage = {.prompt_tokens = prompt_tokens,
                 .completion_tokens = choice.drawn_tokens,
                 .cached_tokens = collected.prompt.reused_tokens};
  return asked;
}

Answer<Asked> ModelAsker::choose(const std::string& model,
                                 const std::vector<wire::PromptMessage>& messages,
                                 const std::vector<std::string>& labels,
                                 const AskOptions& options) const {
  ATTUNE_ANSWER(const Prompt prompt, prepare(model, messages));
  LabelChoice choice(prompt.model.base->tokenizer(), labels);
  Asked asked;
  asked.usage.prompt_tokens = std::ssize(prompt.tokens);
  for (choice.go_on(); !choice.decided(); choice.go_on()) {
    std::vector<std::int32_t> tokens = prompt.tokens;
    tokens.insert(tokens.end(), choice.prefix().begin(), choice.prefix().end());
    ATTUNE_ANSWER_VOID(
        check_length(prompt.model, std::ssize(tokens), true, "messages", "your messages"));
    wire::Sampling sampling = sampling_of(options);
    sampling.max_tokens = 1;
    for (const std::int32_t token : choice.next_tokens())
      sampling.logit_bias.emplace_back(token, kAllowed);
    if (choice.has_ended())
      for (const std::int32_t token : prompt.model.base->stop_ids)
        sampling.logit_bias.emplace_back(token, kAllowed);
    ATTUNE_ANSWER(infer::Work work, make_work(prompt.model, tenant_, sampling, std::move(tokens)));
    ATTUNE_ANSWER(const Collected collected, generate(prompt.model, std::move(work)));
    const CollectedChoice& drawn = collected.choices.front();
    if (asked.usage.completion_tokens == 0)
      asked.usage.cached_tokens = collected.prompt.reused_tokens;
    ++asked.usage.completion_tokens;
    if (drawn.tokens.empty() && !choice.has_ended())
      return wire::refuse(wire::server_error("The model stopped inside a label."));
    if (drawn.tokens.empty())
      choice.end();
    else
      choice.take(drawn.tokens.front().id);
  }
  asked.text = labels[choice.label()];
  asked.finish_reason = "stop";
  return asked;
}

eval::AskModel ModelAsker::for_graders() const {
  return [this](const eval::ModelQuestion& question) -> Result<eval::ModelReply> {
    constexpr std::int64_t kScoreTokens = 256;
    const AskOptions options{.temperature = question.sampling.temperature,
                             .top_p = question.sampling.top_p,
                             .seed = question.sampling.seed,
                             .max_tokens = question.sampling.max_tokens.value_or(kScoreTokens)};
    const Answer<Asked> asked =
        question.labels.empty()
            ? ask(question.model, question.messages, options)
            : choose(question.model, question.messages, question.labels, options);
    if (!asked)
      return environment_failure(
          {.where = "model " + question.model, .found = asked.error().message});
    return eval::ModelReply{.text = asked->text,
                            .model = question.model,
                            .cut_off = asked->finish_reason == "length",
                            .usage = asked->usage};
  };
}

}  // namespace attune::serve
