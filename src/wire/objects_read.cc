// from_json of the objects: what other servers send is not always what the specification says.
#include <fmt/format.h>

#include "wire/object_reader.h"
#include "wire/objects.h"

namespace attune::wire {

namespace {

std::optional<double> number_of(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

// "auto", null or absent; a number; what else is a fault.
AutoOr<double> read_number(ObjectReader& reader, const char* key) {
  const Json* value = reader.find(key);
  if (value == nullptr || *value == "auto") return {};
  const std::optional<double> number = number_of(*value);
  if (!number)
    reader.fail(key, fmt::format("a JSON {}", value->type_name()), "\"auto\" or a number");
  return {number};
}

AutoOr<std::int64_t> read_integer(ObjectReader& reader, const char* key) {
  const Json* value = reader.find(key);
  if (value == nullptr || *value == "auto") return {};
  return {reader.optional_integer(key)};
}

// {} and an object of nulls stand for "no error" on real servers; others send a bare text.
std::optional<JobError> read_error(ObjectReader& reader) {
  const Json* value = reader.find("error");
  if (value != nullptr && value->is_string() && *value != "") {
    return JobError{.code = "", .message = value->get<std::string>()};
  }
  if (value == nullptr || !value->is_object()) return std::nullopt;
  auto error = reader.optional_object<JobError>("error", from_json<JobError>);
  if (error && error->code.empty() && error->message.empty() && !error->param) return std::nullopt;
  return error;
}

// The job's own hyperparameters, else those of its method.
Hyperparameters read_hyperparameters(ObjectReader& reader) {
  if (auto own =
          reader.optional_object<Hyperparameters>("hyperparameters", from_json<Hyperparameters>)) {
    return std::move(*own);
  }
  const Json* method = reader.find("method");
  if (method == nullptr || !method->is_object()) return {};
  const auto supervised = method->find("supervised");
  if (supervised == method->end() || !supervised->is_object()) return {};
  ObjectReader inner(*supervised, reader.place("method.supervised"));
  auto found =
      inner.optional_object<Hyperparameters>("hyperparameters", from_json<Hyperparameters>);
  return found ? std::move(*found) : Hyperparameters{};
}

std::string read_method(ObjectReader& reader) {
  const Json* method = reader.find("method");
  if (method == nullptr || !method->is_object()) return "supervised";
  const auto type = method->find("type");
  return type != method->end() && type->is_string() ? type->get<std::string>() : "supervised";
}

JobStatus read_status(ObjectReader& reader) {
  const std::string text = reader.text("status");
  const std::optional<JobStatus> status = parse_job_status(text);
  if (!status) reader.fail("status", fmt::format("\"{}\"", text), "a status of a fine-tuning job");
  return status.value_or(JobStatus::validating_files);
}

}  // namespace

template <>
Result<FileObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  FileObject file;
  file.id = reader.text("id");
  file.bytes = reader.optional_integer("bytes").value_or(0);
  file.created_at = reader.optional_integer("created_at").value_or(0);
  file.expires_at = reader.optional_integer("expires_at");
  file.filename = reader.optional_text("filename").value_or("");
  file.purpose = reader.optional_text("purpose").value_or("");
  // Deprecated, so it may be missing; a client that waits for it must not wait for ever.
  file.status = reader.optional_text("status").value_or("processed");
  file.status_details = reader.optional_text("status_details");
  return reader.result(std::move(file));
}

template <>
Result<UploadObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  UploadObject upload;
  upload.id = reader.text("id");
  upload.bytes = reader.integer("bytes");
  upload.created_at = reader.integer("created_at");
  upload.expires_at = reader.integer("expires_at");
  upload.filename = reader.text("filename");
  upload.purpose = reader.text("purpose");
  upload.status = reader.text("status");
  upload.file = reader.optional_object<FileObject>("file", from_json<FileObject>);
  return reader.result(std::move(upload));
}

template <>
Result<UploadPartObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  UploadPartObject part;
  part.id = reader.text("id");
  part.created_at = reader.integer("created_at");
  part.upload_id = reader.text("upload_id");
  return reader.result(std::move(part));
}

template <>
Result<Hyperparameters> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  Hyperparameters found;
  found.n_epochs = read_integer(reader, "n_epochs");
  found.batch_size = read_integer(reader, "batch_size");
  found.learning_rate_multiplier = read_number(reader, "learning_rate_multiplier");
  found.learning_rate = reader.optional_number("learning_rate");
  found.lora_rank = reader.optional_integer("lora_rank");
  found.lora_alpha = reader.optional_number("lora_alpha");
  found.lora_dropout = reader.optional_number("lora_dropout");
  if (reader.find("target_modules") != nullptr) {
    found.target_modules = reader.texts("target_modules");
  }
  found.max_seq_len = reader.optional_integer("max_seq_len");
  found.warmup_ratio = reader.optional_number("warmup_ratio");
  found.weight_decay = reader.optional_number("weight_decay");
  return reader.result(std::move(found));
}

template <>
Result<JobError> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  JobError error;
  error.code = reader.optional_text("code").value_or("");
  error.message = reader.optional_text("message").value_or("");
  error.param = reader.optional_text("param");
  return reader.result(std::move(error));
}

template <>
Result<Metadata> from_json(const Json& json, std::string_view where) {
  Metadata metadata;
  if (!json.is_object()) {
    return bad_input({.where = std::string(where),
                      .found = fmt::format("a JSON {}", json.type_name()),
                      .wanted = "an object of strings"});
  }
  for (const auto& [key, value] : json.items()) {
    // Some servers put numbers here; their text says as much.
    metadata.emplace_back(key, value.is_string() ? value.get<std::string>() : to_text(value));
  }
  return metadata;
}

template <>
Result<JobObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  JobObject job;
  job.id = reader.text("id");
  job.created_at = reader.optional_integer("created_at").value_or(0);
  job.error = read_error(reader);
  job.fine_tuned_model = reader.optional_text("fine_tuned_model");
  job.finished_at = reader.optional_integer("finished_at");
  job.hyperparameters = read_hyperparameters(reader);
  job.model = reader.text("model");
  job.organization_id = reader.optional_text("organization_id").value_or("");
  job.result_files = reader.texts("result_files");
  job.status = read_status(reader);
  job.trained_tokens = reader.optional_integer("trained_tokens");
  job.training_file = reader.optional_text("training_file").value_or("");
  job.validation_file = reader.optional_text("validation_file");
  job.seed = reader.optional_integer("seed").value_or(0);
  const Json* integrations = reader.find("integrations");
  if (integrations != nullptr && integrations->is_array()) job.integrations = *integrations;
  job.estimated_finish = reader.optional_integer("estimated_finish");
  job.method = read_method(reader);
  job.metadata = reader.optional_object<Metadata>("metadata", from_json<Metadata>);
  job.user_provided_suffix = reader.optional_text("user_provided_suffix");
  return reader.result(std::move(job));
}

template <>
Result<EventObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  EventObject event;
  event.id = reader.text("id");
  event.created_at = reader.optional_integer("created_at").value_or(0);
  event.level = reader.optional_text("level").value_or("info");
  event.message = reader.text("message");
  event.type = reader.optional_text("type").value_or("message");
  const Json* data = reader.find("data");
  if (data != nullptr && data->is_object()) event.data = *data;
  return reader.result(std::move(event));
}

template <>
Result<CheckpointMetrics> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  CheckpointMetrics metrics;
  metrics.step = reader.optional_number("step");
  metrics.train_loss = reader.optional_number("train_loss");
  metrics.train_mean_token_accuracy = reader.optional_number("train_mean_token_accuracy");
  metrics.valid_loss = reader.optional_number("valid_loss");
  metrics.valid_mean_token_accuracy = reader.optional_number("valid_mean_token_accuracy");
  metrics.full_valid_loss = reader.optional_number("full_valid_loss");
  metrics.full_valid_mean_token_accuracy = reader.optional_number("full_valid_mean_token_accuracy");
  return reader.result(metrics);
}

template <>
Result<CheckpointObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  CheckpointObject checkpoint;
  checkpoint.id = reader.text("id");
  checkpoint.created_at = reader.optional_integer("created_at").value_or(0);
  checkpoint.fine_tuned_model_checkpoint = reader.text("fine_tuned_model_checkpoint");
  checkpoint.fine_tuning_job_id = reader.optional_text("fine_tuning_job_id").value_or("");
  if (auto metrics =
          reader.optional_object<CheckpointMetrics>("metrics", from_json<CheckpointMetrics>)) {
    checkpoint.metrics = *metrics;
  }
  checkpoint.step_number = reader.integer("step_number");
  return reader.result(std::move(checkpoint));
}

template <>
Result<PermissionObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  PermissionObject permission;
  permission.id = reader.text("id");
  permission.created_at = reader.optional_integer("created_at").value_or(0);
  permission.project_id = reader.text("project_id");
  return reader.result(std::move(permission));
}

template <>
Result<ModelObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  ModelObject model;
  model.id = reader.text("id");
  model.created = reader.optional_integer("created").value_or(0);
  model.owned_by = reader.optional_text("owned_by").value_or("");
  model.shutdown_date = reader.optional_text("shutdown_date");
  return reader.result(std::move(model));
}

}  // namespace attune::wire
