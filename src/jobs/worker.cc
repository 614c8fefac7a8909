#include "jobs/worker.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "jobs/job_run.h"
#include "jobs/run_folder.h"

namespace attune::jobs {

namespace {

Result<void> run_stage(JobRun& run) {
  switch (run.row.job.status) {
    case JobStatus::validating_files:
      return validate_job(run);
    case JobStatus::running:
      return train_job(run);
    default:
      break;
  }
  Transition let_go;  // paused or cancelled between claim and start
  let_go.let_go = true;
  return run.link.record(let_go).map([](Recorded) {});
}

// A full disk mends itself when somebody makes room, not by trying again.
Result<void> pause_job(JobRun& run, const Error& error) {
  Transition change;
  change.to = JobStatus::paused;
  change.events = {error_event(
      fmt::format("The disk is full: {} The job is paused. Free some space, then resume it.",
                  error.message()))};
  return conclude(run, change).map([](Recorded) {});
}

// What went wrong, where it belongs: on the job if the job is at fault, else to the launcher.
Result<int> settle(JobRun& run, const Error& error) {
  if (!run.link.may_run()) {  // the error may come of stopping
    ATTUNE_TRY_VOID(let_go(run));
    return 0;
  }
  if (error.kind == ErrorKind::bad_input) {
    ATTUNE_TRY_VOID(fail_job(run, {.code = "training_failed", .message = error.message()}));
    return 0;
  }
  if (is_disk_full(error) && run.row.job.status == JobStatus::running) {
    ATTUNE_TRY_VOID(pause_job(run, error));
    return 0;
  }
  return Failure(error);
}

}  // namespace

Result<int> run_worker(Store& store, const Home& home, const WorkerOptions& options) {
  ATTUNE_TRY(const Recorded held, store.note_process(options.job_id, options.attempt, ::getpid()));
  if (held != Recorded::written) return 0;  // the lease is somebody else's by now
  ATTUNE_TRY(const std::optional<JobRow> row, store.load_job(options.job_id));
  if (!row) return 0;
  ATTUNE_TRY(const BlobStore blobs, BlobStore::open(home.blobs()));
  JobLink link(store, options.job_id, options.attempt,
               {.lease_seconds = options.lease_seconds,
                .beat_seconds = std::min(1.0, static_cast<double>(options.lease_seconds) / 4),
                .parent = options.parent,
                .leave = options.leave});
  JobRun run{
      .store = store, .blobs = blobs, .home = home, .options = options, .link = link, .row = *row};
  const Result<void> done = run_stage(run);
  const Result<int> code = done ? Result<int>(0) : settle(run, done.error());
  const auto now = store.load_job(options.job_id);
  if (now && *now && is_final((*now)->job.status)) forget_checkpoints(home.runs() / run.id());
  return code;
}

}  // namespace attune::jobs
