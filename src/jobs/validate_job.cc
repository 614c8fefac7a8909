// The files of a job, checked once more before it is queued: what the upload was told may be of an
// older program, and the upload does not know the method.
#include <fmt/format.h>

#include "jobs/job_run.h"

namespace attune::jobs {

namespace {

// True: the job may use the file. False: it has failed.
Result<bool> check_file(JobRun& run, const std::string& digest, std::string_view param,
                        const std::string& file_id) {
  if (!run.blobs.contains(digest)) {
    ATTUNE_TRY_VOID(fail_job(
        run,
        {.code = fmt::format("invalid_{}", param),
         .message = fmt::format("The content of {} is gone from the disk of the server.", file_id),
         .param = std::string(param)}));
    return false;
  }
  ATTUNE_TRY(const wire::TrainingFileReport report,
             wire::check_training_file(run.blobs.path(digest)));
  std::optional<wire::JobError> error = wire::job_error(report, param, file_id, run.row.job.method);
  if (!error) return true;
  ATTUNE_TRY_VOID(fail_file(run, std::move(*error), report));
  return false;
}

}  // namespace

Result<void> validate_job(JobRun& run) {
  const wire::JobObject& job = run.row.job;
  std::string message = fmt::format("Validating training file: {}", job.training_file);
  if (job.validation_file) message += fmt::format(" and validation file: {}", *job.validation_file);
  Transition started;
  started.events = {info_event(std::move(message), "validating")};
  ATTUNE_TRY_VOID(run.link.record(started).map([](Recorded) {}));

  ATTUNE_TRY(const bool good,
             check_file(run, run.row.training_digest, "training_file", job.training_file));
  if (!good) return {};
  if (job.validation_file) {
    ATTUNE_TRY(const bool also_good,
               check_file(run, run.row.validation_digest, "validation_file", *job.validation_file));
    if (!also_good) return {};
  }
  Transition done;
  done.to = JobStatus::queued;
  done.events = {info_event("Files validated, moving job to queued state", "validated")};
  return conclude(run, done).map([](Recorded) {});
}

}  // namespace attune::jobs
