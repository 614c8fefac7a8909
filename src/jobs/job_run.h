// What the stages of a worker share: the job at hand, and the ways in which it ends.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job_link.h"
#include "jobs/models.h"
#include "jobs/worker.h"
#include "wire/training_file.h"

namespace attune::jobs {

struct JobRun {
  Store& store;
  const BlobStore& blobs;
  const Home& home;
  const WorkerOptions& options;
  JobLink& link;
  JobRow row;

  const std::string& id() const { return row.job.id; }
  // The worker's own notes on the job, an object: "isa", "dtype", "steps", "crashes" ...
  Json& notes() {
    if (!row.private_data.is_object()) row.private_data = Json::object();
    return row.private_data;
  }
  // The date that templates see: the job's, on whatever day it is continued.
  std::time_t date() const { return static_cast<std::time_t>(row.job.created_at); }
};

// A file object with its content stored. Until `writer` goes away nobody collects the content, so
// let it live until the row is recorded.
struct StoredResult {
  FileRow row;
  BlobWriter writer;
};
Result<StoredResult> store_result(const BlobStore& blobs, std::string filename,
                                  std::string_view content);

// Records a change that ends the attempt. When the state does not allow it (the job was cancelled
// or paused a moment ago), only the lease is let go.
Result<Recorded> conclude(JobRun& run, const Transition& change);

// Ends an attempt that was told to stop (JobLink::may_run is false) before the job was done.
Result<void> let_go(JobRun& run);

// Ends the job as failed, with an event that says so. `details` goes into the event's data.
Result<void> fail_job(JobRun& run, wire::JobError error, Json details = Json::object());

// The same for a file that can't be trained on: what was found on every line becomes the result
// file training_file_errors.json (or validation_file_errors.json).
Result<void> fail_file(JobRun& run, wire::JobError error, const wire::TrainingFileReport& report);

// Checks the files of a job in validating_files, and moves it to queued or failed.
Result<void> validate_job(JobRun& run);

// Trains a running job to its end, or until it is told to let go.
Result<void> train_job(JobRun& run);

}  // namespace attune::jobs
