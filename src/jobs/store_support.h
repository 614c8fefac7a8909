// What the parts of the store share: writing an event, moving a job, holding a content, paging.
// All run inside a transaction of their caller. Not for use outside of src/jobs.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "jobs/database.h"
#include "jobs/rows.h"
#include "jobs/store.h"
#include "wire/page.h"

namespace attune::jobs {

// What was read lately, kept while nothing is committed by anyone (change_token).
struct Store::Cache {
  std::mutex mutex;
  std::optional<std::int64_t> token;  // of what is in the maps
  std::unordered_map<std::string, std::shared_ptr<const std::string>> job_texts;
  std::unordered_map<std::string, KeyRow> keys;

  // Empties the maps if `now` differs from the token. Call with the mutex held.
  void renew(std::int64_t now);
};

// ---- text forms ----
// The API's JSON, as to_json wrote it.
template <typename T>
Result<T> parse_object(const std::string& text) {
  ATTUNE_TRY(Json json, parse_json(text, "database"));
  return wire::from_json<T>(json, "database");
}
std::string list_text(const std::vector<std::string>& list);
std::vector<std::string> parse_list(const std::string& text);

// ---- jobs ----
struct StoredJob {
  std::int64_t sequence = 0;
  JobRow row;
};
inline constexpr std::string_view kJobColumns =
    "sequence, organization, project, key_id, status, priority, training_digest, "
    "validation_digest, object, private_data, attempt, worker, host, process, lease_until, losses, "
    "last_event";
inline constexpr std::string_view kJobColumnTypes =
    "itttt"
    "itttt"
    "ittiiii";
Result<StoredJob> read_job(const Row& row);
// The job, its row locked until the transaction ends.
Result<std::optional<StoredJob>> lock_job(Connection& connection, std::string_view id);
Result<std::optional<StoredJob>> lock_job(Connection& connection, const Tenant& tenant,
                                          std::string_view id);
Result<void> save_job(Connection& connection, const StoredJob& job);
// Gives events their place in the job; updates row.last_event (save_job stores it).
Result<void> append_events(Connection& connection, StoredJob& job,
                           const std::vector<NewEvent>& events, std::int64_t now);
// To another state, with all that goes with it: times, webhooks, contents no longer needed.
Result<void> move_job(Connection& connection, StoredJob& job, JobStatus to, std::int64_t now);
void let_go_of_lease(JobRow& row);
// The worker is gone: see Store::lose_worker. Saves the job.
Result<void> lose_worker_of(Connection& connection, StoredJob& job, const std::string& reason,
                            std::int64_t now);

// ---- contents ----
Result<void> hold_blob(Connection& connection, const std::string& holder, const std::string& digest,
                       std::int64_t bytes, std::int64_t now);
Result<void> release_blobs(Connection& connection, const std::string& holder);

// ---- files and models, inside other changes ----
Result<void> insert_file(Connection& connection, const Tenant& tenant, const FileRow& file,
                         std::int64_t now);
Result<void> insert_model(Connection& connection, const Tenant& tenant, const ModelRow& model);
// Stores the upload in its last state and forgets its parts.
Result<void> end_upload(Connection& connection, const wire::UploadObject& upload);

// ---- runs of evals ----
bool is_unfinished(wire::EvalRunStatus status);
// Stores the run in its last state, lets go of its rows and tells webhooks.
Result<void> finish_eval_run(Connection& connection, const Tenant& tenant, std::int64_t sequence,
                             const wire::EvalRunObject& run);

// ---- idempotency and webhooks ----
Result<std::optional<Remembered>> find_remembered(Connection& connection, const Tenant& tenant,
                                                  std::string_view key_hash);
// False: the key is taken.
Result<bool> insert_remembered(Connection& connection, const Tenant& tenant,
                               const Remembered& outcome, std::int64_t now);
// What is sent: the event as JSON text.
std::string webhook_body(std::string_view type, std::string_view data_id, std::int64_t now);
Result<void> enqueue_webhook(Connection& connection, const Tenant& tenant, std::string_view type,
                             std::string_view data_id, std::int64_t now);

// ---- lists ----
// A query for one page, newest first unless query.ascending, and one row more.
struct Listing {
  std::string table;
  std::string columns, column_types;
  std::string condition;          // "organization = ? AND project = ?"
  std::vector<Value> parameters;  // of the condition
  std::string order = "sequence";
};
struct ListedRows {
  Rows rows;
  bool has_more = false;
  bool cursor_found = true;
};
Result<ListedRows> list_rows(Connection& connection, const Listing& listing,
                             const wire::PageQuery& query);

template <typename T, typename Convert>
Result<Page<T>> to_page(const ListedRows& listed, Convert convert) {
  Page<T> page{.items = {}, .has_more = listed.has_more, .cursor_found = listed.cursor_found};
  page.items.reserve(listed.rows.size());
  for (const Row& row : listed.rows) {
    ATTUNE_TRY(T item, convert(row));
    page.items.push_back(std::move(item));
  }
  return page;
}

}  // namespace attune::jobs
