#include "jobs/step_reporter.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "train/evaluate.h"
#include "wire/ids.h"

namespace attune::jobs {

namespace {

// Longer runs tell of every second, third ... step: a job's events stay readable and the database
// small. The result file has every step.
constexpr std::int64_t kMostEvents = 5000;
constexpr std::int64_t kStepsBetweenSamples = 10;

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

Pace pace_of(const train::StepProgress& progress) {
  return {.tokens_per_second = progress.tokens_per_second,
          .peak_fraction = progress.peak_fraction,
          .eta_seconds = progress.eta_seconds,
          .learning_rate = static_cast<double>(progress.learning_rate),
          .memory_bytes = resident_bytes(),
          .epoch = progress.epoch,
          .epochs = progress.epochs};
}

}  // namespace

ValidationSample::ValidationSample(std::span<const train::Document> documents, std::int64_t context,
                                   std::int64_t rows)
    : documents_(documents), uses_(train::measure_documents(documents, context)), rows_(rows) {
  for (const train::DocumentUse& use : uses_) capacity_ = std::max(capacity_, use.inputs);
}

std::optional<LossAndAccuracy> ValidationSample::measure(const PublishSource& source,
                                                         std::int64_t step) {
  if (capacity_ == 0) return std::nullopt;
  if (!workspace_) workspace_.emplace(source.model, capacity_, false);
  const std::int64_t count = std::min(rows_, std::ssize(documents_));
  const std::int64_t windows = std::ssize(documents_) / count;
  const auto begin = static_cast<std::size_t>((step / kStepsBetweenSamples) % windows * count);
  const auto size = static_cast<std::size_t>(count);
  const model::LossSums sums = train::evaluate_documents(
      source.kernels, source.model, *workspace_, documents_.subspan(begin, size),
      std::span(uses_).subspan(begin, size), capacity_);
  if (sums.targets == 0) return std::nullopt;
  return LossAndAccuracy{sums.mean(), sums.accuracy()};
}

StepReporter::StepReporter(JobRun& run, const RunFolder& folder, const PublishSource& source,
                           const train::Plan& plan, ValidationSample validation)
    : run_(run),
      source_(source),
      plan_(plan),
      validation_(std::move(validation)),
      log_(folder.metrics()),
      event_stride_((plan.steps() + kMostEvents - 1) / kMostEvents) {}

train::Action StepReporter::after(const train::StepProgress& progress) {
  Result<train::Action> action = take(progress);
  if (!action) error_ = std::move(action).error();
  // What could not be told must be done again: no checkpoint may hold it.
  if (error_ || run_.link.wish() == Wish::lost) return train::Action::abandon;
  return *action;
}

Result<void> StepReporter::problem() const {
  if (!error_) return {};
  return Failure(*error_);
}

Result<train::Action> StepReporter::take(const train::StepProgress& progress) {
  if (run_.link.wish() == Wish::lost) return train::Action::abandon;
  const StepMetrics metrics = measure(progress);
  ATTUNE_TRY_VOID(log_.append(metrics));
  const bool ends_epoch = plan_.ends_epoch(progress.step - 1);
  const bool last = progress.step == progress.steps;
  if (progress.step % event_stride_ == 0 || progress.step == 1 || ends_epoch || last) {
    pending_.events.push_back(metrics_event(metrics, progress.steps, pace_of(progress)));
  }
  pending_.estimated_finish = static_cast<std::int64_t>(std::time(nullptr)) +
                              static_cast<std::int64_t>(progress.eta_seconds);
  if (ends_epoch) {
    ATTUNE_TRY_VOID(publish_epoch(metrics, progress.step));
    if (failed_) return train::Action::abandon;
  }

  const bool leaves = !run_.link.may_run();
  const bool saves =
      leaves || last || ends_epoch || since_saved_.seconds() >= run_.options.checkpoint_seconds;
  if (saves) ATTUNE_TRY_VOID(log_.flush());
  if (saves || since_told_.seconds() >= run_.options.report_seconds) ATTUNE_TRY_VOID(tell());
  if (saves) since_saved_ = Stopwatch();
  if (leaves) return train::Action::stop;
  return saves ? train::Action::save : train::Action::proceed;
}

StepMetrics StepReporter::measure(const train::StepProgress& progress) {
  StepMetrics metrics;
  metrics.step = static_cast<double>(progress.step);
  set_train(metrics, {progress.loss, progress.accuracy});
  if (progress.validation) {
    set_full_valid(metrics, {progress.validation->loss, progress.validation->accuracy});
  }
  if (progress.step % kStepsBetweenSamples == 0 || progress.validation) {
    const auto sampled = validation_.measure(source_, progress.step);
    if (sampled) set_valid(metrics, *sampled);
  }
  return metrics;
}

Result<void> StepReporter::publish_epoch(const StepMetrics& metrics, std::int64_t step) {
  const wire::JobObject& job = run_.row.job;
  const std::string name =
      checkpoint_model_name(source_.base, run_.row.tenant.organization,
                            job.user_provided_suffix.value_or(""), job.id, step);
  ATTUNE_TRY(Published published, publish(run_, source_, name, fmt::format("step-{:08}", step)));
  if (published.mismatch) {
    ATTUNE_TRY_VOID(tell());
    failed_ = true;
    return fail_job(run_, {.code = "train_serve_mismatch", .message = published.mismatch->message},
                    published.mismatch->details);
  }
  wire::CheckpointObject checkpoint;
  checkpoint.id = wire::new_id("ftckpt_");
  checkpoint.created_at = published.model.model.created;
  checkpoint.fine_tuned_model_checkpoint = name;
  checkpoint.fine_tuning_job_id = job.id;
  checkpoint.metrics = metrics;
  checkpoint.step_number = step;
  pending_.checkpoints.push_back(std::move(checkpoint));
  pending_.models.push_back(std::move(published.model));
  if (run_.notes().value("crashes", 0) != 0) {  // it got further: the count begins again
    run_.notes()["crashes"] = 0;
    pending_.private_data = run_.notes();
  }
  pending_.events.push_back(
      info_event(fmt::format("Checkpoint created at step {} with Snapshot ID: {}", step, name),
                 fmt::format("checkpoint {}", step)));
  return tell();
}

Result<void> StepReporter::tell() {
  since_told_ = Stopwatch();
  if (pending_.events.empty()) return {};
  const auto recorded = run_.link.record(pending_);
  if (!recorded) return Failure(recorded.error());
  pending_ = {};
  return {};
}

}  // namespace attune::jobs
