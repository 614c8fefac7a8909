#include "wire/objects.h"

#include <array>
#include <cmath>

namespace attune::wire {

namespace {

constexpr std::array<std::pair<JobStatus, std::string_view>, 7> kJobStatuses = {{
    {JobStatus::validating_files, "validating_files"},
    {JobStatus::queued, "queued"},
    {JobStatus::running, "running"},
    {JobStatus::paused, "paused"},
    {JobStatus::succeeded, "succeeded"},
    {JobStatus::failed, "failed"},
    {JobStatus::cancelled, "cancelled"},
}};

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <typename T>
void put_if_there(Json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}

template <typename T>
Json or_auto(const AutoOr<T>& value) {
  return value.value ? Json(*value.value) : Json("auto");
}

}  // namespace

std::string_view to_text(JobStatus status) {
  for (const auto& [known, text] : kJobStatuses) {
    if (known == status) return text;
  }
  return "";
}

std::optional<JobStatus> parse_job_status(std::string_view text) {
  for (const auto& [status, known] : kJobStatuses) {
    if (known == text) return status;
  }
  return std::nullopt;
}

Json to_json(const FileObject& file) {
  Json json = {{"id", file.id},
               {"object", "file"},
               {"bytes", file.bytes},
               {"created_at", file.created_at},
               {"filename", file.filename},
               {"purpose", file.purpose},
               {"status", file.status}};
  // The specification has no null for these two.
  put_if_there(json, "expires_at", file.expires_at);
  put_if_there(json, "status_details", file.status_details);
  return json;
}

Json to_json(const UploadObject& upload) {
  return {{"id", upload.id},
          {"object", "upload"},
          {"bytes", upload.bytes},
          {"created_at", upload.created_at},
          {"filename", upload.filename},
          {"purpose", upload.purpose},
          {"status", upload.status},
          {"expires_at", upload.expires_at},
          {"file", upload.file ? to_json(*upload.file) : Json(nullptr)}};
}

Json to_json(const UploadPartObject& part) {
  return {{"id", part.id},
          {"object", "upload.part"},
          {"created_at", part.created_at},
          {"upload_id", part.upload_id}};
}

Json to_json(const Hyperparameters& hyperparameters) {
  Json json = {{"n_epochs", or_auto(hyperparameters.n_epochs)},
               {"batch_size", or_auto(hyperparameters.batch_size)},
               {"learning_rate_multiplier", or_auto(hyperparameters.learning_rate_multiplier)}};
  put_if_there(json, "learning_rate", hyperparameters.learning_rate);
  put_if_there(json, "lora_rank", hyperparameters.lora_rank);
  put_if_there(json, "lora_alpha", hyperparameters.lora_alpha);
  put_if_there(json, "lora_dropout", hyperparameters.lora_dropout);
  put_if_there(json, "target_modules", hyperparameters.target_modules);
  put_if_there(json, "max_seq_len", hyperparameters.max_seq_len);
  put_if_there(json, "warmup_ratio", hyperparameters.warmup_ratio);
  put_if_there(json, "weight_decay", hyperparameters.weight_decay);
  return json;
}

Json to_json(const JobError& error) {
  return {{"code", error.code}, {"message", error.message}, {"param", or_null(error.param)}};
}

Json to_json(const Metadata& metadata) {
  Json json = Json::object();
  for (const auto& [key, value] : metadata) json[key] = value;
  return json;
}

Json to_json(const JobObject& job) {
  Json method = {{"type", job.method}};
  if (job.method == "supervised") {
    method["supervised"] = {{"hyperparameters", to_json(job.hyperparameters)}};
  }
  Json json = {{"object", "fine_tuning.job"},
               {"id", job.id},
               {"model", job.model},
               {"created_at", job.created_at},
               {"finished_at", or_null(job.finished_at)},
               {"fine_tuned_model", or_null(job.fine_tuned_model)},
               {"organization_id", job.organization_id},
               {"result_files", job.result_files},
               {"status", to_text(job.status)},
               {"validation_file", or_null(job.validation_file)},
               {"training_file", job.training_file},
               {"hyperparameters", to_json(job.hyperparameters)},
               {"trained_tokens", or_null(job.trained_tokens)},
               {"error", job.error ? to_json(*job.error) : Json(nullptr)},
               {"integrations", job.integrations},
               {"seed", job.seed},
               {"estimated_finish", or_null(job.estimated_finish)},
               {"method", std::move(method)},
               {"metadata", job.metadata ? to_json(*job.metadata) : Json(nullptr)}};
  json["user_provided_suffix"] = or_null(job.user_provided_suffix);
  return json;
}

Json to_json(const EventObject& event) {
  return {{"object", "fine_tuning.job.event"},
          {"id", event.id},
          {"created_at", event.created_at},
          {"level", event.level},
          {"message", event.message},
          {"data", event.data.is_object() ? event.data : Json::object()},
          {"type", event.type}};
}

Json metrics_data(const CheckpointMetrics& metrics, std::optional<std::int64_t> total_steps) {
  Json json = Json::object();
  // A loss that is not a number has no JSON form, so it is left out.
  const auto put = [&](const char* key, const std::optional<double>& value) {
    if (value && std::isfinite(*value)) json[key] = *value;
  };
  if (metrics.step && std::trunc(*metrics.step) == *metrics.step &&
      std::abs(*metrics.step) < 1e15) {
    json["step"] = static_cast<std::int64_t>(*metrics.step);
  } else {
    put("step", metrics.step);
  }
  put_if_there(json, "total_steps", total_steps);
  put("train_loss", metrics.train_loss);
  put("train_mean_token_accuracy", metrics.train_mean_token_accuracy);
  put("valid_loss", metrics.valid_loss);
  put("valid_mean_token_accuracy", metrics.valid_mean_token_accuracy);
  put("full_valid_loss", metrics.full_valid_loss);
  put("full_valid_mean_token_accuracy", metrics.full_valid_mean_token_accuracy);
  return json;
}

Json to_json(const CheckpointMetrics& metrics) { return metrics_data(metrics, {}); }

Json to_json(const CheckpointObject& checkpoint) {
  return {{"object", "fine_tuning.job.checkpoint"},
          {"id", checkpoint.id},
          {"created_at", checkpoint.created_at},
          {"fine_tuned_model_checkpoint", checkpoint.fine_tuned_model_checkpoint},
          {"fine_tuning_job_id", checkpoint.fine_tuning_job_id},
          {"metrics", to_json(checkpoint.metrics)},
          {"step_number", checkpoint.step_number}};
}

Json to_json(const PermissionObject& permission) {
  return {{"object", "checkpoint.permission"},
          {"id", permission.id},
          {"created_at", permission.created_at},
          {"project_id", permission.project_id}};
}

Json to_json(const ModelObject& model) {
  return {{"id", model.id},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", model.owned_by},
          {"shutdown_date", or_null(model.shutdown_date)}};
}

}  // namespace attune::wire
