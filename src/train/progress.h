// What a training run reports while it goes, and at its end. Printing is the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace attune::train {

struct ValidationResult {
  double loss = 0;
  double accuracy = 0;  // share of target tokens that were the most likely ones
  bool is_best = false;
};

struct StepProgress {
  std::int64_t step = 0;   // done, from 1
  std::int64_t steps = 0;  // of the whole run
  std::int64_t epoch = 0;  // from 1
  std::int64_t epochs = 0;
  double loss = 0;      // mean over this step's targets, before its update
  double accuracy = 0;  // token accuracy on them
  float learning_rate = 0;
  double gradient_norm = 0;  // before clipping
  std::int64_t tokens = 0;   // input tokens of this step
  std::int64_t targets = 0;
  double seconds = 0;            // of this step, without validation and checkpoint
  double tokens_per_second = 0;  // of this step
  double flops_per_second = 0;   // model FLOPs of this step
  double peak_fraction = 0;      // of the machine's measured peak
  double eta_seconds = 0;        // to the end of the run, validation included
  std::optional<ValidationResult> validation;
};

enum class Action {
  proceed,
  save,    // write a checkpoint (when there is a folder) and go on
  stop,    // write a checkpoint (when there is a folder) and return
  abandon  // return at once; the step counts for nothing
};

struct TrainCallbacks {
  std::function<Action(const StepProgress&)> step = {};  // after each step; may be empty
  std::function<void(const std::string&)> note = {};     // rare messages for people; may be empty
};

struct TrainOutcome {
  std::int64_t steps = 0;  // done in all, also by the runs that this one continued
  std::int64_t planned_steps = 0;
  std::int64_t resumed_from = 0;  // step of the checkpoint; 0: began afresh
  bool stopped_early = false;     // validation stopped improving
  bool interrupted = false;       // a callback asked to stop: not finished
  double final_loss = 0;          // of the last step
  std::int64_t best_step = 0;     // 0: no validation
  double best_loss = 0;
  double best_accuracy = 0;
  bool restored_best = false;  // the model holds best_step's parameters
  std::int64_t tokens = 0;
  std::int64_t targets = 0;
  double seconds = 0;            // of this process
  double tokens_per_second = 0;  // of this process's steps
  double flops_per_second = 0;
  double peak_flops = 0;
};

}  // namespace attune::train
