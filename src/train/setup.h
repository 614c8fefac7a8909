// A checked and planned run: options with defaults filled in, what is used of each document, every
// step's documents, and the settings that a checkpoint must share with the run that continues it.
//
//   ATTUNE_TRY(TrainSetup setup, prepare_training(model, data, options));
//   Ledger ledger(setup.data.train, setup.uses);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/model.h"
#include "train/checkpoint.h"
#include "train/document.h"
#include "train/options.h"
#include "train/pack.h"
#include "train/schedule.h"

namespace attune::train {

struct TrainSetup {
  TrainOptions options;  // context is filled in
  TrainingData data;
  std::vector<DocumentUse> uses;             // of data.train
  std::vector<DocumentUse> validation_uses;  // of data.validation
  Plan plan;
  Schedule schedule;
  Settings settings;
  std::int64_t capacity = 0;           // tokens of the largest micro-batch that can occur
  std::int64_t planned_tokens = 0;     // input tokens of all steps
  std::int64_t validation_tokens = 0;  // input tokens of one evaluation
  std::int64_t evaluations = 0;

  bool has_validation() const { return validation_tokens > 0; }
  bool keeps_best() const { return options.keep_best && has_validation(); }
  // Whether validation is due after step `done` (counted from 1).
  bool evaluates_after(std::int64_t done) const;
};

// Refused with the option's or the row's name: an option out of range, a token outside the
// vocabulary, a weight that is negative or not finite, no document with a target, a model without
// trainable parameters.
Result<TrainSetup> prepare_training(const model::Model& model, const TrainingData& data,
                                    const TrainOptions& options);

}  // namespace attune::train
