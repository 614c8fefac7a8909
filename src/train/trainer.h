// The training loop, the same for an adapter and for all weights: what is trained is what
// model.parameters() lists.
//
//   ATTUNE_TRY_VOID(model.add_lora({.rank = 16}, seed));
//   TrainingData data{.train = rows, .validation = held_out};
//   ATTUNE_TRY(Trainer trainer, Trainer::create(context, model, data, options));
//   TrainEstimate estimate = trainer.estimate();  // optional; changes nothing
//   ATTUNE_TRY(TrainOutcome outcome, trainer.run({.step = print_progress}));
//   ATTUNE_TRY_VOID(model.save_adapter(folder, "base"));
//
// One optimiser step: the step's documents are packed into micro-batches, each runs forward and
// backward with its loss divided by the target weight of the whole step, the summed gradient is
// clipped and AdamW applied. The same seed gives the same bits, whatever the number of threads, and
// after a crash and resume.
#pragma once

#include <memory>

#include "base/result.h"
#include "kernels/context.h"
#include "model/forward.h"
#include "model/model.h"
#include "train/estimate.h"
#include "train/ledger.h"
#include "train/options.h"
#include "train/progress.h"
#include "train/setup.h"

namespace attune::train {

class Trainer {
 public:
  // Checks and plans everything; allocates the workspace. context, model and the data's memory
  // outlive the trainer.
  static Result<Trainer> create(const kernels::Context& context, model::Model& model,
                                const TrainingData& data, const TrainOptions& options);

  const TrainSetup& setup() const;
  const Ledger& ledger() const;  // of the training documents
  TrainEstimate estimate(double seconds = 1.0);

  // Trains to the end; called once. On success the model holds the best parameters (keep_best and
  // validation) or the last ones. Errors: a loss or gradient that is not finite (the step and what
  // to try), a checkpoint that does not fit, the disk.
  Result<TrainOutcome> run(const TrainCallbacks& callbacks);

  Trainer(Trainer&&) noexcept;
  ~Trainer();

 private:
  struct Parts;
  explicit Trainer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace attune::train
