// How long a run will take and how much memory it needs, from a few of its own micro-batches run
// before it starts.
//
// The model is left as it was (only gradients are formed, and zeroed again), so a run with an
// estimate in front of it ends in the same bits as one without.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernels/context.h"
#include "model/forward.h"
#include "model/model.h"
#include "train/setup.h"

namespace attune::train {

struct TrainEstimate {
  std::int64_t steps = 0;
  std::int64_t tokens = 0;       // input tokens of the whole run
  double seconds_per_token = 0;  // forward, backward and update
  double training_seconds = 0;
  double validation_seconds = 0;
  double total_seconds = 0;
  // The same had all micro-batches been as fast as the fastest measured, and as slow as the
  // slowest.
  double least_seconds = 0, most_seconds = 0;
  std::int64_t measured_tokens = 0;
  double measured_seconds = 0;

  std::int64_t weight_bytes = 0;  // all weights, with f32 masters where they are trained
  std::int64_t gradient_bytes = 0;
  std::int64_t optimizer_bytes = 0;  // two moments, and the best parameters where they are kept
  std::int64_t workspace_bytes = 0;  // activations
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;  // memory that this machine has free now; 0: unknown
  model::Recompute recompute = model::Recompute::elementwise;
  double recompute_share = 0;  // FLOPs that backward repeats, as a part of the model's FLOPs
};

// Measures for about `seconds` (at least two micro-batches). The workspace holds setup.capacity
// tokens.
TrainEstimate estimate_training(const kernels::Context& context, model::Model& model,
                                model::Workspace& workspace, const TrainSetup& setup,
                                double seconds = 1.0);

// What is kept and what is computed again, and its price, as in
//   "norms and SwiGLU are computed again in backward: no products"
std::string recompute_text(model::Recompute policy, double share);

// The policy for a run whose largest micro-batch has `tokens` tokens: the wanted one, or the
// fastest whose workspace leaves a tenth of the free memory and room for `other_bytes` that are yet
// to be taken.
model::Recompute choose_recompute(const model::Model& model, std::int64_t tokens,
                                  std::optional<model::Recompute> wanted, std::int64_t other_bytes);

// How many values a training changes.
std::int64_t trained_parameters(const model::Model& model);
inline constexpr std::int64_t kOptimizerBytes = 12;  // of each: two moments and the best value

// Free memory as the kernel sees it (MemAvailable); 0 where it does not say.
std::int64_t available_memory_bytes();

}  // namespace attune::train
