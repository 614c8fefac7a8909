// Training all weights of a model on text, from random weights or continuing: what `attune
// pretrain` does.
//
//   PretrainOptions options;
//   options.sources = {{"books", 0.6}, {"tasks.jsonl", 0.4}};
//   options.tokenizer = "tokenizer-folder";
//   options.config = "config.json";
//   options.out = "models/base";
//   options.tokens = 60'000'000;
//   options.train.documents_per_step = 64;
//   ATTUNE_TRY(PretrainOutcome outcome, pretrain(context, options, callbacks));
//
// Sources are tokenised once into <work>/tokens; checkpoints, train_log.jsonl and loss_ledger.jsonl
// lie in <work>. A run that was stopped goes on with train.resume = true. At the end <out> is a
// complete model folder: config.json, model.safetensors, and the tokenizer's files.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "kernels/context.h"
#include "model/model.h"
#include "train/estimate.h"
#include "train/options.h"
#include "train/progress.h"
#include "train/text_source.h"

namespace attune::train {

struct PretrainOptions {
  std::vector<TextSource> sources;
  Path tokenizer;      // folder with tokenizer.json (and chat template, for messages); empty:
                       // continue_from
  Path config;         // config.json of a model with random weights, or
  Path continue_from;  // a model folder whose weights are trained further
  bool copying_heads = false;  // random weights begin with circuits that copy (copying_heads.h)
  Path out;
  Path work;  // empty: <out>/training

  model::Precision precision = model::Precision::bf16;
  Dtype stored = Dtype::bf16;  // type of the saved weights: bf16 or f32
  std::int64_t tokens = 0;     // input tokens of the run; 0: as many as the sources have
  // How much the tokens of a conversation count that are not the assistant's: 1 learns to write the
  // whole conversation, 0 the answers alone.
  float prompt_weight = 1;
  double validation_share = 0.005;
  std::int64_t most_validation_tokens = 100'000;

  // epochs and max_steps are not used (tokens decides), folder is <work>. The rest as for any
  // training.
  TrainOptions train = default_train_options();
  static TrainOptions default_train_options();
};

struct PretrainSourceReport {
  Path path;
  std::int64_t documents = 0;
  std::int64_t tokens = 0;
  double passes = 0;  // how often the run goes through it
};

struct PretrainOutcome {
  TrainOutcome training;
  std::vector<PretrainSourceReport> sources;
  std::int64_t parameters = 0;
};

struct PretrainCallbacks {
  TrainCallbacks training = {};
  // The sources and their passes, before training.
  std::function<void(const std::vector<PretrainSourceReport>&)> sources = {};
  // Empty: nothing is measured beforehand.
  std::function<void(const TrainEstimate&)> estimate = {};
};

// Interrupted by training.step: the outcome says so, a checkpoint is written, the model folder is
// not.
Result<PretrainOutcome> pretrain(const kernels::Context& context, const PretrainOptions& options,
                                 const PretrainCallbacks& callbacks);

}  // namespace attune::train
