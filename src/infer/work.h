// What an Engine is asked to do, and how its asker follows it.
//
//   ATTUNE_TRY(const std::shared_ptr<Task> task, engine.submit({.prompt = ids, ...}));
//   while (const std::optional<Update> update = task->next()) show(update->text);
//
// A Task is shared by two threads: the engine pushes, the asker takes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "infer/finish.h"
#include "infer/sampler.h"
#include "model/adapter.h"

namespace attune::infer {

struct Work {
  std::vector<std::int32_t> prompt = {};
  std::shared_ptr<const model::Adapter> adapter = {};  // null: the base alone
  std::int64_t choices = 1;                            // answers to the one prompt
  std::int64_t max_new_tokens = 0;                     // of each; 0: the prompt is only read
  SamplingOptions sampling = {};                       // a choice draws from a stream of its own
  Penalties penalties = {};
  std::vector<TokenBias> bias = {};
  std::vector<std::int32_t> stop_ids = {};
  std::vector<std::string> stop = {};  // texts that end an answer; not part of it
  bool logprobs = false;               // of every token that is reported
  std::int64_t top_logprobs = 0;       // so many of the likeliest tokens at each place
  bool score_prompt = false;           // report the prompt's tokens too
  bool mean_state = false;             // the mean over the prompt of the final norm's output
  // Prompts are remembered, and reused by later ones that begin alike, inside one scope only;
  // empty: not at all. What is remembered can be felt as speed, so a scope belongs to one tenant.
  std::string scope = {};
};

// Log-probabilities are natural and of the unmodified distribution: temperature, nucleus, penalties
// and bias change what is drawn, not what is reported.
struct TokenReport {
  std::int32_t id = 0;
  std::optional<double> logprob = {};  // none for the first token of a prompt, or if not asked for
  std::vector<Choice> top = {};        // falling
};

struct PromptReport {
  std::vector<TokenReport> tokens = {};  // with score_prompt
  std::vector<float> mean_state = {};    // [H] with mean_state
  std::int64_t reused_tokens = 0;        // whose keys and values were remembered
};

// News of one choice. Pieces of text, joined, are the answer; they are whole UTF-8 characters.
struct Update {
  std::int64_t choice = 0;
  std::string text = {};
  std::vector<TokenReport> tokens = {};     // those whose text begins in the pieces up to here
  std::optional<TokenReport> end = {};      // the stop token, when one ended the answer
  std::optional<Finish> finish = {};        // set in a choice's last update
  std::int64_t drawn_tokens = 0;            // by this choice so far, with the stop token
  std::optional<PromptReport> prompt = {};  // set in the task's first update
};

class Task {
 public:
  explicit Task(Work work) : work_(std::move(work)) {}

  // Waits for the next update; nothing once every choice has finished.
  std::optional<Update> next();
  // The same, but no longer than `limit`: nothing then too, with finished() still false.
  std::optional<Update> next_within(std::chrono::milliseconds limit);
  bool finished() const;  // and every update was taken
  // The asker wants no more: the engine drops the task before its next pass.
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  // The engine's side.
  const Work& work() const { return work_; }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  void push(Update update);

 private:
  std::optional<Update> take();  // under mutex_

  const Work work_;
  std::atomic<bool> cancelled_ = false;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Update> updates_;
  std::int64_t finished_choices_ = 0;
};

}  // namespace attune::infer
