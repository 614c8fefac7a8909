// What the store keeps, as plain structs: the API's objects (wire/objects.h) and beside each what
// the API does not show.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/file.h"
#include "io/json.h"
#include "jobs/state.h"
#include "wire/evals.h"
#include "wire/objects.h"

namespace attune::jobs {

// Whose data it is. Every query of a request names one; nothing is found outside of it.
struct Tenant {
  std::string organization = "org-local";
  std::string project = "proj-local";
  bool operator==(const Tenant&) const = default;
};

template <typename T>
struct Page {
  std::vector<T> items = {};
  bool has_more = false;
  bool cursor_found = true;  // false: `after` names nothing of this list, and items is empty
};

struct FileRow {
  wire::FileObject file = {};
  std::string digest = {};  // of its content in the BlobStore
  Json report = nullptr;    // what the check at upload found (wire/training_file.h), or null
};

struct PartRow {
  wire::UploadPartObject part = {};
  std::string digest = {};
  std::int64_t bytes = 0;
};

// An event to be written. `once` names it among the events of its job, for example "step 12": a
// second event of that name is dropped, so that a worker which resumes and passes step 12 again
// repeats nothing. Empty: always written.
struct NewEvent {
  wire::EventObject event = {};  // id and created_at are filled in where they are empty
  std::string once = {};
};
NewEvent info_event(std::string message, std::string once = {});
NewEvent warning_event(std::string message, std::string once = {});
NewEvent error_event(std::string message, std::string once = {});

struct EventRow {
  wire::EventObject event = {};
  std::int64_t sequence = 0;  // 1, 2, 3 ... in each job, without gaps
};

// How far the events of a job have come: what an event stream watches.
struct JobTail {
  std::string job_id = {};
  std::int64_t last_sequence = 0;
  JobStatus status = JobStatus::queued;
};

struct ModelRow {
  wire::ModelObject model = {};
  std::string base = {};    // name of the base model
  Path adapter = {};        // folder of the adapter
  std::string job_id = {};  // that made it
};

struct JobRow {
  wire::JobObject job = {};
  Tenant tenant = {};
  std::string key_id = {};           // the API key that created it; empty: none was needed
  std::int64_t priority = 0;         // higher first
  std::string training_digest = {};  // contents that stay stored until the job ends, even when the
  std::string validation_digest = {};  // files are deleted; empty: no such file
  Json private_data = nullptr;         // the worker's own notes, for example resolved settings

  // The lease. While `worker` is not empty, one process may write to the job: that of `attempt`.
  std::int64_t attempt = 0;  // counts claims
  std::string worker = {};
  std::string host = {};
  std::int64_t process = 0;  // on `host`; 0: not started yet
  std::int64_t lease_until = 0;
  std::int64_t losses = 0;  // workers lost since the last checkpoint
  std::int64_t last_event = 0;
};

// A run of an eval, and what it works on.
struct EvalRunRow {
  wire::EvalRunObject run = {};
  Json data_source = nullptr;  // as it was given
  std::string digest = {};     // of the file with its rows, stored until the run ends; empty: none
};

// A run that a server works on. While its attempt is the newest one, that server alone writes.
struct ClaimedEvalRun {
  EvalRunRow row = {};
  wire::EvalObject eval = {};
  Tenant tenant = {};
  std::int64_t attempt = 0;
  std::vector<std::int64_t> done = {};  // numbers of the items that are stored, rising
};

struct NewEvalItem {
  std::string id = {};
  std::int64_t number = 0;  // its place in the data, from 0
  wire::EvalItemStatus status = wire::EvalItemStatus::error;
  Json object = nullptr;       // as it is sent
  wire::EvalTally tally = {};  // what it adds to that of the run
};

// A request's outcome under its Idempotency-Key, both hashed.
struct Remembered {
  std::string key_hash = {};
  std::string body_hash = {};
  std::int64_t status = 200;
  std::string body = {};
};

struct KeyRow {
  std::string id = {};
  Tenant tenant = {};
  std::string name = {};
  std::string hash = {};    // sha256 of the key; the key itself is never stored
  std::string prefix = {};  // the first characters, to tell keys apart in a list
  std::vector<std::string> scopes = {};
  std::int64_t created_at = 0;
  std::optional<std::int64_t> expires_at = {}, revoked_at = {}, last_used_at = {};
  std::optional<std::int64_t> running_jobs_limit = {}, unfinished_jobs_limit = {},
                              requests_per_minute = {};

  bool usable_at(std::int64_t now) const {
    return !revoked_at && (!expires_at || *expires_at > now);
  }
};

struct EndpointRow {
  std::string id = {};
  Tenant tenant = {};
  std::string name = {};
  std::string url = {};
  std::string secret = {};                    // "whsec_...", needed in the clear to sign
  std::vector<std::string> event_types = {};  // empty: all
  bool enabled = true;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  // The secret before the last rotation; signs too until previous_until.
  std::string previous_secret = {};
  std::int64_t previous_until = 0;
};

enum class DeliveryState { pending, delivered, dead };

struct DeliveryRow {
  std::string id = {};  // "wh_...", the webhook-id: the same in every attempt and replay
  std::string endpoint_id = {};
  std::string url = {}, secret = {};  // of the endpoint, as they are now
  std::string previous_secret = {};   // of the endpoint too
  std::int64_t previous_until = 0;
  std::string type = {};  // "fine_tuning.job.succeeded"
  std::string body = {};  // the bytes to sign and send
  std::int64_t created_at = 0;
  std::int64_t attempts = 0;
  std::int64_t next_at = 0;
  DeliveryState state = DeliveryState::pending;
  std::int64_t last_status = 0;  // HTTP status of the last attempt; 0: no answer
  std::string last_error = {};
  std::optional<std::int64_t> delivered_at = {};
};

}  // namespace attune::jobs
