// A job's row: reading and saving it, its events, and what goes with a change of its state.
#include <fmt/format.h>

#include "io/json.h"
#include "jobs/store_support.h"
#include "wire/ids.h"

namespace attune::jobs {

namespace {

NewEvent make_event(std::string_view level, std::string message, std::string once) {
  NewEvent event;
  event.event.level = level;
  event.event.message = std::move(message);
  event.event.type = "message";
  event.once = std::move(once);
  return event;
}

Result<std::optional<StoredJob>> lock_where(Connection& connection, std::string_view condition,
                                            const std::vector<Value>& parameters) {
  ATTUNE_TRY(Rows rows, connection.select(fmt::format("SELECT {} FROM jobs WHERE {}{}", kJobColumns,
                                                      condition, connection.lock_row()),
                                          parameters, kJobColumnTypes));
  if (rows.empty()) return std::nullopt;
  ATTUNE_TRY(StoredJob job, read_job(rows[0]));
  return job;
}

}  // namespace

NewEvent info_event(std::string message, std::string once) {
  return make_event("info", std::move(message), std::move(once));
}
NewEvent warning_event(std::string message, std::string once) {
  return make_event("warn", std::move(message), std::move(once));
}
NewEvent error_event(std::string message, std::string once) {
  return make_event("error", std::move(message), std::move(once));
}

Result<StoredJob> read_job(const Row& row) {
  StoredJob stored;
  stored.sequence = row.integer(0);
  JobRow& job = stored.row;
  ATTUNE_TRY(job.job, parse_object<wire::JobObject>(row.text(8)));
  job.tenant = {row.text(1), row.text(2)};
  job.key_id = row.text(3);
  job.priority = row.integer(5);
  job.training_digest = row.text(6);
  job.validation_digest = row.text(7);
  ATTUNE_TRY(job.private_data, parse_json(row.text(9), "database: jobs.private_data"));
  job.attempt = row.integer(10);
  job.worker = row.text(11);
  job.host = row.text(12);
  job.process = row.integer(13);
  job.lease_until = row.integer(14);
  job.losses = row.integer(15);
  job.last_event = row.integer(16);
  return stored;
}

Result<std::optional<StoredJob>> lock_job(Connection& connection, std::string_view id) {
  return lock_where(connection, "id = ?", {std::string(id)});
}

Result<std::optional<StoredJob>> lock_job(Connection& connection, const Tenant& tenant,
                                          std::string_view id) {
  return lock_where(connection, "id = ? AND organization = ? AND project = ?",
                    {std::string(id), tenant.organization, tenant.project});
}

Result<void> save_job(Connection& connection, const StoredJob& stored) {
  const JobRow& job = stored.row;
  ATTUNE_TRY_VOID(connection.change(
      "UPDATE jobs SET status = ?, priority = ?, object = ?, private_data = ?, attempt = ?, worker "
      "= ?, host = ?, process = ?, lease_until = ?, losses = ?, last_event = ? WHERE sequence = ?",
      {std::string(wire::to_text(job.job.status)), job.priority, to_text(wire::to_json(job.job)),
       to_text(job.private_data), job.attempt, job.worker, job.host, job.process, job.lease_until,
       job.losses, job.last_event, stored.sequence}));
  return {};
}

Result<void> append_events(Connection& connection, StoredJob& job,
                           const std::vector<NewEvent>& events, std::int64_t now) {
  for (const NewEvent& added : events) {
    wire::EventObject event = added.event;
    if (event.id.empty()) event.id = wire::new_id("ftevent-");
    if (event.created_at == 0) event.created_at = now;
    // The job's row is locked, so no other writer takes this number; a dropped event takes none.
    ATTUNE_TRY(std::int64_t inserted,
               connection.change("INSERT INTO events (job, sequence, id, once, object) VALUES (?, "
                                 "?, ?, ?, ?) ON CONFLICT (job, once) DO NOTHING",
                                 {job.sequence, job.row.last_event + 1, event.id,
                                  added.once.empty() ? Value() : Value(added.once),
                                  to_text(wire::to_json(event))}));
    if (inserted > 0) ++job.row.last_event;
  }
  return {};
}

Result<void> move_job(Connection& connection, StoredJob& job, JobStatus to, std::int64_t now) {
  JobRow& row = job.row;
  row.job.status = to;
  if (to != JobStatus::running) row.job.estimated_finish.reset();
  if (!is_final(to)) return {};
  row.job.finished_at = now;
  ATTUNE_TRY_VOID(release_blobs(connection, row.job.id));
  return enqueue_webhook(connection, row.tenant,
                         fmt::format("fine_tuning.job.{}", wire::to_text(to)), row.job.id, now);
}

void let_go_of_lease(JobRow& row) {
  row.worker.clear();
  row.host.clear();
  row.process = 0;
  row.lease_until = 0;
}

Result<void> lose_worker_of(Connection& connection, StoredJob& job, const std::string& reason,
                            std::int64_t now) {
  JobRow& row = job.row;
  let_go_of_lease(row);
  // A job that was paused, cancelled or resumed meanwhile has nothing to return from.
  if (is_working(row.job.status)) {
    ++row.losses;
    if (may_do(Action::give_back, row.job.status)) {
      ATTUNE_TRY_VOID(move_job(connection, job, target(Action::give_back), now));
    }
    ATTUNE_TRY_VOID(append_events(
        connection, job,
        {warning_event(fmt::format("The worker of this job was lost ({}). The job goes back to the "
                                   "queue and resumes from its last checkpoint.",
                                   reason))},
        now));
  }
  return save_job(connection, job);
}

}  // namespace attune::jobs
