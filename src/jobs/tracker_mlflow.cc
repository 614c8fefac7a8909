#include "jobs/tracker_mlflow.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "client/url.h"

namespace attune::jobs {

namespace {

// Limits of one runs/log-batch.
constexpr std::size_t kMostMetrics = 1000;
constexpr std::size_t kMostParams = 100;
constexpr std::size_t kMostKeyBytes = 250;
constexpr std::size_t kMostParamBytes = 500;  // what every version takes
constexpr std::string_view kJobTag = "attune.job_id";

std::string environment_text(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string() : std::string(text);
}

std::string basic_credentials(const MlflowServer& server) {
  const std::string plain = server.user + ":" + server.password;
  std::string text((plain.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(plain.data()),
                                   static_cast<int>(plain.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// MLflow allows letters, digits and "_-. /" in names.
std::string key_text(std::string_view name) {
  std::string key;
  for (const char c : name.substr(0, kMostKeyBytes)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    key += plain || c == '.' || c == '-' || c == '/' ? c : '_';
  }
  return key;
}

// The first bytes of `text`, whole characters.
std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text;
}

std::string value_text(const Json& value) {
  return shortened(value.is_string() ? value.get<std::string>() : to_text(value), kMostParamBytes);
}

Json key_value(std::string_view key, std::string_view value) {
  return {{"key", key}, {"value", value}};
}

std::string_view status_text(JobStatus status) {
  switch (status) {
    case JobStatus::running:
      return "RUNNING";
    case JobStatus::succeeded:
      return "FINISHED";
    case JobStatus::failed:
      return "FAILED";
    case JobStatus::cancelled:
      return "KILLED";
    default:
      return "SCHEDULED";
  }
}

// Reads a text at a path of names; an error if the answer is of another shape.
Result<std::string> text_at(const Json& answer, std::initializer_list<const char*> path) {
  const Json* at = &answer;
  for (const char* name : path) {
    if (!at->is_object() || !at->contains(name))
      return environment_failure({.where = "MLflow",
                                  .found = fmt::format("an answer without \"{}\"", name),
                                  .wanted = "the MLflow REST API 2.0",
                                  .fix = "check MLFLOW_TRACKING_URI"});
    at = &(*at)[name];
  }
  return at->is_string() ? at->get<std::string>() : to_text(*at);
}

}  // namespace

std::optional<MlflowServer> MlflowServer::from_environment() {
  MlflowServer server;
  server.uri = environment_text("MLFLOW_TRACKING_URI");
  if (server.uri.empty()) return std::nullopt;
  if (std::string name = environment_text("MLFLOW_EXPERIMENT_NAME"); !name.empty())
    server.experiment = std::move(name);
  server.token = environment_text("MLFLOW_TRACKING_TOKEN");
  server.user = environment_text("MLFLOW_TRACKING_USERNAME");
  server.password = environment_text("MLFLOW_TRACKING_PASSWORD");
  return server;
}

MlflowTracker::MlflowTracker(MlflowServer server)
    : server_(std::move(server)), http_(client::HttpOptions{.retries = {.most_retries = 1}}) {
  while (server_.uri.ends_with('/')) server_.uri.pop_back();
}

// The answer's JSON. A refusal keeps MLflow's own words, and its error_code as `wanted`.
Result<Json> MlflowTracker::call(const std::string& method, const std::string& path,
                                 const Json& body) {
  client::HttpRequest request;
  request.method = method;
  request.url = server_.uri + "/api/2.0/mlflow/" + path;
  request.total_seconds = server_.total_seconds;
  request.stop = &stopping_;
  if (!server_.token.empty()) {
    request.secret_headers.emplace_back("authorization", "Bearer " + server_.token);
  } else if (!server_.user.empty()) {
    request.secret_headers.emplace_back("authorization", "Basic " + basic_credentials(server_));
  }
  if (method == "POST") {
    request.headers.emplace_back("content-type", "application/json");
    request.body = to_text(body);
  }
  const client::HttpOutcome outcome = http_.send(request);
  const std::string where = "MLflow " + path.substr(0, path.find('?'));
  if (!outcome)
    return environment_failure(
        {.where = where, .found = outcome.error().what, .fix = "start the MLflow server"});
  const auto answer = parse_json(outcome->body, where);
  if (outcome->status == 200 && answer) return *answer;
  std::string message, code;
  if (answer && answer->is_object()) {
    message = shortened(answer->value("message", std::string()), 300);
    code = answer->value("error_code", std::string());
  }
  return environment_failure(
      {.where = where,
       .found = fmt::format("status {} {} {}", outcome->status, code, message),
       .wanted = code,
       .fix = "see the log of the MLflow server"});
}

Result<std::string> MlflowTracker::find_experiment(const std::string& name) {
  const std::string query =
      "experiments/get-by-name" + client::encode_query({{"experiment_name", name}});
  auto found = call("GET", query, {});
  if (found) return text_at(*found, {"experiment", "experiment_id"});
  if (found.error().wanted != "RESOURCE_DOES_NOT_EXIST") return Failure(found.error());
  auto created = call("POST", "experiments/create", {{"name", name}});
  if (created) return text_at(*created, {"experiment_id"});
  // Another server may have made it meanwhile.
  ATTUNE_TRY(const Json again, call("GET", query, {}));
  return text_at(again, {"experiment", "experiment_id"});
}

// The run of a job that was begun before, or "": a crash may have come between the run's creation
// and our note of it.
Result<std::string> MlflowTracker::find_run(const std::string& experiment_id,
                                            const std::string& job_id) {
  ATTUNE_TRY(const Json answer, call("POST", "runs/search",
                                     {{"experiment_ids", Json::array({experiment_id})},
                                      {"filter", fmt::format("tags.`{}` = '{}'", kJobTag, job_id)},
                                      {"max_results", 1}}));
  const auto runs = answer.find("runs");
  if (runs == answer.end() || !runs->is_array() || runs->empty()) return std::string();
  return text_at((*runs)[0], {"info", "run_id"});
}

Result<void> MlflowTracker::begin(const JobRow& row, Json& notes) {
  if (notes.contains("run_id")) return {};
  const wire::JobObject& job = row.job;
  ATTUNE_TRY(const std::string experiment_id, find_experiment(server_.experiment));
  ATTUNE_TRY(std::string run_id, find_run(experiment_id, job.id));
  if (run_id.empty()) {
    Json tags = Json::array({key_value(kJobTag, job.id), key_value("mlflow.source.name", "attune"),
                             key_value("attune.organization", row.tenant.organization),
                             key_value("attune.project", row.tenant.project),
                             key_value("attune.model", job.model)});
    ATTUNE_TRY(const Json created, call("POST", "runs/create",
                                        {{"experiment_id", experiment_id},
                                         {"run_name", job.id},
                                         {"start_time", job.created_at * 1000},
                                         {"tags", tags}}));
    ATTUNE_TRY(run_id, text_at(created, {"run", "info", "run_id"}));
  }
  notes["run_id"] = run_id;
  return {};
}

// Sending a point twice is no harm: MLflow keeps one of equal points.
Result<void> MlflowTracker::log_metrics(const TrackerUpdate& update, const std::string& run_id) {
  Json points = Json::array();
  const auto send = [&]() -> Result<void> {
    if (points.empty()) return {};
    ATTUNE_TRY_VOID(call("POST", "runs/log-batch", {{"run_id", run_id}, {"metrics", points}}));
    points = Json::array();
    return {};
  };
  for (const EventRow& event : update.events) {
    const std::int64_t step = event_step(event.event).value_or(0);
    for (const auto& [name, value] : event_metrics(event.event)) {
      points.push_back({{"key", key_text(name)},
                        {"value", value},
                        {"timestamp", event.event.created_at * 1000},
                        {"step", step}});
      if (points.size() == kMostMetrics) ATTUNE_TRY_VOID(send());
    }
  }
  return send();
}

// Params cannot change in MLflow: what is still "auto" is left for later.
Result<void> MlflowTracker::log_settings(const TrackerUpdate& update, Json& notes) {
  if (!notes.contains("params")) notes["params"] = Json::object();
  Json params = Json::array();
  const Json settings = run_settings(update.job.job);
  for (const auto& [name, value] : settings.items()) {
    if (value == "auto" || notes["params"].contains(name) || params.size() >= kMostParams) continue;
    params.push_back(key_value(key_text(name), value_text(value)));
    notes["params"][name] = true;
  }
  Json tags = Json::array();
  if (update.ended) {
    const wire::JobObject& job = update.job.job;
    if (job.fine_tuned_model)
      tags.push_back(key_value("attune.fine_tuned_model", *job.fine_tuned_model));
    if (job.error) tags.push_back(key_value("attune.error", shortened(job.error->message, 4000)));
    if (job.trained_tokens)
      tags.push_back(key_value("attune.trained_tokens", fmt::format("{}", *job.trained_tokens)));
  }
  if (params.empty() && tags.empty()) return {};
  ATTUNE_TRY_VOID(call("POST", "runs/log-batch",
                       {{"run_id", notes["run_id"]}, {"params", params}, {"tags", tags}}));
  return {};
}

Result<void> MlflowTracker::set_status(const TrackerUpdate& update, Json& notes) {
  const wire::JobObject& job = update.job.job;
  // A final status only when everything else is there.
  if (is_final(job.status) && !update.ended) return {};
  const std::string status(status_text(job.status));
  if (notes.value("status", std::string()) == status) return {};
  Json body = {{"run_id", notes["run_id"]}, {"status", status}};
  if (update.ended) body["end_time"] = job.finished_at.value_or(job.created_at) * 1000;
  ATTUNE_TRY_VOID(call("POST", "runs/update", body));
  notes["status"] = status;
  return {};
}

Result<void> MlflowTracker::update(const TrackerUpdate& update, Json& notes) {
  ATTUNE_TRY_VOID(begin(update.job, notes));
  ATTUNE_TRY(const std::string run_id, text_at(notes, {"run_id"}));
  ATTUNE_TRY_VOID(log_metrics(update, run_id));
  ATTUNE_TRY_VOID(log_settings(update, notes));
  return set_status(update, notes);
}

}  // namespace attune::jobs
