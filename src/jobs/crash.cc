#include "jobs/crash.h"

#include <fmt/format.h>

namespace attune::jobs {

Result<void> take_crash(Store& store, std::string_view job_id, std::int64_t attempt,
                        const Crash& crash, std::int64_t limit) {
  ATTUNE_TRY(std::optional<JobRow> row, store.load_job(job_id));
  if (!row || row->attempt != attempt || row->worker.empty()) return {};
  Json notes = row->private_data.is_object() ? row->private_data : Json::object();
  const std::int64_t crashes = notes.value("crashes", std::int64_t{0}) + 1;
  notes["crashes"] = crashes;
  Transition change;
  change.private_data = std::move(notes);
  if (crashes >= limit && is_working(row->job.status)) {
    const std::string message = fmt::format(
        "The worker of this job ended {} times without finishing an epoch. The last time {}.",
        crashes, crash.reason);
    change.to = JobStatus::failed;
    change.error = wire::JobError{.code = crash.code, .message = message};
    change.events = {error_event(message, "failed")};
  }
  ATTUNE_TRY(const Recorded recorded, store.record(job_id, attempt, change));
  if (recorded == Recorded::written && change.to) return {};
  return store.lose_worker(job_id, attempt, crash.reason).map([](Recorded) {});
}

}  // namespace attune::jobs
