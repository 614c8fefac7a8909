#include "client/read_objects.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace attune::client {

namespace {

using wire::JobStatus;

struct Word {
  std::string_view word;
  JobStatus status;
};

// Besides the API's own: Together, Fireworks, LocalAI, OPEA and others that were seen.
constexpr std::array kWords = {
    Word{"pending", JobStatus::queued},
    Word{"created", JobStatus::queued},
    Word{"creating", JobStatus::queued},
    Word{"re_queueing", JobStatus::queued},
    Word{"validating", JobStatus::validating_files},
    Word{"creating_input_dataset", JobStatus::validating_files},
    Word{"completed", JobStatus::succeeded},
    Word{"complete", JobStatus::succeeded},
    Word{"success", JobStatus::succeeded},
    Word{"early_stopped", JobStatus::succeeded},
    Word{"error", JobStatus::failed},
    Word{"user_error", JobStatus::failed},
    Word{"expired", JobStatus::failed},
    Word{"canceled", JobStatus::cancelled},
    Word{"stopped", JobStatus::cancelled},
    Word{"deleting", JobStatus::cancelled},
    Word{"deleting_cleaning_up", JobStatus::cancelled},
};

bool is_text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string();
}

void text_or(Json& object, const char* key, const char* otherwise) {
  if (!is_text(object, key)) object[key] = otherwise;
}

void text_or_null(Json& object, const char* key) {
  if (!is_text(object, key)) object[key] = nullptr;
}

void time_or_zero(Json& object, const char* key) {
  object[key] = object.contains(key) ? unix_time_of(object[key]) : 0;
}

void time_or_null(Json& object, const char* key) {
  const std::int64_t time = object.contains(key) ? unix_time_of(object[key]) : 0;
  object[key] = time > 0 ? Json(time) : Json(nullptr);
}

void integer_or(Json& object, const char* key, const Json& otherwise) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) {
    object[key] = otherwise;
  } else if (found->is_number_float() && std::abs(found->get<double>()) < 9e15) {
    object[key] = static_cast<std::int64_t>(found->get<double>());
  }
}

void id_as_text(Json& object) {
  const auto found = object.find("id");
  if (found != object.end() && found->is_number_integer()) object["id"] = found->dump();
}

// "auto", null and the numbers of the three settings; anything else of a server's own is left out.
void tidy_hyperparameters(Json& job) {
  Json tidy = Json::object();
  const Json given = job.contains("hyperparameters") && job["hyperparameters"].is_object()
                         ? job["hyperparameters"]
                         : Json::object();
  for (const char* key : {"n_epochs", "batch_size", "learning_rate_multiplier", "learning_rate"}) {
    if (given.contains(key) && given[key].is_number()) tidy[key] = given[key];
  }
  for (const char* key : {"n_epochs", "batch_size"}) {
    if (tidy.contains(key)) integer_or(tidy, key, nullptr);
  }
  for (const char* key : {"n_epochs", "batch_size", "learning_rate_multiplier"}) {
    if (!tidy.contains(key)) tidy[key] = "auto";
  }
  job["hyperparameters"] = tidy;
}

// {} and {"code": null, "message": null} are sent for "no error".
void tidy_error(Json& job) {
  const Json given = job.value("error", Json());
  job["error"] = nullptr;
  if (given.is_string() && !given.get<std::string>().empty()) {
    job["error"] = {{"code", ""}, {"message", given}, {"param", nullptr}};
  } else if (given.is_object() && (is_text(given, "message") || is_text(given, "code"))) {
    Json error = given;
    text_or(error, "code", "");
    text_or(error, "message", "");
    text_or_null(error, "param");
    if (!error["code"].get<std::string>().empty() || !error["message"].get<std::string>().empty())
      job["error"] = error;
  }
}

void tidy_result_files(Json& job) {
  Json files = Json::array();
  if (job.contains("result_files") && job["result_files"].is_array()) {
    for (const Json& file : job["result_files"]) {
      if (file.is_string()) files.push_back(file);
      if (file.is_object() && is_text(file, "id")) files.push_back(file["id"]);  // the old API
    }
  }
  job["result_files"] = files;
}

std::optional<std::int64_t> count_at(const Json& raw, const char* key) {
  const auto found = raw.find(key);
  if (found == raw.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  if (!(value >= 0 && value < 9e15)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

template <typename T>
Reply<T> read_tidy(const Json& tidy, const std::string& where) {
  if (!is_text(tidy, "id") || tidy["id"].get<std::string>().empty())
    return CallRefused(unexpected_answer(where, "an object without an id", "the API's object"));
  auto value = wire::from_json<T>(tidy, where);
  if (!value) return CallRefused(unexpected_answer(where, value.error().found, "the API's object"));
  return *std::move(value);
}

CallFailure no_object(const std::string& where) {
  return unexpected_answer(where, "no JSON object", "the API's object");
}

}  // namespace

wire::JobStatus status_of_word(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower.starts_with("job_state_")) lower.erase(0, std::string_view("job_state_").size());
  if (const auto status = wire::parse_job_status(lower)) return *status;
  for (const Word& entry : kWords) {
    if (entry.word == lower) return entry.status;
  }
  return JobStatus::running;
}

std::int64_t unix_time_of(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) {
    const double seconds = value.get<double>();
    return std::abs(seconds) < 9e15 ? static_cast<std::int64_t>(seconds) : 0;
  }
  if (!value.is_string()) return 0;
  std::tm parts = {};
  const std::string text = value.get<std::string>();
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  return rest == nullptr ? 0 : static_cast<std::int64_t>(timegm(&parts));
}

const Json* find_items(const Json& answer) {
  if (answer.is_array()) return &answer;
  if (!answer.is_object()) return nullptr;
  if (const auto data = answer.find("data"); data != answer.end() && data->is_array())
    return &*data;
  const Json* only = nullptr;
  for (const auto& value : answer) {
    if (!value.is_array()) continue;
    if (only != nullptr) return nullptr;
    only = &value;
  }
  return only;
}

Json tidy_file(Json raw) {
  id_as_text(raw);
  text_or(raw, "filename", "");
  text_or(raw, "purpose", "");
  text_or(raw, "status", "processed");  // deprecated; those who left it out mean a usable file
  text_or_null(raw, "status_details");
  integer_or(raw, "bytes", 0);
  time_or_zero(raw, "created_at");
  time_or_null(raw, "expires_at");
  return raw;
}

Json tidy_job(Json raw) {
  id_as_text(raw);
  const std::string status = is_text(raw, "status") ? raw["status"].get<std::string>() : "";
  raw["status"] = wire::to_text(status_of_word(status));
  for (const char* key : {"model", "organization_id", "training_file"}) text_or(raw, key, "");
  text_or_null(raw, "fine_tuned_model");
  text_or_null(raw, "validation_file");
  text_or_null(raw, "user_provided_suffix");
  time_or_zero(raw, "created_at");
  time_or_null(raw, "finished_at");
  time_or_null(raw, "estimated_finish");
  integer_or(raw, "seed", 0);
  integer_or(raw, "trained_tokens", nullptr);
  tidy_hyperparameters(raw);
  tidy_error(raw);
  tidy_result_files(raw);
  // What is not needed here and takes many shapes.
  for (const char* key : {"integrations", "method", "metadata"}) raw.erase(key);
  return raw;
}

Json tidy_event(Json raw) {
  id_as_text(raw);
  text_or(raw, "id", "");
  text_or(raw, "level", "info");
  text_or(raw, "message", "");
  text_or(raw, "type", "message");
  time_or_zero(raw, "created_at");
  if (!raw.contains("data") || !raw["data"].is_object()) raw["data"] = Json::object();
  return raw;
}

Json tidy_checkpoint(Json raw, const std::string& job) {
  id_as_text(raw);
  text_or(raw, "fine_tuned_model_checkpoint", "");
  text_or(raw, "id", raw["fine_tuned_model_checkpoint"].get<std::string>().c_str());
  text_or(raw, "fine_tuning_job_id", job.c_str());
  time_or_zero(raw, "created_at");
  integer_or(raw, "step_number", 0);
  Json metrics = Json::object();
  if (raw.contains("metrics") && raw["metrics"].is_object()) {
    for (const auto& [name, value] : raw["metrics"].items()) {
      if (value.is_number()) metrics[name] = value;
    }
  }
  raw["metrics"] = metrics;
  return raw;
}

Json tidy_model(Json raw) {
  id_as_text(raw);
  text_or(raw, "owned_by", "");
  time_or_zero(raw, "created");
  text_or_null(raw, "shutdown_date");
  return raw;
}

Reply<Received<wire::FileObject>> read_file_object(const Json& raw, const std::string& where) {
  if (!raw.is_object()) return CallRefused(no_object(where));
  return read_tidy<wire::FileObject>(tidy_file(raw), where).map([&](wire::FileObject file) {
    return Received<wire::FileObject>{std::move(file), raw};
  });
}

Reply<JobView> read_job(const Json& raw, const std::string& where) {
  if (!raw.is_object()) return CallRefused(no_object(where));
  auto job = read_tidy<wire::JobObject>(tidy_job(raw), where);
  if (!job) return CallRefused(std::move(job).error());
  JobView view;
  view.status_text = is_text(raw, "status") ? raw["status"].get<std::string>()
                                            : std::string(wire::to_text(job->status));
  view.job = *std::move(job);
  view.steps_done = count_at(raw, "trained_steps");  // Nebius
  view.steps_all = count_at(raw, "total_steps");
  view.raw = raw;
  return view;
}

Reply<Received<wire::ModelObject>> read_model(const Json& raw, const std::string& where) {
  if (!raw.is_object()) return CallRefused(no_object(where));
  return read_tidy<wire::ModelObject>(tidy_model(raw), where).map([&](wire::ModelObject model) {
    return Received<wire::ModelObject>{std::move(model), raw};
  });
}

bool JobView::finished() const {
  return job.status == JobStatus::succeeded || job.status == JobStatus::failed ||
         job.status == JobStatus::cancelled;
}

}  // namespace attune::client
