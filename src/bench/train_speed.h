// The speed of whole training steps on a model of random weights: forward, loss, backward, clipping
// and update over packed random documents, with the loss on every token.
//
//   ATTUNE_TRY(TrainTask task, TrainTask::prepare(spec, options));   // refuses what does not fit
//   TrainSpeed speed = task.measure(context, report_step);
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "kernels/context.h"
#include "model/model.h"
#include "model/recompute.h"

namespace attune::bench {

struct TrainSpeedOptions {
  std::int64_t tokens = 2048;  // of a step, in one packed micro-batch
  std::int64_t documents = 4;  // of equal length
  std::int64_t rank = 16;      // of the adapter on all seven linears
  bool all_weights = false;    // train them instead of an adapter
  std::int64_t steps = 3;      // timed, after one that is not
  model::Precision precision = model::Precision::bf16;
  std::optional<model::Recompute> recompute = {};  // none: the fastest that fits
};

// Bytes that training holds, by what they are for.
struct TrainBytes {
  std::int64_t weights = 0;  // of the base, and of the adapter
  std::int64_t gradients = 0;
  std::int64_t optimizer = 0;
  std::int64_t workspace = 0;  // activations and scratch
  std::int64_t total() const { return weights + gradients + optimizer + workspace; }
};

struct TrainSpeed {
  std::vector<double> step_seconds;
  double median_seconds = 0;
  double tokens_per_second = 0;
  double model_flops = 0;       // of a step; train/flops.h
  double flops_per_second = 0;  // model_flops by the median
  double first_loss = 0, last_loss = 0;
};

class TrainTask {
 public:
  // Plans the memory before any of it is taken; what does not fit into the free memory is refused.
  static Result<TrainTask> prepare(const model::ArchSpec& spec, const TrainSpeedOptions& options);

  const TrainBytes& bytes() const;
  model::Recompute recompute() const;
  double recompute_share() const;  // FLOPs that backward repeats, as a part of the model's
  std::int64_t available_bytes() const;

  // Makes the weights and runs the steps; `step` is called after each timed one.
  TrainSpeed measure(const kernels::Context& context,
                     const std::function<void(std::int64_t step, double seconds)>& step);

  TrainTask(TrainTask&&) noexcept;
  ~TrainTask();

 private:
  struct Parts;
  explicit TrainTask(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace attune::bench
