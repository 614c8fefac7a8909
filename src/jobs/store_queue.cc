// Jobs as launchers and workers see them: claim, heartbeat, record, and what happens when a worker
// is lost.
#include <algorithm>

#include <fmt/format.h>

#include "io/json.h"
#include "jobs/store.h"
#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

// Whether a limit may hold back a claim, so that counting and claiming must not overlap.
Result<bool> is_limited(Connection& connection, const ClaimRequest& request) {
  if (request.running_limit > 0 || request.project_running_limit > 0) return true;
  ATTUNE_TRY(Rows keys, connection.select("SELECT 1 FROM api_keys WHERE running_jobs_limit IS NOT "
                                          "NULL LIMIT 1",
                                          {}, "i"));
  return !keys.empty();
}

Result<bool> is_full(Connection& connection, const ClaimRequest& request) {
  if (request.running_limit <= 0) return false;
  // Leases of jobs that train, or did until a moment ago.
  ATTUNE_TRY(Rows rows, connection.select("SELECT COUNT(*) FROM jobs WHERE worker <> '' AND status "
                                          "<> 'validating_files'",
                                          {}, "i"));
  return rows[0].integer(0) >= request.running_limit;
}

// The next job by priority, then age, whose project and key have room. Jobs that others are about
// to change are passed over (PostgreSQL).
Result<std::optional<StoredJob>> pick(Connection& connection, const ClaimRequest& request) {
  std::string condition = "status = ? AND worker = ''";
  std::vector<Value> parameters = {std::string(wire::to_text(request.from))};
  if (request.from == JobStatus::queued) {
    if (request.project_running_limit > 0) {
      condition +=
          " AND (SELECT COUNT(*) FROM jobs AS other WHERE other.organization = jobs.organization "
          "AND other.project = jobs.project AND other.worker <> '' AND other.status <> "
          "'validating_files') < ?";
      parameters.emplace_back(request.project_running_limit);
    }
    condition +=
        " AND NOT EXISTS (SELECT 1 FROM api_keys WHERE api_keys.id = jobs.key_id AND "
        "running_jobs_limit IS NOT NULL AND running_jobs_limit <= (SELECT COUNT(*) FROM jobs AS "
        "mine WHERE mine.key_id = jobs.key_id AND mine.worker <> '' AND mine.status <> "
        "'validating_files'))";
  }
  ATTUNE_TRY(Rows rows,
             connection.select(
                 fmt::format("SELECT {} FROM jobs WHERE {} ORDER BY priority DESC, sequence LIMIT "
                             "1{}",
                             kJobColumns, condition, connection.lock_row_or_skip()),
                 parameters, kJobColumnTypes));
  if (rows.empty()) return std::nullopt;
  ATTUNE_TRY(StoredJob job, read_job(rows[0]));
  return job;
}

}  // namespace

Result<std::optional<JobRow>> Store::claim_next(const ClaimRequest& request) {
  if (request.worker.empty()) {
    return bad_input({.where = "claim", .found = "no worker name", .wanted = "a unique name"});
  }
  // Nobody writes for a look at an empty queue.
  ATTUNE_TRY(bool waiting, database_->read([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT 1 FROM jobs WHERE status = ? AND worker = '' LIMIT 1",
                                 {std::string(wire::to_text(request.from))}, "i"));
    return !rows.empty();
  }));
  if (!waiting) return std::nullopt;
  return database_->write([&](Connection& connection) -> Result<std::optional<JobRow>> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    if (request.from == JobStatus::queued) {
      ATTUNE_TRY(bool limited, is_limited(connection, request));
      if (limited) ATTUNE_TRY_VOID(connection.take_turn());
      ATTUNE_TRY(bool full, is_full(connection, request));
      if (full) return std::nullopt;
    }
    ATTUNE_TRY(std::optional<StoredJob> job, pick(connection, request));
    if (!job) return std::nullopt;
    JobRow& row = job->row;
    ++row.attempt;
    row.worker = request.worker;
    row.host = request.host;
    row.process = 0;
    row.lease_until = now + request.lease_seconds;
    if (may_do(Action::claim, row.job.status)) {
      ATTUNE_TRY_VOID(move_job(connection, *job, target(Action::claim), now));
      ATTUNE_TRY_VOID(
          append_events(connection, *job, {info_event("Fine-tuning job started", "started")}, now));
    }
    ATTUNE_TRY_VOID(save_job(connection, *job));
    return std::move(job->row);
  });
}

Result<Wish> Store::heartbeat(std::string_view job_id, std::int64_t attempt,
                              std::int64_t lease_seconds) {
  return database_->write([&](Connection& connection) -> Result<Wish> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select("UPDATE jobs SET lease_until = ? WHERE id = ? AND attempt = ? AND "
                                 "worker <> '' RETURNING status",
                                 {now + lease_seconds, std::string(job_id), attempt}, "t"));
    if (rows.empty()) return Wish::lost;
    auto status = wire::parse_job_status(rows[0].text(0));
    if (!status) return Wish::lost;
    if (is_working(*status)) return Wish::run;
    return is_final(*status) ? Wish::cancel : Wish::pause;
  });
}

Result<Recorded> Store::note_process(std::string_view job_id, std::int64_t attempt,
                                     std::int64_t process) {
  return database_->write([&](Connection& connection) -> Result<Recorded> {
    ATTUNE_TRY(std::int64_t changed,
               connection.change(
                   "UPDATE jobs SET process = ? WHERE id = ? AND attempt = ? AND worker <> ''",
                   {process, std::string(job_id), attempt}));
    return changed > 0 ? Recorded::written : Recorded::lost;
  });
}

// ---- record ----

namespace {

// The attempt let go with this very change, which comes again because its answer was lost.
bool was_made_before(const JobRow& row, std::int64_t attempt, const Transition& change) {
  if (row.attempt != attempt || !row.worker.empty()) return false;
  return change.to ? *change.to == row.job.status : change.let_go;
}

// Whether the holder may make this change now.
Recorded judge(const JobRow& row, std::int64_t attempt, const Transition& change) {
  if (row.attempt != attempt || row.worker.empty()) return Recorded::lost;
  JobStatus status = row.job.status;
  if (change.let_go && !change.to) return Recorded::written;
  if (!change.to) return is_final(status) ? Recorded::refused : Recorded::written;
  bool stays = *change.to == status && is_working(status);
  return stays || may_move(status, *change.to) ? Recorded::written : Recorded::refused;
}

void apply_fields(wire::JobObject& job, const Transition& change) {
  if (change.fine_tuned_model) job.fine_tuned_model = *change.fine_tuned_model;
  if (change.result_files) job.result_files = *change.result_files;
  if (change.trained_tokens) job.trained_tokens = *change.trained_tokens;
  if (change.estimated_finish) job.estimated_finish = *change.estimated_finish;
  if (change.hyperparameters) job.hyperparameters = *change.hyperparameters;
  if (change.error) job.error = *change.error;
}

// The names of checkpoint models that are not stored, because the step has one already.
Result<std::vector<std::string>> insert_checkpoints(Connection& connection, StoredJob& job,
                                                    const Transition& change) {
  std::vector<std::string> dropped;
  for (const wire::CheckpointObject& checkpoint : change.checkpoints) {
    ATTUNE_TRY(std::int64_t inserted,
               connection.change(
                   "INSERT INTO checkpoints (job, step, id, model, object) VALUES (?, ?, ?, "
                   "?, ?) ON CONFLICT (job, step) DO NOTHING",
                   {job.sequence, checkpoint.step_number, checkpoint.id,
                    checkpoint.fine_tuned_model_checkpoint, to_text(wire::to_json(checkpoint))}));
    if (inserted > 0) {
      job.row.losses = 0;
    } else {
      dropped.push_back(checkpoint.fine_tuned_model_checkpoint);
    }
  }
  return dropped;
}

Result<void> write_change(Connection& connection, StoredJob& job, const Transition& change,
                          std::int64_t now) {
  JobRow& row = job.row;
  apply_fields(row.job, change);
  if (change.private_data) row.private_data = *change.private_data;
  ATTUNE_TRY(std::vector<std::string> dropped, insert_checkpoints(connection, job, change));
  for (const ModelRow& model : change.models) {
    if (std::find(dropped.begin(), dropped.end(), model.model.id) != dropped.end()) continue;
    ATTUNE_TRY_VOID(insert_model(connection, row.tenant, model));
  }
  for (const FileRow& file : change.files) {
    ATTUNE_TRY_VOID(insert_file(connection, row.tenant, file, now));
  }
  ATTUNE_TRY_VOID(append_events(connection, job, change.events, now));
  if (change.to && *change.to != row.job.status) {
    ATTUNE_TRY_VOID(move_job(connection, job, *change.to, now));
  }
  if (change.let_go || (change.to && !is_working(*change.to))) let_go_of_lease(row);
  // No job runs without a holder: one that was let go of in the middle waits for the next.
  if (row.worker.empty() && row.job.status == JobStatus::running) {
    ATTUNE_TRY_VOID(move_job(connection, job, target(Action::give_back), now));
  }
  return save_job(connection, job);
}

}  // namespace

Result<Recorded> Store::record(std::string_view job_id, std::int64_t attempt,
                               const Transition& change) {
  return database_->write([&](Connection& connection) -> Result<Recorded> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(std::optional<StoredJob> job, lock_job(connection, job_id));
    if (!job) return Recorded::lost;
    if (was_made_before(job->row, attempt, change)) return Recorded::written;
    Recorded judged = judge(job->row, attempt, change);
    if (judged != Recorded::written) return judged;
    ATTUNE_TRY_VOID(write_change(connection, *job, change, now));
    return Recorded::written;
  });
}

// ---- lost workers ----

Result<Recorded> Store::lose_worker(std::string_view job_id, std::int64_t attempt,
                                    const std::string& reason) {
  return database_->write([&](Connection& connection) -> Result<Recorded> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(std::optional<StoredJob> job, lock_job(connection, job_id));
    if (!job || job->row.attempt != attempt || job->row.worker.empty()) return Recorded::lost;
    ATTUNE_TRY_VOID(lose_worker_of(connection, *job, reason, now));
    return Recorded::written;
  });
}

Result<std::vector<JobRow>> Store::release_expired() {
  constexpr std::string_view kExpired = "worker <> '' AND lease_until < ?";
  ATTUNE_TRY(bool any, database_->read([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT 1 FROM jobs WHERE {} LIMIT 1", kExpired),
                                 {now}, "i"));
    return !rows.empty();
  }));
  if (!any) return std::vector<JobRow>();
  return database_->write([&](Connection& connection) -> Result<std::vector<JobRow>> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT {} FROM jobs WHERE {} ORDER BY sequence{}",
                                             kJobColumns, kExpired, connection.lock_row_or_skip()),
                                 {now}, kJobColumnTypes));
    std::vector<JobRow> released;
    for (const Row& row : rows) {
      ATTUNE_TRY(StoredJob job, read_job(row));
      std::string reason = fmt::format("no heartbeat of {} for {} seconds past its lease",
                                       job.row.worker, now - job.row.lease_until);
      ATTUNE_TRY_VOID(lose_worker_of(connection, job, reason, now));
      released.push_back(std::move(job.row));
    }
    return released;
  });
}

Result<std::vector<JobRow>> Store::held_jobs(std::string_view host) {
  return database_->read([&](Connection& connection) -> Result<std::vector<JobRow>> {
    std::string condition = "worker <> ''";
    std::vector<Value> parameters;
    if (!host.empty()) {
      condition += " AND host = ?";
      parameters.emplace_back(std::string(host));
    }
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT {} FROM jobs WHERE {} ORDER BY sequence",
                                             kJobColumns, condition),
                                 parameters, kJobColumnTypes));
    std::vector<JobRow> held;
    for (const Row& row : rows) {
      ATTUNE_TRY(StoredJob job, read_job(row));
      held.push_back(std::move(job.row));
    }
    return held;
  });
}

}  // namespace attune::jobs
