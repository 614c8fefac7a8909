// Jobs as requests see them: create, read, list, cancel, pause, resume.
#include <fmt/format.h>

#include "io/json.h"
#include "jobs/store.h"
#include "jobs/store_support.h"
#include "wire/ids.h"

namespace attune::jobs {

namespace {

// The key's limit if the job would be one too many. The key's row stays locked, so that two
// requests can't both be the last one allowed.
Result<std::optional<std::int64_t>> exceeded_limit(Connection& connection, const JobRow& job) {
  if (job.key_id.empty()) return std::nullopt;
  ATTUNE_TRY(Rows keys,
             connection.select(
                 "SELECT unfinished_jobs_limit FROM api_keys WHERE id = ?" + connection.lock_row(),
                 {job.key_id}, "i"));
  if (keys.empty()) return std::nullopt;
  std::optional<std::int64_t> limit = keys[0].optional_integer(0);
  if (!limit) return std::nullopt;
  ATTUNE_TRY(Rows counted,
             connection.select("SELECT COUNT(*) FROM jobs WHERE key_id = ? AND status IN "
                               "('validating_files', 'queued', 'running', 'paused')",
                               {job.key_id}, "i"));
  return counted[0].integer(0) >= *limit ? limit : std::nullopt;
}

// The job needs contents that files hold now; they may have been deleted a moment ago.
Result<void> hold_contents(Connection& connection, const JobRow& job) {
  for (const std::string& digest : {job.training_digest, job.validation_digest}) {
    if (digest.empty()) continue;
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT bytes FROM blobs WHERE digest = ?" + connection.lock_row(),
                                 {digest}, "i"));
    if (rows.empty()) {
      return bad_input({.where = "training_file",
                        .found = "a file of the job was deleted",
                        .wanted = "files that stay until the job is created",
                        .fix = "upload the file again"});
    }
    ATTUNE_TRY_VOID(connection.change(
        "INSERT INTO blob_references (holder, digest) VALUES (?, ?) ON CONFLICT (holder, digest) "
        "DO NOTHING",
        {job.job.id, digest}));
  }
  return {};
}

Result<StoredJob> insert_job(Connection& connection, const JobRow& job) {
  ATTUNE_TRY(
      Rows rows,
      connection.select(
          "INSERT INTO jobs (id, organization, project, key_id, status, priority, "
          "training_digest, validation_digest, object, private_data, attempt, worker, host, "
          "process, lease_until, losses, last_event) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "0, '', '', 0, 0, 0, 0) RETURNING sequence",
          {job.job.id, job.tenant.organization, job.tenant.project, job.key_id,
           std::string(wire::to_text(job.job.status)), job.priority, job.training_digest,
           job.validation_digest, to_text(wire::to_json(job.job)), to_text(job.private_data)},
          "i"));
  if (rows.empty()) {
    return bad_input({.where = "job",
                      .found = "a NUL character, or bytes that are not UTF-8",
                      .wanted = "UTF-8 text"});
  }
  StoredJob stored{.sequence = rows[0].integer(0), .row = job};
  for (const auto& [name, value] : job.job.metadata.value_or(wire::Metadata())) {
    ATTUNE_TRY_VOID(
        connection.change("INSERT INTO job_metadata (job, name, value) VALUES (?, ?, ?)",
                          {stored.sequence, name, value}));
  }
  return stored;
}

}  // namespace

Result<CreatedJob> Store::create_job(const JobRow& given, const std::vector<NewEvent>& events,
                                     const std::optional<Remembered>& remembered) {
  JobRow job = given;
  if (job.job.id.empty()) job.job.id = wire::new_id("ftjob-");
  if (job.job.organization_id.empty()) job.job.organization_id = job.tenant.organization;
  return database_->write([&](Connection& connection) -> Result<CreatedJob> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    if (job.job.created_at == 0) job.job.created_at = now;
    CreatedJob created;
    if (remembered) {
      ATTUNE_TRY(bool is_new, insert_remembered(connection, job.tenant, *remembered, now));
      if (!is_new) {
        created.outcome = CreatedJob::Outcome::repeated;
        ATTUNE_TRY(created.remembered,
                   find_remembered(connection, job.tenant, remembered->key_hash));
        return created;
      }
    }
    ATTUNE_TRY(std::optional<std::int64_t> exceeded, exceeded_limit(connection, job));
    if (exceeded) {
      created.outcome = CreatedJob::Outcome::over_quota;
      created.unfinished_limit = *exceeded;
      if (remembered) {  // the key stays free: the request may come again later
        ATTUNE_TRY_VOID(connection.change(
            "DELETE FROM idempotency WHERE organization = ? AND project = ? AND key_hash = ?",
            {job.tenant.organization, job.tenant.project, remembered->key_hash}));
      }
      return created;
    }
    ATTUNE_TRY_VOID(hold_contents(connection, job));
    ATTUNE_TRY(StoredJob stored, insert_job(connection, job));
    ATTUNE_TRY_VOID(append_events(connection, stored, events, now));
    ATTUNE_TRY_VOID(save_job(connection, stored));
    created.job = stored.row;
    return created;
  });
}

// ---- reading ----

namespace {

Result<std::optional<JobRow>> read_where(Connection& connection, std::string_view condition,
                                         const std::vector<Value>& parameters) {
  ATTUNE_TRY(Rows rows,
             connection.select(fmt::format("SELECT {} FROM jobs WHERE {}", kJobColumns, condition),
                               parameters, kJobColumnTypes));
  if (rows.empty()) return std::nullopt;
  ATTUNE_TRY(StoredJob job, read_job(rows[0]));
  return std::move(job.row);
}

}  // namespace

Result<std::optional<JobRow>> Store::find_job(const Tenant& tenant, std::string_view id) {
  return database_->read([&](Connection& connection) {
    return read_where(connection, "id = ? AND organization = ? AND project = ?",
                      {std::string(id), tenant.organization, tenant.project});
  });
}

Result<std::optional<JobRow>> Store::load_job(std::string_view id) {
  return database_->read(
      [&](Connection& connection) { return read_where(connection, "id = ?", {std::string(id)}); });
}

Result<std::shared_ptr<const std::string>> Store::job_text(const Tenant& tenant,
                                                           std::string_view id) {
  // The token is taken before the text is read: a commit between the two makes the kept text
  // newer than its token says, never older.
  std::optional<std::int64_t> token = database_->change_token();
  std::string name;
  if (token) {
    name = fmt::format("{}\n{}\n{}", tenant.organization, tenant.project, id);
    std::lock_guard<std::mutex> lock(cache_->mutex);
    cache_->renew(*token);
    if (auto found = cache_->job_texts.find(name); found != cache_->job_texts.end()) {
      return found->second;
    }
  }
  return database_->read([&](Connection& connection) -> Result<std::shared_ptr<const std::string>> {
    ATTUNE_TRY(Rows rows,
               connection.select(
                   "SELECT object FROM jobs WHERE id = ? AND organization = ? AND project = ?",
                   {std::string(id), tenant.organization, tenant.project}, "t"));
    if (rows.empty()) return std::shared_ptr<const std::string>();
    auto text = std::make_shared<const std::string>(rows[0].text(0));
    if (token) {
      std::lock_guard<std::mutex> lock(cache_->mutex);
      if (cache_->token == token) cache_->job_texts[name] = text;
    }
    return text;
  });
}

Result<Page<wire::JobObject>> Store::list_jobs(const Tenant& tenant, const wire::PageQuery& query,
                                               const JobFilter& filter) {
  return database_->read([&](Connection& connection) -> Result<Page<wire::JobObject>> {
    Listing listing{.table = "jobs",
                    .columns = "object",
                    .column_types = "t",
                    .condition = "organization = ? AND project = ?",
                    .parameters = {tenant.organization, tenant.project}};
    for (const auto& [name, value] : filter.metadata) {
      listing.condition +=
          " AND EXISTS (SELECT 1 FROM job_metadata WHERE job = jobs.sequence AND name = ? AND "
          "value = ?)";
      listing.parameters.emplace_back(name);
      listing.parameters.emplace_back(value);
    }
    if (filter.without_metadata) {
      listing.condition += " AND NOT EXISTS (SELECT 1 FROM job_metadata WHERE job = jobs.sequence)";
    }
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<wire::JobObject>(
        listed, [](const Row& row) { return parse_object<wire::JobObject>(row.text(0)); });
  });
}

// ---- wishes ----

namespace {

// Moves the tenant's job by `action`, with `event`. A worker keeps its lease until it lets go.
Result<ActionAnswer> act(Database& database, const Tenant& tenant, std::string_view id,
                         Action action, const NewEvent& event) {
  return database.write([&](Connection& connection) -> Result<ActionAnswer> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(std::optional<StoredJob> job, lock_job(connection, tenant, id));
    if (!job) return ActionAnswer{.outcome = ActionAnswer::Outcome::not_found, .job = {}};
    if (!may_do(action, job->row.job.status)) {
      return ActionAnswer{.outcome = ActionAnswer::Outcome::wrong_state, .job = job->row.job};
    }
    ATTUNE_TRY_VOID(append_events(connection, *job, {event}, now));
    ATTUNE_TRY_VOID(move_job(connection, *job, target(action), now));
    ATTUNE_TRY_VOID(save_job(connection, *job));
    return ActionAnswer{.outcome = ActionAnswer::Outcome::done, .job = job->row.job};
  });
}

}  // namespace

Result<ActionAnswer> Store::request_cancel(const Tenant& tenant, std::string_view id) {
  return act(*database_, tenant, id, Action::cancel,
             warning_event("Fine tuning process stopping due to job cancellation"));
}

Result<ActionAnswer> Store::request_pause(const Tenant& tenant, std::string_view id) {
  return act(*database_, tenant, id, Action::pause, info_event("Fine-tuning job paused"));
}

Result<ActionAnswer> Store::request_resume(const Tenant& tenant, std::string_view id) {
  return act(*database_, tenant, id, Action::resume,
             info_event("Fine-tuning job resumed, moving job to queued state"));
}

Result<bool> Store::set_priority(const Tenant& tenant, std::string_view id, std::int64_t priority) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(std::optional<StoredJob> job, lock_job(connection, tenant, id));
    if (!job) return false;
    job->row.priority = priority;
    ATTUNE_TRY_VOID(save_job(connection, *job));
    return true;
  });
}

}  // namespace attune::jobs
