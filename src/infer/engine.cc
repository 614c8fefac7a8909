#include "infer/engine.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>

#include <fmt/format.h>

namespace attune::infer {

namespace {

std::int64_t affordable_context(const model::ArchSpec& spec, const EngineOptions& options) {
  const std::int64_t positions = options.cache_bytes / model::KvCache::bytes_a_position(spec);
  return std::clamp<std::int64_t>(positions, 1, spec.max_positions);
}

// Every answer has a token in each pass, with room left for prompts.
EngineOptions with_bounds(EngineOptions options) {
  options.pass_tokens = std::max<std::int64_t>(options.pass_tokens, 2);
  options.running = std::clamp<std::int64_t>(options.running, 1, options.pass_tokens - 1);
  options.pass_prompt_tokens = std::max<std::int64_t>(options.pass_prompt_tokens, 1);
  return options;
}

Failure refuse(std::string where, std::string found, std::string wanted) {
  return bad_input(
      {.where = std::move(where), .found = std::move(found), .wanted = std::move(wanted)});
}

}  // namespace

// The thread and what it shares with the callers.
struct Engine::Thread {
  Thread(Isa isa, const model::Model& model, const text::Tokenizer& tokenizer,
         const EngineOptions& options, std::int64_t context_length, EngineCounters& counters)
      : context(isa, options.threads),
        scheduler(context, model, tokenizer, options, context_length, counters),
        runner([this] { run(); }) {}

  ~Thread() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    runner.join();
  }

  void run() {
    while (take_arrived()) {
      try {
        scheduler.pass();
      } catch (const std::bad_alloc&) {  // out of memory: these tasks fail, later ones may not
        scheduler.cancel_all();
      }
    }
    scheduler.cancel_all();
  }

  // Waits while there is nothing to do; false when the engine stops.
  bool take_arrived() {
    std::unique_lock lock(mutex);
    if (scheduler.idle()) changed.wait(lock, [&] { return stopping || !arrived.empty(); });
    for (auto& task : arrived) scheduler.add(std::move(task));
    arrived.clear();
    return !stopping;
  }

  kernels::Context context;
  Scheduler scheduler;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Task>> arrived;
  bool stopping = false;
  std::thread runner;  // last: it uses all of the above
};

Result<std::unique_ptr<Engine>> Engine::start(const model::Model& model,
                                              const text::Tokenizer& tokenizer,
                                              EngineOptions options) {
  ATTUNE_TRY(const Isa isa, pick_isa());
  return std::unique_ptr<Engine>(new Engine(model, tokenizer, with_bounds(options), isa));
}

Engine::Engine(const model::Model& model, const text::Tokenizer& tokenizer, EngineOptions options,
               Isa isa)
    : model_(model),
      isa_(isa),
      options_(options),
      context_length_(affordable_context(model.spec(), options)),
      thread_(
          std::make_unique<Thread>(isa, model, tokenizer, options_, context_length_, counters_)) {}

Engine::~Engine() = default;

Result<void> Engine::check(const Work& work) const {
  const std::int64_t length = std::ssize(work.prompt), vocabulary = model_.spec().vocabulary;
  const auto is_token = [&](std::int32_t id) { return id >= 0 && id < vocabulary; };
  if (length == 0) return refuse("prompt", "no token", "at least one");
  if (length + (work.max_new_tokens > 0 ? 1 : 0) > context_length_) {
    return refuse("prompt", fmt::format("{} tokens", length),
                  fmt::format("room for an answer in a context of {}", context_length_));
  }
  for (const std::int32_t id : work.prompt) {
    if (!is_token(id)) {
      return refuse("prompt", fmt::format("token {}", id),
                    fmt::format("a token from 0 to {}", vocabulary - 1));
    }
  }
  for (const TokenBias& one : work.bias) {
    if (!is_token(one.token)) {
      return refuse("logit_bias", fmt::format("token {}", one.token),
                    fmt::format("a token from 0 to {}", vocabulary - 1));
    }
  }
  if (work.choices < 1 || work.max_new_tokens < 0) {
    return refuse("work", fmt::format("{} choices of {} tokens", work.choices, work.max_new_tokens),
                  "at least one choice");
  }
  if (work.mean_state && (work.max_new_tokens > 0 || work.score_prompt || work.choices > 1)) {
    return refuse("work", "an answer and a mean state", "one of them");
  }
  return {};
}

Result<std::shared_ptr<Task>> Engine::submit(Work work) {
  ATTUNE_TRY_VOID(check(work));
  auto task = std::make_shared<Task>(std::move(work));
  {
    const std::lock_guard lock(thread_->mutex);
    const std::int64_t waiting = counters_.waiting + std::ssize(thread_->arrived);
    if (waiting >= options_.waiting) {
      return environment_failure({.where = "the model",
                                  .found = fmt::format("{} requests that wait", waiting),
                                  .wanted = fmt::format("fewer than {}", options_.waiting),
                                  .fix = "ask again later"});
    }
    thread_->arrived.push_back(task);
  }
  thread_->changed.notify_all();
  return task;
}

}  // namespace attune::infer
