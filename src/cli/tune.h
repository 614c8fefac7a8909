// The stages of `attune tune`, each a function; tune.cc strings them together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/data_options.h"
#include "cli/options.h"
#include "data/prepare.h"
#include "data/split.h"
#include "eval/arms.h"
#include "eval/svg_plot.h"
#include "grammar/contract.h"
#include "text/chat_format.h"
#include "train/trainer.h"

namespace attune::cli {

struct TuneOptions {
  DataOptions data;
  ModelOptions model;
  std::string out = "out/tune";
  std::int64_t most_train_rows = 500;
  std::int64_t shots = 3;
  std::int64_t max_answer_tokens = 256;
  std::int64_t timed_items = 20;
  std::string schedule = "cosine";
  model::LoraConfig lora;
  train::TrainOptions train;
  bool resume = false, json = false;
  double require_format = 0, require_accuracy = 0;
};

// A part of the data in tokens. The documents are views into `chats`.
struct EncodedPart {
  std::vector<text::EncodedChat> chats;
  std::vector<train::Document> documents;
};

Result<EncodedPart> encode_part(const text::ChatFormat& format,
                                const std::vector<data::Example>& examples,
                                const std::vector<std::int64_t>& rows);

struct TrainRecord {
  train::TrainOutcome outcome;
  std::vector<eval::CurvePoint> loss, validation;
};

// Trains the adapter of `model`, printing the estimate and the progress, and saves it in
// <out>/adapter.
Result<TrainRecord> train_adapter(const kernels::Context& context, model::Model& model,
                                  const EncodedPart& train_part, const EncodedPart& validation_part,
                                  const TuneOptions& options);

// Zero-shot, few-shot and tuned answers to the same test rows. Answers are generated side by side;
// then the first timed_items rows are answered once more, alone and the arms in turn, for their
// latency.
Result<std::vector<eval::ArmResult>> answer_arms(
    const kernels::Context& context, const model::Model& model, const text::ChatFormat& format,
    const std::vector<data::Example>& examples, const data::Split& split,
    const std::optional<grammar::Contract>& contract, const TuneOptions& options);

std::vector<eval::Item> test_items(const std::vector<data::Example>& examples,
                                   const data::Split& split);

}  // namespace attune::cli
