// What a worker does after each optimiser step: measure, tell, publish at the end of an epoch, and
// answer the trainer whether to go on.
//
//   StepReporter reporter(run, folder, source, plan, validation);
//   trainer.run({.step = [&](const train::StepProgress& step) { return reporter.after(step); }});
//   ATTUNE_TRY_VOID(reporter.problem());       // what stopped it, if anything did
//
// Order: everything that a step says is recorded before the trainer saves its checkpoint of that
// step. So a job that resumes from a checkpoint has told all that came before it, and what it
// passes again carries the names of events that are there already.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "jobs/job_run.h"
#include "jobs/metrics.h"
#include "jobs/publish.h"
#include "jobs/run_folder.h"
#include "train/pack.h"
#include "train/progress.h"

namespace attune::jobs {

// The validation file, of which a few rows are looked at every ten steps.
class ValidationSample {
 public:
  ValidationSample(std::span<const train::Document> documents, std::int64_t context,
                   std::int64_t rows);
  bool empty() const { return documents_.empty(); }
  // Of the rows whose turn it is at `step`: the same rows whenever the step is done.
  std::optional<LossAndAccuracy> measure(const PublishSource& source, std::int64_t step);

 private:
  std::span<const train::Document> documents_;
  std::vector<train::DocumentUse> uses_;
  std::int64_t rows_;
  std::int64_t capacity_ = 0;
  std::optional<model::Workspace> workspace_;
};

class StepReporter {
 public:
  // The references must outlive the reporter.
  StepReporter(JobRun& run, const RunFolder& folder, const PublishSource& source,
               const train::Plan& plan, ValidationSample validation);

  train::Action after(const train::StepProgress& progress);

  // An error that stopped the training.
  Result<void> problem() const;
  // The job was failed here: the gate found a mismatch.
  bool has_failed() const { return failed_; }

 private:
  Result<train::Action> take(const train::StepProgress& progress);
  StepMetrics measure(const train::StepProgress& progress);
  Result<void> publish_epoch(const StepMetrics& metrics, std::int64_t step);
  Result<void> tell();

  JobRun& run_;
  const PublishSource& source_;
  const train::Plan& plan_;
  ValidationSample validation_;
  MetricsLog log_;
  std::int64_t event_stride_;
  Transition pending_;
  Stopwatch since_told_, since_saved_;
  std::optional<Error> error_;
  bool failed_ = false;
};

}  // namespace attune::jobs
