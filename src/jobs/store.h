// The database of the server: files, uploads, jobs with their events and checkpoints, models, API
// keys, idempotency records, webhooks. SQLite (embedded) and PostgreSQL (several servers and
// workers) behind one interface and, but for a few words of SQL, one code path.
//
//   ATTUNE_TRY(auto store, Store::open("sqlite:/data/attune.db", {}));
//   ATTUNE_TRY(CreatedJob created, store->create_job(std::move(row), {info_event("Created ...")}));
//   ATTUNE_TRY(std::optional<JobRow> claimed, store->claim_next({.worker = "w1", .host = "box"}));
//   ATTUNE_TRY(Wish wish, store->heartbeat(id, claimed->attempt, 30));
//   ATTUNE_TRY(Recorded recorded, store->record(id, claimed->attempt, {.events = {...}}));
//
// Promises:
// - Each call is one transaction: all of it is stored, or nothing. A state never changes without
//   its events and its webhooks.
// - Only the holder of a job's lease writes as a worker. A lease is an attempt number, which every
//   claim raises; record() of an older attempt writes nothing and says `lost`.
// - record() may be repeated after an error that left its outcome open: events and checkpoints
//   with the same name, and a change that is already made, are not made twice.
// - What a request asks for is looked up within its tenant. Ids hold no such secret as to replace
//   that.
// - All methods may be called from any thread; none throws. An error is of kind environment
//   (database gone, disk full) and says what to do. Absence is a value, not an error.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "jobs/blobs.h"
#include "jobs/rows.h"
#include "jobs/state.h"
#include "wire/objects.h"
#include "wire/page.h"

namespace attune::jobs {

struct StoreOptions {
  std::int64_t connections = 8;
  std::int64_t busy_seconds = 30;  // how long a writer waits for another process's transaction
  // Unix seconds. By default the time of the database server (PostgreSQL) or of this machine
  // (SQLite), so that several machines agree on when a lease ends. For tests.
  std::function<std::int64_t()> clock = {};
};

// ---- jobs ----

struct CreatedJob {
  enum class Outcome {
    created,
    repeated,  // its Idempotency-Key was used before: `remembered` has what was answered
    over_quota
  };
  Outcome outcome = Outcome::created;
  JobRow job = {};  // created: with its id and times
  std::optional<Remembered> remembered = {};
  std::int64_t unfinished_limit = 0;  // over_quota: the limit of the key
};

struct ActionAnswer {
  enum class Outcome { done, wrong_state, not_found };
  Outcome outcome = Outcome::done;
  wire::JobObject job = {};  // as it is now; empty if not found
};

struct JobFilter {
  std::vector<std::pair<std::string, std::string>> metadata = {};  // all of them must be equal
  bool without_metadata = false;                                   // metadata=null
};

struct ClaimRequest {
  std::string worker;  // unique to this process or launcher
  std::string host = {};
  std::int64_t lease_seconds = 30;
  // queued: the job moves to running. validating_files: it keeps its state, and its lease lasts
  // until it moves on.
  JobStatus from = JobStatus::queued;
  std::int64_t running_limit = 0;          // in the whole store; 0: none
  std::int64_t project_running_limit = 0;  // in the job's project; a key may have its own
};

// What the holder of a lease should do next.
enum class Wish {
  run,
  pause,   // save, then let go
  cancel,  // stop, then let go
  lost     // another attempt has the job, or it was given up: stop, and write nothing
};

// A worker's or launcher's change of a job. All of it is written in one transaction.
struct Transition {
  std::optional<JobStatus> to = {};
  // Let go of the lease (after Wish::pause and Wish::cancel). A job that still runs goes back to
  // the queue. A `to` that is not running or validating_files lets go by itself.
  bool let_go = false;

  std::optional<std::string> fine_tuned_model = {};
  std::optional<std::vector<std::string>> result_files = {};
  std::optional<std::int64_t> trained_tokens = {};
  std::optional<std::int64_t> estimated_finish = {};  // shown while the job runs
  std::optional<wire::Hyperparameters> hyperparameters = {};
  std::optional<wire::JobError> error = {};
  std::optional<Json> private_data = {};

  std::vector<NewEvent> events = {};
  std::vector<wire::CheckpointObject> checkpoints = {};  // one of a step; a repeat is dropped
  std::vector<ModelRow> models = {};
  std::vector<FileRow> files = {};  // result files, with the digest of their content
};

enum class Recorded {
  written,
  lost,    // not the holder any more: nothing was written
  refused  // the state does not allow it (the job was paused or cancelled meanwhile)
};

// ---- evals ----

struct EvalRunAnswer {
  enum class Outcome { done, wrong_state, not_found };
  Outcome outcome = Outcome::done;
  EvalRunRow row = {};  // as it is now; empty if not found
};

// ---- upkeep ----

struct Statistics {
  std::map<JobStatus, std::int64_t> jobs = {};
  std::int64_t leases = 0;
  std::int64_t deliveries_pending = 0;
  std::int64_t deliveries_dead = 0;
  std::int64_t files = 0;
  std::int64_t blobs = 0;
  std::int64_t blob_bytes = 0;
};

struct Swept {
  std::int64_t uploads_expired = 0;
  std::int64_t files_expired = 0;
  std::int64_t idempotency_forgotten = 0;
};

struct CheckProblem {
  std::string kind;     // "missing_blob", "stuck_lease" ...
  std::string subject;  // id or digest
  std::string found;    // a sentence
  bool repaired = false;
};

struct CheckOptions {
  bool repair = false;
  bool read_contents = false;                // compare every blob's bytes with its name
  std::int64_t leftover_age_seconds = 3600;  // younger files on disk may be in use
};

struct CheckReport {
  std::vector<CheckProblem> problems = {};
  std::int64_t jobs = 0, files = 0, blobs = 0;  // looked at
};

class Database;

class Store {
 public:
  // "sqlite:/path/attune.db" or "postgresql://...". Brings the schema up to date; refuses one that
  // a newer program made.
  static Result<std::unique_ptr<Store>> open(const std::string& url, const StoreOptions& options);
  ~Store();

  // The store's time: see StoreOptions::clock.
  Result<std::int64_t> now();
  // A number that changes when anything was committed, by any process; none on PostgreSQL, where
  // there is no cheap one. Equal numbers: nothing has changed.
  std::optional<std::int64_t> change_token();

  // ---- files ----
  Result<void> add_file(const Tenant& tenant, const FileRow& file);
  Result<std::optional<FileRow>> find_file(const Tenant& tenant, std::string_view id);
  Result<Page<wire::FileObject>> list_files(const Tenant& tenant, const wire::PageQuery& query,
                                            const std::optional<std::string>& purpose = {});
  // False: no such file.
  Result<bool> set_file_status(const Tenant& tenant, std::string_view id, const std::string& status,
                               const std::optional<std::string>& details = {},
                               const Json& report = nullptr);
  Result<bool> remove_file(const Tenant& tenant, std::string_view id);

  // ---- uploads ----
  // `private_data`: what the server keeps with it and does not show, for example when the file is
  // to expire; upload_data gives it back, null if there is none.
  Result<void> add_upload(const Tenant& tenant, const wire::UploadObject& upload,
                          const Json& private_data = nullptr);
  Result<Json> upload_data(const Tenant& tenant, std::string_view id);
  Result<std::optional<wire::UploadObject>> find_upload(const Tenant& tenant, std::string_view id);
  // False: the upload is not there or not pending.
  Result<bool> add_part(const Tenant& tenant, const PartRow& part);
  Result<std::vector<PartRow>> list_parts(const Tenant& tenant, std::string_view upload_id);
  // The upload with status completed and its file; none if it is not there or not pending. The
  // parts are forgotten.
  Result<std::optional<wire::UploadObject>> complete_upload(const Tenant& tenant,
                                                            std::string_view id,
                                                            const FileRow& file);
  Result<std::optional<wire::UploadObject>> cancel_upload(const Tenant& tenant,
                                                          std::string_view id);

  // ---- jobs, for requests ----
  // Empty ids and times are filled in. The contents named by its digests stay stored until the job
  // ends. `remember`, if given, is stored in the same transaction; its body may hold the answer.
  Result<CreatedJob> create_job(const JobRow& job, const std::vector<NewEvent>& events,
                                const std::optional<Remembered>& remember = {});
  Result<std::optional<JobRow>> find_job(const Tenant& tenant, std::string_view id);
  // The job object as the JSON text to send, or null. The fast way: 15k/s and more.
  Result<std::shared_ptr<const std::string>> job_text(const Tenant& tenant, std::string_view id);
  Result<Page<wire::JobObject>> list_jobs(const Tenant& tenant, const wire::PageQuery& query,
                                          const JobFilter& filter = {});
  Result<ActionAnswer> request_cancel(const Tenant& tenant, std::string_view id);
  Result<ActionAnswer> request_pause(const Tenant& tenant, std::string_view id);
  Result<ActionAnswer> request_resume(const Tenant& tenant, std::string_view id);
  Result<bool> set_priority(const Tenant& tenant, std::string_view id, std::int64_t priority);

  // ---- jobs, for launchers and workers ----
  Result<std::optional<JobRow>> load_job(std::string_view id);
  Result<std::optional<JobRow>> claim_next(const ClaimRequest& request);
  Result<Wish> heartbeat(std::string_view job_id, std::int64_t attempt, std::int64_t lease_seconds);
  Result<Recorded> note_process(std::string_view job_id, std::int64_t attempt,
                                std::int64_t process);
  Result<Recorded> record(std::string_view job_id, std::int64_t attempt, const Transition& change);
  // The process of `attempt` is known to be gone, for `reason` ("it was killed by signal 9"). A
  // running job goes back to the queue at once; one that was paused or cancelled is let go.
  Result<Recorded> lose_worker(std::string_view job_id, std::int64_t attempt,
                               const std::string& reason);
  // The same for every lease that has run out; the jobs as they are now.
  Result<std::vector<JobRow>> release_expired();
  // Jobs that `host` holds, for a launcher that starts again. Empty: all hosts.
  Result<std::vector<JobRow>> held_jobs(std::string_view host);

  // ---- events and checkpoints ----
  // Newest first. The job must be the tenant's, else the page is empty.
  Result<Page<EventRow>> list_events(const Tenant& tenant, std::string_view job_id,
                                     const wire::PageQuery& query);
  // Oldest first, from `sequence` + 1. For streams; the caller has checked the tenant.
  Result<std::vector<EventRow>> events_after(std::string_view job_id, std::int64_t sequence,
                                             std::int64_t limit);
  Result<std::vector<JobTail>> tails(std::span<const std::string> job_ids);
  // Highest step first.
  Result<Page<wire::CheckpointObject>> list_checkpoints(const Tenant& tenant,
                                                        std::string_view job_id,
                                                        const wire::PageQuery& query);

  // ---- checkpoint permissions: other projects of the organisation that may use a model ----
  Result<std::vector<wire::PermissionObject>> add_permissions(
      const Tenant& tenant, std::string_view model, const std::vector<std::string>& project_ids);
  Result<Page<wire::PermissionObject>> list_permissions(
      const Tenant& tenant, std::string_view model, const wire::PageQuery& query,
      const std::optional<std::string>& project_id = {});
  Result<bool> remove_permission(const Tenant& tenant, std::string_view model, std::string_view id);

  // ---- models ----
  Result<void> add_model(const Tenant& tenant, const ModelRow& model);
  // The tenant's own, and those it has a permission for.
  Result<std::optional<ModelRow>> find_model(const Tenant& tenant, std::string_view id);
  Result<std::vector<ModelRow>> list_models(const Tenant& tenant);
  // Its own only. What was removed, whose folder the caller deletes.
  Result<std::optional<ModelRow>> remove_model(const Tenant& tenant, std::string_view id);

  // ---- evals ----
  Result<void> add_eval(const Tenant& tenant, const wire::EvalObject& eval);
  Result<std::optional<wire::EvalObject>> find_eval(const Tenant& tenant, std::string_view id);
  // In the order of creation, or of the last update.
  Result<Page<wire::EvalObject>> list_evals(const Tenant& tenant, const wire::PageQuery& query,
                                            bool by_update = false);
  // The eval with what the update names changed; none: no such eval.
  Result<std::optional<wire::EvalObject>> update_eval(const Tenant& tenant, std::string_view id,
                                                      const wire::EvalUpdate& update);
  // Its runs and their items too. False: no such eval.
  Result<bool> remove_eval(const Tenant& tenant, std::string_view id);

  // ---- runs of evals, for requests ----
  // The content named by its digest stays stored until the run ends. False: no such eval.
  Result<bool> add_eval_run(const Tenant& tenant, const EvalRunRow& row);
  Result<std::optional<EvalRunRow>> find_eval_run(const Tenant& tenant, std::string_view eval_id,
                                                  std::string_view id);
  Result<Page<EvalRunRow>> list_eval_runs(const Tenant& tenant, std::string_view eval_id,
                                          const wire::PageQuery& query,
                                          std::optional<wire::EvalRunStatus> status = {});
  // A run that has not ended is canceled at once: who works on it learns of it at its next write.
  Result<EvalRunAnswer> cancel_eval_run(const Tenant& tenant, std::string_view eval_id,
                                        std::string_view id);
  Result<bool> remove_eval_run(const Tenant& tenant, std::string_view eval_id, std::string_view id);
  // The items' objects, as they are sent, in the order of the data.
  Result<Page<Json>> list_eval_items(const Tenant& tenant, std::string_view eval_id,
                                     std::string_view run_id, const wire::PageQuery& query,
                                     std::optional<wire::EvalItemStatus> status = {});
  Result<std::optional<Json>> find_eval_item(const Tenant& tenant, std::string_view eval_id,
                                             std::string_view run_id, std::string_view id);

  // ---- runs of evals, for the server that works on them ----
  // The oldest run that is queued, or that nobody works on any more; it is in progress then.
  Result<std::optional<ClaimedEvalRun>> claim_eval_run(const std::string& worker,
                                                       std::int64_t lease_seconds);
  // Stores items and their tallies, and holds the run for `lease_seconds` more; `items` may be
  // empty. An item whose number is stored already is dropped. False: the run was canceled or
  // removed, or another server has it; nothing was written.
  Result<bool> record_eval_items(std::string_view run_id, std::int64_t attempt,
                                 std::int64_t lease_seconds, const std::vector<NewEvalItem>& items);
  // Completed, or failed with an error. False as above.
  Result<bool> end_eval_run(std::string_view run_id, std::int64_t attempt,
                            wire::EvalRunStatus status,
                            const std::optional<wire::EvalError>& error = {});
  // For a server that stops: another one, or this one when it is back, goes on with the run.
  Result<void> let_go_of_eval_run(std::string_view run_id, std::int64_t attempt);

  // ---- API keys ----
  Result<void> add_key(const KeyRow& key);
  Result<std::optional<KeyRow>> find_key_by_hash(std::string_view hash);  // also unusable ones
  Result<std::vector<KeyRow>> list_keys(const Tenant& tenant);
  Result<bool> revoke_key(const Tenant& tenant, std::string_view id);
  Result<void> touch_key(std::string_view id);  // last_used_at, at most once a minute
  Result<bool> any_key();                       // false: the server may serve loopback without one

  // ---- idempotency ----
  // What the key's first request was answered, or none.
  Result<std::optional<Remembered>> recall(const Tenant& tenant, std::string_view key_hash);
  // Stores it unless the key is taken; what is stored now.
  Result<Remembered> remember(const Tenant& tenant, const Remembered& outcome);

  // ---- webhooks ----
  Result<void> add_endpoint(const EndpointRow& endpoint);
  Result<Page<EndpointRow>> list_endpoints(const Tenant& tenant, const wire::PageQuery& query = {});
  Result<std::optional<EndpointRow>> find_endpoint(const Tenant& tenant, std::string_view id);
  Result<bool> update_endpoint(const EndpointRow& endpoint);
  Result<bool> remove_endpoint(const Tenant& tenant, std::string_view id);
  // Puts one event into the outbox for each endpoint that wants it (jobs do so by themselves).
  Result<void> emit_webhook(const Tenant& tenant, std::string_view type, std::string_view data_id);
  // Takes up to `limit` deliveries that are due. Each is kept from other senders for
  // `hold_seconds`; if neither delivery_done nor delivery_failed comes, it is due again then.
  Result<std::vector<DeliveryRow>> due_deliveries(std::int64_t limit, std::int64_t hold_seconds);
  Result<void> delivery_done(std::string_view id, std::int64_t status);
  // `next_at` none: it goes to the dead letters.
  Result<void> delivery_failed(std::string_view id, std::int64_t status, const std::string& error,
                               std::optional<std::int64_t> next_at);
  Result<Page<DeliveryRow>> list_deliveries(const Tenant& tenant, std::string_view endpoint_id,
                                            const wire::PageQuery& query,
                                            std::optional<DeliveryState> state = {});
  // Sends it again, with the same id, also when it was delivered or dead. False: no such delivery.
  Result<bool> replay_delivery(const Tenant& tenant, std::string_view id);

  // ---- upkeep ----
  Result<Statistics> statistics();
  // Uploads and files whose time has come, idempotency records older than a day.
  Result<Swept> sweep();
  // Looks for what should not be and, if asked, mends it: dangling or missing blobs, leases of
  // ended jobs, states that disagree, gaps. For `attune doctor`.
  Result<CheckReport> check(const BlobStore& blobs, const CheckOptions& options);

  // For collect_blobs: digests that nobody refers to, and forgetting one if that is still so.
  Result<std::vector<std::string>> unreferenced_blobs(std::int64_t limit);
  Result<bool> forget_blob(std::string_view digest);

 private:
  explicit Store(std::unique_ptr<Database> database);
  struct Cache;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Cache> cache_;
};

// Removes the contents that nobody refers to any more; says how many. Does nothing while a writer
// is at work; call it again later. Run it after removals and from time to time.
Result<std::int64_t> collect_blobs(Store& store, const BlobStore& blobs);

}  // namespace attune::jobs
