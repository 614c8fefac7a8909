// The training stage of `attune tune`: rows to tokens, the estimate, the run, the adapter.
#include <fmt/format.h>

#include "cli/progress.h"
#include "cli/tune.h"

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
  train::TrainCallbacks callbacks = progress.callbacks();
  callbacks.step = [&](const train::StepProgress& step) {
    record.loss.push_back({step.step, step.loss});
    if (step.validation) record.validation.push_back({step.step, step.validation->loss});
    progress.show(step);
    return train::Action::proceed;
  };
  ATTUNE_TRY(record.outcome, trainer.run(callbacks));
  progress.finish();
  ATTUNE_TRY_VOID(model.save_adapter(Path(options.out) / "adapter", options.model.model));
  return record;
}

}  // namespace attune::cli
