// The objects of the files and fine-tuning API, and their JSON, for server and client.
//
//   Json json = to_json(job);
//   ATTUNE_TRY(JobObject job, from_json<JobObject>(json, "GET /fine_tuning/jobs/ftjob-abc"));
//
// to_json writes exactly the fields of the published specification, null where it says null, and a
// few of our own beside them. from_json reads what any compatible server sends: it ignores unknown
// fields and takes an absent nullable field for null. Times are Unix seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::wire {

using Metadata = std::vector<std::pair<std::string, std::string>>;  // in the order given

struct FileObject {
  std::string id;
  std::int64_t bytes = 0;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> expires_at = {};
  std::string filename;
  std::string purpose;              // "fine-tune", "fine-tune-results" ...
  std::string status = "uploaded";  // uploaded, processed, error
  std::optional<std::string> status_details = {};
  bool operator==(const FileObject&) const = default;
};

struct UploadObject {
  std::string id;
  std::int64_t bytes = 0;
  std::int64_t created_at = 0;
  std::int64_t expires_at = 0;
  std::string filename;
  std::string purpose;
  std::string status = "pending";  // pending, completed, cancelled, expired
  std::optional<FileObject> file = {};
  bool operator==(const UploadObject&) const = default;
};

struct UploadPartObject {
  std::string id;
  std::int64_t created_at = 0;
  std::string upload_id;
  bool operator==(const UploadPartObject&) const = default;
};

enum class JobStatus { validating_files, queued, running, paused, succeeded, failed, cancelled };
// The JSON writer by this name stays visible beside them: a Json converts to an enumeration.
using attune::to_text;
std::string_view to_text(JobStatus status);
std::optional<JobStatus> parse_job_status(std::string_view text);

// "auto", or a number.
template <class T>
struct AutoOr {
  std::optional<T> value = {};
  bool automatic() const { return !value.has_value(); }
  bool operator==(const AutoOr&) const = default;
};

struct Hyperparameters {
  AutoOr<std::int64_t> n_epochs = {}, batch_size = {};
  AutoOr<double> learning_rate_multiplier = {};

  // Our own, beside the specification's; absent means the trainer's choice, and is not sent.
  std::optional<double> learning_rate = {};  // absolute; the multiplier then counts as 1
  std::optional<std::int64_t> lora_rank = {};
  std::optional<double> lora_alpha = {}, lora_dropout = {};
  std::optional<std::vector<std::string>> target_modules = {};
  std::optional<std::int64_t> max_seq_len = {};
  std::optional<double> warmup_ratio = {}, weight_decay = {};
  bool operator==(const Hyperparameters&) const = default;
};

struct JobError {
  std::string code;
  std::string message;
  std::optional<std::string> param = {};  // training_file, validation_file
  bool operator==(const JobError&) const = default;
};

struct JobObject {
  std::string id;
  std::int64_t created_at = 0;
  std::optional<JobError> error = {};
  std::optional<std::string> fine_tuned_model = {};  // once it succeeded
  std::optional<std::int64_t> finished_at = {};
  Hyperparameters hyperparameters = {};
  std::string model;  // the base
  std::string organization_id;
  std::vector<std::string> result_files = {};
  JobStatus status = JobStatus::validating_files;
  std::optional<std::int64_t> trained_tokens = {};
  std::string training_file;
  std::optional<std::string> validation_file = {};
  std::int64_t seed = 0;
  Json integrations = Json::array();
  std::optional<std::int64_t> estimated_finish = {};  // while it runs
  std::string method = "supervised";
  std::optional<Metadata> metadata = {};
  std::optional<std::string> user_provided_suffix = {};
  bool operator==(const JobObject&) const = default;
};

struct EventObject {
  std::string id;
  std::string job_id = {};  // whose it is; not sent
  std::int64_t created_at = 0;
  std::string level = "info";  // info, warn, error
  std::string message;
  std::string type = "message";  // message, metrics
  Json data = Json::object();
  bool operator==(const EventObject&) const = default;
};

// What was measured at a step; absent where it was not.
struct CheckpointMetrics {
  std::optional<double> step = {}, train_loss = {}, train_mean_token_accuracy = {}, valid_loss = {},
                        valid_mean_token_accuracy = {}, full_valid_loss = {},
                        full_valid_mean_token_accuracy = {};
  bool operator==(const CheckpointMetrics&) const = default;
};

// The data of a metrics event: the metrics that are there, and total_steps after step.
Json metrics_data(const CheckpointMetrics& metrics, std::optional<std::int64_t> total_steps = {});

struct CheckpointObject {
  std::string id;
  std::int64_t created_at = 0;
  std::string fine_tuned_model_checkpoint;
  std::string fine_tuning_job_id;
  CheckpointMetrics metrics = {};
  std::int64_t step_number = 0;
  bool operator==(const CheckpointObject&) const = default;
};

struct PermissionObject {
  std::string id;
  std::int64_t created_at = 0;
  std::string project_id;
  bool operator==(const PermissionObject&) const = default;
};

struct ModelObject {
  std::string id;
  std::int64_t created = 0;
  std::string owned_by;
  std::optional<std::string> shutdown_date = {};  // YYYY-MM-DD
  bool operator==(const ModelObject&) const = default;
};

Json to_json(const FileObject& file);
Json to_json(const UploadObject& upload);
Json to_json(const UploadPartObject& part);
Json to_json(const Hyperparameters& hyperparameters);
Json to_json(const JobError& error);
Json to_json(const JobObject& job);
Json to_json(const EventObject& event);
Json to_json(const CheckpointMetrics& metrics);
Json to_json(const CheckpointObject& checkpoint);
Json to_json(const PermissionObject& permission);
Json to_json(const ModelObject& model);
Json to_json(const Metadata& metadata);

// T is one of the structs above. `where` names the source in the error.
template <class T>
Result<T> from_json(const Json& json, std::string_view where = "answer");

template <>
Result<FileObject> from_json(const Json& json, std::string_view where);
template <>
Result<UploadObject> from_json(const Json& json, std::string_view where);
template <>
Result<UploadPartObject> from_json(const Json& json, std::string_view where);
template <>
Result<Hyperparameters> from_json(const Json& json, std::string_view where);
template <>
Result<JobError> from_json(const Json& json, std::string_view where);
template <>
Result<JobObject> from_json(const Json& json, std::string_view where);
template <>
Result<EventObject> from_json(const Json& json, std::string_view where);
template <>
Result<CheckpointMetrics> from_json(const Json& json, std::string_view where);
template <>
Result<CheckpointObject> from_json(const Json& json, std::string_view where);
template <>
Result<PermissionObject> from_json(const Json& json, std::string_view where);
template <>
Result<ModelObject> from_json(const Json& json, std::string_view where);
template <>
Result<Metadata> from_json(const Json& json, std::string_view where);

}  // namespace attune::wire
