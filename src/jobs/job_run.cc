#include "jobs/job_run.h"

#include <utility>

#include <fmt/format.h>

#include "io/json.h"
#include "wire/ids.h"

namespace attune::jobs {

Result<StoredResult> store_result(const BlobStore& blobs, std::string filename,
                                  std::string_view content) {
  ATTUNE_TRY(BlobWriter writer, blobs.open_writer());
  ATTUNE_TRY_VOID(writer.write(content));
  ATTUNE_TRY(std::string digest, writer.commit());
  FileRow row;
  row.file.id = wire::new_id("file-");
  row.file.bytes = static_cast<std::int64_t>(content.size());
  row.file.created_at = static_cast<std::int64_t>(std::time(nullptr));
  row.file.filename = std::move(filename);
  row.file.purpose = "fine-tune-results";
  row.file.status = "processed";
  row.digest = std::move(digest);
  return StoredResult{std::move(row), std::move(writer)};
}

Result<Recorded> conclude(JobRun& run, const Transition& change) {
  ATTUNE_TRY(const Recorded recorded, run.link.record(change));
  if (recorded != Recorded::refused) return recorded;
  Transition only_the_lease;
  only_the_lease.let_go = true;
  ATTUNE_TRY_VOID(run.link.record(only_the_lease).map([](Recorded) {}));
  return recorded;
}

Result<void> let_go(JobRun& run) {
  if (run.link.wish() == Wish::lost) return {};
  Transition change;
  change.let_go = true;
  if (run.link.wish() == Wish::run && run.row.job.status == JobStatus::running) {
    change.to = JobStatus::queued;  // the launcher ends, the job does not
    change.events = {info_event(
        "The server is stopping; the job goes on from its last checkpoint when it is back")};
  }
  return conclude(run, change).map([](Recorded) {});
}

Result<void> fail_job(JobRun& run, wire::JobError error, Json details) {
  NewEvent event = error_event(error.message, "failed");
  event.event.data = std::move(details);
  Transition change;
  change.to = JobStatus::failed;
  change.error = std::move(error);
  change.events = {std::move(event)};
  return conclude(run, change).map([](Recorded) {});
}

Result<void> fail_file(JobRun& run, wire::JobError error, const wire::TrainingFileReport& report) {
  const std::string param = error.param.value_or("training_file");
  Json content = {{"object", "fine_tuning.file_errors"},
                  {"param", param},
                  {"file", param == "training_file" ? run.row.job.training_file
                                                    : run.row.job.validation_file.value_or("")},
                  {"error", wire::to_json(error)}};
  content.update(wire::to_json(report));
  ATTUNE_TRY(const StoredResult stored,
             store_result(run.blobs, param + "_errors.json", to_pretty_text(content)));
  NewEvent event = error_event(error.message, "failed");
  event.event.data = {{"error_file", stored.row.file.id}, {"fault_count", report.fault_count}};
  Transition change;
  change.to = JobStatus::failed;
  change.error = std::move(error);
  change.result_files = std::vector{stored.row.file.id};
  change.files = {stored.row};
  change.events = {std::move(event)};
  return conclude(run, change).map([](Recorded) {});
}

}  // namespace attune::jobs
