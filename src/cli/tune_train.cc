// The training stage of `attune tune`: the estimate, the run, the adapter.
#include <fmt/format.h>

#include "cli/progress.h"
#include "cli/tune.h"
#include "io/jsonl.h"

namespace attune::cli {

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
                                  const train::EncodedRows& train_rows,
                                  const train::EncodedRows& validation_rows,
                                  const TuneOptions& options) {
  train::TrainOptions train_options = options.train;
  train_options.folder = Path(options.out) / "training";
  ATTUNE_TRY_VOID(ensure_directory(train_options.folder));
  ATTUNE_TRY(
      train::Trainer trainer,
      train::Trainer::create(
          context, model,
          {.train = train_rows.documents, .validation = validation_rows.documents, .plan = {}},
          train_options));
  if (!options.json) {
    fmt::print("{}\n", trainer.ledger().summary_text());
    const train::TrainEstimate estimate = trainer.estimate();
    fmt::print("estimate: {} steps, {} tokens, about {}; memory {} of {} free\n", estimate.steps,
               estimate.tokens, duration_text(estimate.total_seconds),
               bytes_text(estimate.total_bytes), bytes_text(estimate.available_bytes));
    fmt::print("{}\n", train::recompute_text(estimate.recompute, estimate.recompute_share));
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
