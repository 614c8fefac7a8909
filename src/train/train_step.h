// The pieces of one optimiser step: gradients summed over its micro-batches, and the checks on
// them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "kernels/context.h"
#include "model/forward.h"
#include "model/model.h"
#include "train/flops.h"
#include "train/setup.h"

namespace attune::train {

struct StepSums {
  model::LossSums loss;
  PassShape shape;
};

// Adds the gradient of the step's mean loss to the model's gradients. The mean is over the target
// weight of the whole step, known before its first micro-batch, so the packing changes nothing but
// the order of float sums. A loss that is not finite is an error that names the step and the rows
// of its micro-batch.
Result<StepSums> accumulate_gradients(const kernels::Context& context, model::Model& model,
                                      model::Workspace& workspace, const TrainSetup& setup,
                                      std::int64_t step);

Result<void> check_finite_gradient(double norm, const TrainSetup& setup, std::int64_t step);

// The loss of the run's first document without the adapter, to the bit: it tells one base model
// from another.
std::string base_fingerprint(const kernels::Context& context, const model::Model& model,
                             model::Workspace& workspace, std::span<const Document> documents,
                             std::span<const DocumentUse> uses, const Plan& plan);

}  // namespace attune::train
