// What the routes that compute with a model share: a request's words in the engine's, the tasks of
// a request, and the answers' in the API's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "infer/work.h"
#include "serve/app.h"
#include "serve/http.h"
#include "serve/model_pool.h"
#include "wire/sampling.h"

namespace attune::serve {

// The tokens of a conversation, as the model's chat template has it; refused where the model has
// none, or no room for an answer.
Answer<std::vector<std::int32_t>> encode_conversation(const ServedModel& model,
                                                      const Json& messages);

// The work of one prompt. Without a seed in the request it gets a random one. `max_tokens`: where
// the request has none; none here either: as far as the context goes.
Answer<infer::Work> make_work(const ServedModel& model, const jobs::Tenant& tenant,
                              const wire::Sampling& sampling, std::vector<std::int32_t> prompt);

// Refuses a prompt that leaves no room for an answer of at least one token (none with `answers`
// false). `param` and `subject` are the API's words: "messages", "your messages".
Answer<void> check_length(const ServedModel& model, std::int64_t prompt_tokens, bool answers,
                          std::string_view param, std::string_view subject);

// A task of a request: counted, and cancelled when the handler leaves early.
class Generation {
 public:
  static Answer<Generation> start(const ServedModel& model, infer::Work work,
                                  ServerMetrics* metrics);
  ~Generation();
  Generation(Generation&&) = default;
  Generation& operator=(Generation&&) = delete;

  const infer::Work& work() const { return task_->work(); }
  // The next update; nothing when it does not come soon, or when all have come.
  std::optional<infer::Update> next();
  bool finished() const { return task_->finished(); }
  void cancel() { task_->cancel(); }

 private:
  Generation(std::shared_ptr<infer::Task> task, ServerMetrics* metrics);
  void count(const infer::Update& update);

  std::shared_ptr<infer::Task> task_;  // null once moved from
  ServerMetrics* metrics_;
  Stopwatch watch_;
  bool first_token_seen_ = false;
};

// One choice of a task, as far as it has come.
struct CollectedChoice {
  std::string text;
  std::vector<infer::TokenReport> tokens;
  std::optional<infer::TokenReport> end;
  infer::Finish finish = infer::Finish::cancelled;
  std::int64_t drawn_tokens = 0;
};
struct Collected {
  infer::PromptReport prompt;
  std::vector<CollectedChoice> choices;
};
// Waits for all of it; an error when the engine gave it up, or when nobody is there any more who
// wants it.
Answer<Collected> collect(Generation& generation, const std::function<bool()>& is_wanted);
Answer<Collected> collect(Generation& generation, const Request& request);

std::string_view finish_reason(infer::Finish finish);  // "stop" or "length"

// The API's tokens.
std::vector<wire::TokenLogprob> to_wire(const ServedModel& model,
                                        std::span<const infer::TokenReport> tokens);

// id, time, model and fingerprint of an answer.
wire::AnswerHead answer_head(const ServedModel& model, std::string_view id_prefix);

// One server-sent event.
std::string sse(const Json& json);
std::string sse_error(std::string_view message);
inline constexpr std::string_view kSseDone = "data: [DONE]\n\n";

// Hands all updates to `take` until their end. False when the client has gone (`take` says so by
// false) or the engine gave up; then the generation is cancelled.
bool follow(Generation& generation, StreamWriter& out,
            const std::function<bool(const infer::Update&)>& take);

}  // namespace attune::serve
