// The files of a run below its folder: checkpoints/, train_log.jsonl, loss_ledger.jsonl. With an
// empty folder every function succeeds and does nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tensor/buffer.h"
#include "train/checkpoint.h"
#include "train/ledger.h"
#include "train/optimizer.h"
#include "train/options.h"
#include "train/progress.h"
#include "train/run_log.h"

namespace attune::train {

class RunFiles {
 public:
  explicit RunFiles(const TrainOptions& options) : options_(options) {}

  // The newest whole checkpoint, loaded into `tensors`, when options.resume is set. Without it,
  // checkpoints of an earlier run are an error: they are neither overwritten nor mixed up.
  Result<std::optional<TrainingState>> resume(const Settings& settings, std::string_view isa,
                                              std::span<const CheckpointTensor> tensors,
                                              std::vector<std::string>& notes);
  Result<void> open_log(std::int64_t last_step, const Ledger& ledger);
  Result<void> log_step(const StepProgress& progress);

  bool checkpoint_due(std::int64_t step) const;
  Result<void> save(const TrainingState& state, const Settings& settings, std::string_view isa,
                    std::span<const CheckpointTensor> tensors);

 private:
  Path checkpoints() const { return options_.folder / "checkpoints"; }

  const TrainOptions& options_;
  std::optional<RunLog> log_;
  Stopwatch since_checkpoint_;
};

// value/NAME, first/NAME and second/NAME of every parameter, and best/NAME when `best` is not
// empty.
std::vector<CheckpointTensor> checkpoint_tensors(std::span<model::Parameter> parameters,
                                                 AdamW& optimizer, std::span<Buffer<float>> best);

// A step as a line of train_log.jsonl.
std::string log_line(const StepProgress& progress);

}  // namespace attune::train
