// Checkpoints: everything from which a stopped run continues to the same bits.
//
//   <folder>/step-00000120/
//     tensors.safetensors   value/NAME, first/NAME, second/NAME, best/NAME for each parameter
//     state.json            step, epoch, best validation, settings, digest of the tensors
//
// A checkpoint is written under a hidden name, flushed to disk, and renamed, so a folder called
// step-N is complete: a crash at any moment leaves the previous ones as they were. Loading still
// checks everything (version, digest, names, shapes, settings) and says what is wrong.
//
//   ATTUNE_TRY(Path saved, save_checkpoint(folder, state, settings, isa, tensors, 2));
//   ATTUNE_TRY(std::optional<TrainingState> loaded,
//              load_latest_checkpoint(folder, settings, isa, tensors, notes));
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace attune::train {

// Where a run stands, besides its tensors.
struct TrainingState {
  std::int64_t step = 0;   // optimiser steps done
  std::int64_t epoch = 0;  // of the next step
  // Documents used so far: the next step starts there in the plan's order.
  std::int64_t position = 0;
  std::int64_t best_step = 0;  // 0: no validation yet
  double best_loss = 0;
  double best_accuracy = 0;
  std::int64_t evaluations_without_gain = 0;
  std::int64_t tokens = 0;  // input tokens trained so far
  std::int64_t targets = 0;
  double last_loss = 0;
};

// What must be the same for a continued run to mean the same: options, digest of the data, shape of
// the model.
using Settings = std::map<std::string, std::string>;

// The tensors of a run by checkpoint name; the memory belongs to the caller. Saving reads, loading
// overwrites.
struct CheckpointTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<float> values;
};

// Writes <folder>/step-N and then removes all but the newest `keep` checkpoints (at least one is
// kept).
Result<Path> save_checkpoint(const Path& folder, const TrainingState& state,
                             const Settings& settings, std::string_view isa,
                             std::span<const CheckpointTensor> tensors, std::int64_t keep);

// Complete checkpoints, newest first. An absent folder has none.
std::vector<Path> list_checkpoints(const Path& folder);

// Loads one checkpoint into `tensors`. Nothing is written before everything is validated. Tensors
// named in the checkpoint and not in `tensors`, or the other way round, are an error.
Result<TrainingState> load_checkpoint(const Path& checkpoint, const Settings& settings,
                                      std::string_view isa,
                                      std::span<const CheckpointTensor> tensors);

// The newest checkpoint that is whole. A damaged one is passed over and described in `notes`; when
// all are damaged the error tells of the newest. A checkpoint of other settings or another
// instruction set is an error at once. Nothing there: nullopt.
Result<std::optional<TrainingState>> load_latest_checkpoint(
    const Path& folder, const Settings& settings, std::string_view isa,
    std::span<const CheckpointTensor> tensors, std::vector<std::string>& notes);

}  // namespace attune::train
