// Writes the runs of jobs that ask for Weights & Biases ("integrations" of type "wandb") as offline
// run folders, which need no network and no account. Sending them is W&B's own tool's work:
//
//   wandb sync ~/.attune/wandb/offline-run-20260101_120000-ftjob-abc
//
//   offline-run-<time>-<run>/run-<run>.wandb          the run: settings, curves, summary, exit
//                            files/wandb-summary.json the last values, once the job has ended
//
// The run's id is the job's, so a job that was interrupted goes on in the same run. A second
// integration of the same job is a run of its own with "-2" behind its id.
#pragma once

#include <string>

#include "io/file.h"
#include "jobs/tracker.h"

namespace attune::jobs {

class WandbTracker final : public Tracker {
 public:
  explicit WandbTracker(Path folder) : folder_(std::move(folder)) {}
  std::string name() const override { return "wandb"; }
  bool wants(const JobRow& job) const override;
  Result<void> update(const TrackerUpdate& update, Json& notes) override;

 private:
  Path folder_;
};

}  // namespace attune::jobs
