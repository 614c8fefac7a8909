// The stages of `attune tune`, each a function; tune.cc strings them together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/data_options.h"
#include "cli/job_options.h"
#include "cli/options.h"
#include "cli/remote_options.h"
#include "data/prepare.h"
#include "data/split.h"
#include "eval/arms.h"
#include "eval/report.h"
#include "eval/svg_plot.h"
#include "grammar/contract.h"
#include "text/chat_format.h"
#include "train/encode.h"
#include "train/recipe.h"
#include "train/trainer.h"

namespace attune::cli {

struct TuneOptions {
  DataOptions data;
  ModelOptions model;
  std::string out = "out/tune";
  std::int64_t most_train_rows = 500;
  std::int64_t most_validation_rows = 100;  // read at the end of each epoch
  std::int64_t shots = 3;
  std::int64_t max_answer_tokens = 256;
  std::int64_t timed_items = 20;
  std::string schedule = "cosine";
  model::LoraConfig lora;
  train::TrainOptions train;
  bool resume = false, json = false;
  std::vector<std::string> frozen_tests;  // manifests whose rows may not be trained on
  // With an endpoint the training and the answers are there, and `model` is a
  // name there.
  RemoteOptions remote;
  JobOptions job;
  std::string answer_base,
      answer_tuned;  // names to ask for answers, where they differ
  double require_format = 0, require_accuracy = 0;
};

// --max-train, --batch, --rank and their like, with the recipe's defaults; not --epochs.
void declare_training(CLI::App& command, TuneOptions& options);

// At most `most` of the rows, evenly spread.
std::vector<std::int64_t> sample_of(const std::vector<std::int64_t>& rows, std::int64_t most);

struct TrainRecord {
  train::TrainOutcome outcome;
  std::vector<eval::CurvePoint> loss, validation;
};

// Trains the adapter of `model`, printing the estimate and the progress, and
// saves it in <out>/adapter.
Result<TrainRecord> train_adapter(const kernels::Context& context, model::Model& model,
                                  const train::EncodedRows& train_rows,
                                  const train::EncodedRows& validation_rows,
                                  const TuneOptions& options);

// Zero-shot, few-shot and tuned answers to the same test rows. Answers are
// generated side by side; then the first timed_items rows are answered once
// more, alone and the arms in turn, for their latency.
Result<std::vector<eval::ArmResult>> answer_arms(
    const kernels::Context& context, const model::Model& model, const text::ChatFormat& format,
    const std::vector<data::Example>& examples, const data::Split& split,
    const std::optional<grammar::Contract>& contract, const TuneOptions& options);

// The rows of both ways of training, written to <out> as data.jsonl,
// train.jsonl, validation.jsonl and test.jsonl.
struct PreparedRows {
  data::Prepared prepared;
  data::Split split;
};
// The parts that training and evaluation get. Refused: rows of a frozen test among those to train
// on; parts that come out empty.
Result<data::Split> divide_rows(const std::vector<data::Example>& examples,
                                const TuneOptions& options);
Result<PreparedRows> prepare_rows(const TuneOptions& options,
                                  const std::optional<grammar::Contract>& contract);

// What a run has to show for itself.
struct Evidence {
  std::vector<eval::ArmResult> arms;
  eval::TrainingRecord training;
  Json model = Json::object();  // for the report
  std::string next;             // what to do with the model, one line
};
// Compares, decides, writes and prints the report; the exit code of the
// command.
Result<int> conclude(const PreparedRows& rows, const std::optional<grammar::Contract>& contract,
                     const Evidence& evidence, const TuneOptions& options);

}  // namespace attune::cli
