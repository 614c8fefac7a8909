#include "jobs/migrations.h"

#include <fmt/format.h>

#include "jobs/database.h"

namespace attune::jobs {

namespace {

// Objects of the API are kept as the JSON text that is sent (column `object`). What queries look
// at is a column beside it, written by the same statement. `sequence` is the order of creation.
const std::vector<std::string_view> kFirst = {
    R"(CREATE TABLE blobs (
         digest TEXT PRIMARY KEY,
         bytes BIGINT NOT NULL,
         created_at BIGINT NOT NULL))",
    // Who needs a content: a file, a part of an upload, a job until it ends.
    R"(CREATE TABLE blob_references (
         holder TEXT NOT NULL,
         digest TEXT NOT NULL REFERENCES blobs(digest),
         PRIMARY KEY (holder, digest)))",
    "CREATE INDEX blob_references_by_digest ON blob_references (digest)",

    R"(CREATE TABLE files (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         organization TEXT NOT NULL,
         project TEXT NOT NULL,
         purpose TEXT NOT NULL,
         expires_at BIGINT,
         digest TEXT NOT NULL,
         object TEXT NOT NULL,
         report TEXT NOT NULL))",
    "CREATE INDEX files_by_tenant ON files (organization, project, sequence)",
    "CREATE INDEX files_by_expiry ON files (expires_at)",

    R"(CREATE TABLE uploads (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         organization TEXT NOT NULL,
         project TEXT NOT NULL,
         status TEXT NOT NULL,
         expires_at BIGINT NOT NULL,
         object TEXT NOT NULL,
         private_data TEXT NOT NULL))",
    "CREATE INDEX uploads_by_status ON uploads (status, expires_at)",
    R"(CREATE TABLE upload_parts (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         upload_id TEXT NOT NULL REFERENCES uploads(id),
         digest TEXT NOT NULL,
         bytes BIGINT NOT NULL,
         object TEXT NOT NULL))",
    "CREATE INDEX upload_parts_by_upload ON upload_parts (upload_id, sequence)",

    R"(CREATE TABLE jobs (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         organization TEXT NOT NULL,
         project TEXT NOT NULL,
         key_id TEXT NOT NULL,
         status TEXT NOT NULL,
         priority BIGINT NOT NULL,
         training_digest TEXT NOT NULL,
         validation_digest TEXT NOT NULL,
         object TEXT NOT NULL,
         private_data TEXT NOT NULL,
         attempt BIGINT NOT NULL,
         worker TEXT NOT NULL,
         host TEXT NOT NULL,
         process BIGINT NOT NULL,
         lease_until BIGINT NOT NULL,
         losses BIGINT NOT NULL,
         last_event BIGINT NOT NULL))",
    "CREATE INDEX jobs_by_tenant ON jobs (organization, project, sequence)",
    "CREATE INDEX jobs_by_status ON jobs (status, priority, sequence)",
    "CREATE INDEX jobs_held ON jobs (lease_until) WHERE worker <> ''",
    R"(CREATE TABLE job_metadata (
         job BIGINT NOT NULL REFERENCES jobs(sequence),
         name TEXT NOT NULL,
         value TEXT NOT NULL,
         PRIMARY KEY (job, name)))",
    "CREATE INDEX job_metadata_by_value ON job_metadata (name, value)",

    // `sequence` counts 1, 2, 3 ... in each job; `once` is NULL or a name not used twice in it.
    R"(CREATE TABLE events (
         job BIGINT NOT NULL REFERENCES jobs(sequence),
         sequence BIGINT NOT NULL,
         id TEXT NOT NULL UNIQUE,
         once TEXT,
         object TEXT NOT NULL,
         PRIMARY KEY (job, sequence)))",
    "CREATE UNIQUE INDEX events_once ON events (job, once)",
    R"(CREATE TABLE checkpoints (
         job BIGINT NOT NULL REFERENCES jobs(sequence),
         step BIGINT NOT NULL,
         id TEXT NOT NULL UNIQUE,
         model TEXT NOT NULL,
         object TEXT NOT NULL,
         PRIMARY KEY (job, step)))",
    R"(CREATE TABLE permissions (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         organization TEXT NOT NULL,
         model TEXT NOT NULL,
         project TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         UNIQUE (organization, model, project)))",

    R"(CREATE TABLE models (
         sequence {counter},
         id TEXT NOT NULL,
         organization TEXT NOT NULL,
         project TEXT NOT NULL,
         base TEXT NOT NULL,
         adapter TEXT NOT NULL,
         job_id TEXT NOT NULL,
         object TEXT NOT NULL,
         UNIQUE (organization, project, id)))",

    R"(CREATE TABLE api_keys (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         organization TEXT NOT NULL,
         project TEXT NOT NULL,
         name TEXT NOT NULL,
         hash TEXT NOT NULL UNIQUE,
         prefix TEXT NOT NULL,
         scopes TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         expires_at BIGINT,
         revoked_at BIGINT,
         last_used_at BIGINT,
         running_jobs_limit BIGINT,
         unfinished_jobs_limit BIGINT,
         requests_per_minute BIGINT))",

    R"(CREATE TABLE idempotency (
         organization TEXT NOT NULL,
         project TEXT NOT NULL,
         key_hash TEXT NOT NULL,
         body_hash TEXT NOT NULL,
         status BIGINT NOT NULL,
         body TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         PRIMARY KEY (organization, project, key_hash)))",
    "CREATE INDEX idempotency_by_age ON idempotency (created_at)",

    R"(CREATE TABLE endpoints (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         organization TEXT NOT NULL,
         project TEXT NOT NULL,
         url TEXT NOT NULL,
         secret TEXT NOT NULL,
         event_types TEXT NOT NULL,
         description TEXT NOT NULL,
         enabled BIGINT NOT NULL,
         created_at BIGINT NOT NULL))",
    R"(CREATE TABLE deliveries (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         endpoint_id TEXT NOT NULL REFERENCES endpoints(id),
         type TEXT NOT NULL,
         body TEXT NOT NULL,
         created_at BIGINT NOT NULL,
         attempts BIGINT NOT NULL,
         next_at BIGINT NOT NULL,
         state TEXT NOT NULL,
         last_status BIGINT NOT NULL,
         last_error TEXT NOT NULL,
         delivered_at BIGINT))",
    "CREATE INDEX deliveries_due ON deliveries (state, next_at)",
    "CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, sequence)",
};

// Endpoints as the API's clients know them: a name, the time of the last change, and a secret that
// goes on signing for a while after its rotation.
const std::vector<std::string_view> kNamedEndpoints = {
    "ALTER TABLE endpoints RENAME COLUMN description TO name",
    "UPDATE endpoints SET name = 'webhook' WHERE name = ''",
    "ALTER TABLE endpoints ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0",
    "UPDATE endpoints SET updated_at = created_at",
    "ALTER TABLE endpoints ADD COLUMN previous_secret TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE endpoints ADD COLUMN previous_until BIGINT NOT NULL DEFAULT 0",
};

// Evals, their runs and the output items of runs. The lease of a run is as that of a job: whoever
// has the newest attempt writes. `number` is the place of an item in its data, from 0.
const std::vector<std::string_view> kEvals = {
    R"(CREATE TABLE evals (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         organization TEXT NOT NULL,
         project TEXT NOT NULL,
         updated_at BIGINT NOT NULL,
         object TEXT NOT NULL))",
    "CREATE INDEX evals_by_tenant ON evals (organization, project, sequence)",
    R"(CREATE TABLE eval_runs (
         sequence {counter},
         id TEXT NOT NULL UNIQUE,
         eval BIGINT NOT NULL REFERENCES evals(sequence),
         status TEXT NOT NULL,
         object TEXT NOT NULL,
         data_source TEXT NOT NULL,
         digest TEXT NOT NULL,
         attempt BIGINT NOT NULL,
         worker TEXT NOT NULL,
         lease_until BIGINT NOT NULL))",
    "CREATE INDEX eval_runs_by_eval ON eval_runs (eval, sequence)",
    "CREATE INDEX eval_runs_unfinished ON eval_runs (status, sequence) WHERE status IN ('queued', "
    "'in_progress')",
    R"(CREATE TABLE eval_items (
         run BIGINT NOT NULL REFERENCES eval_runs(sequence),
         number BIGINT NOT NULL,
         id TEXT NOT NULL UNIQUE,
         status TEXT NOT NULL,
         object TEXT NOT NULL,
         PRIMARY KEY (run, number)))",
};

std::string in_dialect(std::string_view statement, bool is_postgresql) {
  constexpr std::string_view kCounter = "{counter}";
  std::string text(statement);
  if (std::size_t at = text.find(kCounter); at != std::string::npos) {
    text.replace(at, kCounter.size(),
                 is_postgresql ? "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
                               : "INTEGER PRIMARY KEY AUTOINCREMENT");
  }
  return text;
}

// The version of the schema that is there; 0 for an empty database.
Result<std::int64_t> current_version(Connection& connection) {
  ATTUNE_TRY_VOID(connection.run(
      "CREATE TABLE IF NOT EXISTS schema_migrations ("
      "version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)"));
  ATTUNE_TRY(Rows rows,
             connection.select("SELECT COALESCE(MAX(version), 0) FROM schema_migrations", {}, "i"));
  return rows.front().integer(0);
}

Result<void> apply(Connection& connection, const Migration& migration) {
  for (std::string_view statement : migration.statements) {
    ATTUNE_TRY_VOID(connection.run(in_dialect(statement, connection.is_postgresql())));
  }
  ATTUNE_TRY(std::int64_t now, connection.now());
  ATTUNE_TRY_VOID(connection.change(
      "INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)",
      {migration.version, std::string(migration.name), now}));
  return {};
}

}  // namespace

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all = {
      {1, "first", kFirst}, {2, "named endpoints", kNamedEndpoints}, {3, "evals", kEvals}};
  return all;
}

Result<void> migrate(Database& database) {
  // One transaction: a crash leaves the old schema or the new one; several programs that start at
  // once take turns.
  return database.write([](Connection& connection) -> Result<void> {
    ATTUNE_TRY_VOID(connection.take_turn());
    ATTUNE_TRY(std::int64_t version, current_version(connection));
    std::int64_t newest = migrations().back().version;
    if (version > newest) {
      return environment_failure(
          {.where = "database",
           .found = fmt::format("schema {} was made by a newer Attune", version),
           .wanted = fmt::format("schema {} or older", newest),
           .fix = "run the newer program, or give this one a database of its own"});
    }
    for (const Migration& migration : migrations()) {
      if (migration.version > version) ATTUNE_TRY_VOID(apply(connection, migration));
    }
    return {};
  });
}

}  // namespace attune::jobs
