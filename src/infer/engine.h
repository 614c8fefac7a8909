// Answers for a server: one thread owns a model and serves every task that arrives, side by side,
// each with the adapter of its own on the shared base (continuous batching).
//
//   ATTUNE_TRY(const auto engine, Engine::start(model, tokenizer, {}));
//   ATTUNE_TRY(const std::shared_ptr<Task> task, engine->submit({.prompt = ids, ...}));
//
// A task's tokens do not depend on which others run beside it: greedy and seeded answers are those
// of Generator. All methods may be called from any thread. When the engine is destroyed, unfinished
// tasks end as cancelled.
#pragma once

#include <cstdint>
#include <memory>

#include "base/cpu.h"
#include "base/result.h"
#include "infer/scheduler.h"
#include "infer/work.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace attune::infer {

class Engine {
 public:
  // Model and tokenizer must outlive the engine.
  static Result<std::unique_ptr<Engine>> start(const model::Model& model,
                                               const text::Tokenizer& tokenizer,
                                               EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // A fault of the work is bad input; too many waiting tasks are the environment's.
  Result<std::shared_ptr<Task>> submit(Work work);

  // Most tokens of a prompt and its answer: the model's context, or less when the memory for keys
  // and values holds less.
  std::int64_t context_length() const { return context_length_; }
  const EngineCounters& counters() const { return counters_; }
  Isa isa() const { return isa_; }

 private:
  struct Thread;

  Engine(const model::Model& model, const text::Tokenizer& tokenizer, EngineOptions options,
         Isa isa);
  Result<void> check(const Work& work) const;

  const model::Model& model_;
  const Isa isa_;
  const EngineOptions options_;
  const std::int64_t context_length_;
  EngineCounters counters_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace attune::infer
