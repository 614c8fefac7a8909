// The training stage of `attune tune`: rows to tokens, the estimate, the run, the adapter.
#include <fmt/format.h>

#include "cli/progress.h"
#include "cli/tune.h"
#include "io/jsonl.h"

namespace attune::cli {

Result<EncodedPart> encode_part(const text::ChatFormat& format,
                                const std::vector<data::Example>& examples,
                                const std::vector<std::int64_t>& rows) {
  EncodedPart part;
  for (const std::int64_t row : rows) {
    const data::Example& example = examples[static_cast<std::size_t>(row)];
    auto encoded = format.encode_training(example.messages, example.tools);
    if (!encoded) {
      Error error = std::move(encoded).error();
      error.where = example.where() + (error.where.empty() ? "" : ", " + error.where);
      return Failure(std::move(error));
    }
    part.chats.push_back(std::move(*encoded));
  }
  for (std::size_t i = 0; i < part.chats.size(); ++i) {
    part.documents.push_back({.row = examples[static_cast<std::size_t>(rows[i])].line,
                              .tokens = part.chats[i].ids,
                              .weights = part.chats[i].trained});
  }
  return part;
}

namespace {

// From the run's own log, so that a continued run shows its curve from the first step.
Result<void> read_curves(const Path& log, TrainRecord& record) {
  ATTUNE_TRY(const std::string text, read_file(log));
  for (const JsonLine& line : parse_jsonl(text, log.string()).rows) {
    const std::int64_t step = line.value.value("step", std::int64_t{0});
    record.loss.push_back({step, line.value.value("loss", 0.0)});
    if (line.value.contains("validation_loss")) {
      record.validation.push_back({step, line.value.value("validation_loss", 0.0)});
    }
  }
  return {};
}

}  // namespace

Result<TrainRecord> train_adapter(const kernels::Context& context, model::Model& model,
                                  const EncodedPart& train_part, const EncodedPart& validation_part,
                                  const TuneOptions& options) {
  train::TrainOptions train_options = options.train;
  train_options.folder = Path(options.out) / "training";
  ATTUNE_TRY_VOID(ensure_directory(train_options.folder));
  ATTUNE_TRY(
      train::Trainer trainer,
      train::Trainer::create(
          context, model,
          {.train = train_part.documents, .validation = validation_part.documents, .plan = {}},
          train_options));
  if (!options.json) {
    fmt::print("{}\n", trainer.ledger().summary_text());
    const train::TrainEstimate estimate = trainer.estimate();
    fmt::print("estimate: {} steps, {} tokens, about {}; memory {} of {} free\n", estimate.steps,
               estimate.tokens, duration_text(estimate.total_seconds),
               bytes_text(estimate.total_bytes), bytes_text(estimate.available_bytes));
  }
  TrainingProgress progress(options.json);
  TrainRecord record;
  ATTUNE_TRY(record.outcome, trainer.run(progress.callbacks()));
  progress.finish();
  ATTUNE_TRY_VOID(read_curves(train_options.folder / "train_log.jsonl", record));
  std::error_code ignored;  // an absolute base, so that the adapter finds it from any folder
  const Path base = std::filesystem::absolute(options.model.model, ignored);
  ATTUNE_TRY_VOID(model.save_adapter(Path(options.out) / "adapter", base.string()));
  return record;
}

}  // namespace attune::cli
