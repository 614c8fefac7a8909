// What an engine's next pass carries: one token of every answer that is being written and, in the
// room that is left, the next stretches of the prompts that are being read. Tasks join and leave
// between passes.
//
// Memory: every sequence has a key/value cache of its own that grows as it does. When the caches
// reach their limit, remembered prompts are forgotten first; then the sequence that joined last
// gives its cache up and reads its tokens again once there is room. So every accepted task ends.
//
// Used by the engine's thread alone, but for the counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "infer/prompt_memory.h"
#include "infer/sequence.h"
#include "kernels/context.h"

namespace attune::infer {

struct EngineOptions {
  int threads = 0;                                   // 0: one for each CPU
  std::int64_t running = 32;                         // sequences side by side
  std::int64_t waiting = 4096;                       // tasks that may wait beyond them
  std::int64_t pass_tokens = 512;                    // of one pass
  std::int64_t pass_prompt_tokens = 128;             // of prompts, in a pass that others wait for
  std::int64_t cache_bytes = std::int64_t{1} << 30;  // of keys and values, remembered ones too
};

// Counted since the engine started, except the first three.
struct EngineCounters {
  std::atomic<std::int64_t> running = 0, waiting = 0, cache_bytes = 0;
  std::atomic<std::int64_t> passes = 0, prompt_tokens = 0, reused_tokens = 0, drawn_tokens = 0;
  std::atomic<std::int64_t> set_back = 0;  // caches given up to others
};

class Scheduler {
 public:
  // The references must outlive it.
  Scheduler(const kernels::Context& context, const model::Model& model,
            const text::Tokenizer& tokenizer, const EngineOptions& options,
            std::int64_t context_length, EngineCounters& counters);

  void add(std::shared_ptr<Task> task);
  bool idle() const { return running_.empty() && waiting_.empty(); }
  void pass();
  void cancel_all();

 private:
  // A sequence with the other choices of its task, which begin when the prompt has been read.
  struct Place {
    std::unique_ptr<Sequence> sequence;
    std::vector<std::unique_ptr<Sequence>> siblings;
    std::int64_t reused = 0;
    std::int64_t cache_bytes = 0;
  };
  // A sequence's part of a pass, and what its rows of logits said.
  struct Part {
    Place* place = nullptr;
    std::int64_t first = 0, count = 0;  // of its tokens
    model::Wanted wanted = model::Wanted::nothing;
    std::vector<std::optional<RowReading>> rows = {};
    std::vector<RowReading> siblings = {};
  };

  void drop_cancelled();
  void admit();
  bool give_cache(Place& place);
  bool make_room(std::int64_t bytes);
  void make_room_for_answers();
  bool grow(Place& place);
  void set_back_last();
  std::vector<Part> plan();
  void run(std::vector<Part>& parts);
  void read_rows(std::vector<Part>& parts, std::span<const model::Origin> origins,
                 std::span<const float> logits);
  void take(Part& part);
  void start_siblings(Place& place, std::vector<RowReading> readings);
  void remove_ended();
  std::int64_t capacity_for(const Sequence& sequence) const;
  void count();

  const kernels::Context& context_;
  const model::Model& model_;
  const text::Tokenizer& tokenizer_;
  const EngineOptions options_;
  const std::int64_t context_length_;
  EngineCounters& counters_;
  const std::int64_t position_bytes_;
  std::int64_t adapter_rank_ = 0;
  model::Workspace workspace_;
  std::vector<std::vector<float>> spare_;        // [V] for each thread
  std::vector<std::unique_ptr<Place>> running_;  // in the order of joining
  std::deque<std::unique_ptr<Place>> waiting_;
  std::vector<std::unique_ptr<Place>> started_;  // siblings that join after the pass
  PromptMemory memory_;
  std::int64_t running_bytes_ = 0;
};

}  // namespace attune::infer
