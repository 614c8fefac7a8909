#include "serve/openapi.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "base/check.h"

namespace attune::serve {

namespace {

// Query parameters of lists, by the name of their answer.
struct QueryField {
  std::string_view response;
  std::string_view name;
  std::string_view schema;
};
constexpr std::string_view kText = R"({"type": "string"})";
constexpr std::string_view kLimit = R"({"type": "integer", "minimum": 1})";
constexpr std::string_view kOrder = R"({"type": "string", "enum": ["asc", "desc"]})";
constexpr std::array<QueryField, 31> kQueryFields = {{
    {"ListFilesResponse", "after", kText},
    {"ListFilesResponse", "limit", R"({"type": "integer", "minimum": 1, "maximum": 10000})"},
    {"ListFilesResponse", "order", kOrder},
    {"ListFilesResponse", "purpose", kText},
    {"ListPaginatedFineTuningJobsResponse", "after", kText},
    {"ListPaginatedFineTuningJobsResponse", "limit", kLimit},
    {"ListPaginatedFineTuningJobsResponse", "metadata",
     R"({"type": ["object", "null"], "additionalProperties": {"type": "string"}})"},
    {"ListFineTuningJobEventsResponse", "after", kText},
    {"ListFineTuningJobEventsResponse", "limit", kLimit},
    {"ListFineTuningJobEventsResponse", "stream", R"({"type": "boolean"})"},
    {"ListFineTuningJobCheckpointsResponse", "after", kText},
    {"ListFineTuningJobCheckpointsResponse", "limit", kLimit},
    {"ListFineTuningCheckpointPermissionResponse", "after", kText},
    {"ListFineTuningCheckpointPermissionResponse", "limit", kLimit},
    {"ListFineTuningCheckpointPermissionResponse", "project_id", kText},
    {"ListFineTuningCheckpointPermissionResponse", "order",
     R"({"type": "string", "enum": ["ascending", "descending"]})"},
    {"ListWebhookDeliveriesResponse", "after", kText},
    {"ListWebhookDeliveriesResponse", "limit", kLimit},
    {"ListWebhookDeliveriesResponse", "state",
     R"({"type": "string", "enum": ["pending", "delivered", "dead"]})"},
    {"EvalList", "after", kText},
    {"EvalList", "limit", kLimit},
    {"EvalList", "order", kOrder},
    {"EvalList", "order_by", R"({"type": "string", "enum": ["created_at", "updated_at"]})"},
    {"EvalRunList", "after", kText},
    {"EvalRunList", "limit", kLimit},
    {"EvalRunList", "order", kOrder},
    {"EvalRunList", "status",
     R"({"type": "string",
         "enum": ["queued", "in_progress", "completed", "canceled", "failed"]})"},
    {"EvalRunOutputItemList", "after", kText},
    {"EvalRunOutputItemList", "limit", kLimit},
    {"EvalRunOutputItemList", "order", kOrder},
    {"EvalRunOutputItemList", "status", R"({"type": "string", "enum": ["fail", "pass", "error"]})"},
}};

Json parse(std::string_view text) {
  Result<Json> parsed = parse_json(text, "the OpenAPI schemas");
  CHECK(parsed.has_value(), "{}", parsed.error().message());
  return std::move(*parsed);
}

// "/v1/models/{model...}" -> "/v1/models/{model}", and the names of its parameters.
std::string path_of(const std::string& pattern, std::vector<std::string>& parameters) {
  std::string path;
  std::size_t at = 0;
  while (at < pattern.size()) {
    const std::size_t open = pattern.find('{', at);
    path += pattern.substr(at, open - at);
    if (open == std::string::npos) break;
    const std::size_t close = pattern.find('}', open);
    std::string name = pattern.substr(open + 1, close - open - 1);
    if (name.ends_with("...")) name.resize(name.size() - 3);
    path += "{" + name + "}";
    parameters.push_back(std::move(name));
    at = close + 1;
  }
  return path;
}

// "POST", "/v1/fine_tuning/jobs/{job_id}/cancel" -> "post_fine_tuning_jobs_job_id_cancel"
std::string operation_id(const Route& route) {
  std::string id;
  for (const char c : route.method + route.pattern) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (plain)
      id += c;
    else if (c >= 'A' && c <= 'Z')
      id += static_cast<char>(c - 'A' + 'a');
    else if (!id.empty() && id.back() != '_')
      id += '_';
  }
  while (!id.empty() && id.back() == '_') id.pop_back();
  return id;
}

Json reference(const std::string& schema) { return {{"$ref", "#/components/schemas/" + schema}}; }

Json content(const std::string& type, Json schema) {
  Json media = Json::object();
  media["schema"] = std::move(schema);
  Json json = Json::object();
  json[type] = std::move(media);
  return json;
}

Json answers_of(const Route& route) {
  Json good = Json::object();
  good["description"] = "OK";
  if (route.options.response == "binary")
    good["content"] =
        content("application/octet-stream", {{"type", "string"}, {"format", "binary"}});
  else if (route.options.response == "text")
    good["content"] = content("text/plain", {{"type", "string"}});
  else if (!route.options.response.empty())
    good["content"] = content("application/json", reference(route.options.response));
  if (route.options.response == "ListFineTuningJobEventsResponse")
    good["content"]["text/event-stream"] = {{"schema", {{"type", "string"}}}};
  Json bad = Json::object();
  bad["description"] = "The request was refused, or the server failed";
  bad["content"] = content("application/json", reference("ErrorResponse"));
  Json answers = Json::object();
  answers[std::to_string(route.options.status)] = std::move(good);
  answers["default"] = std::move(bad);
  return answers;
}

Json parameters_of(const Route& route, const std::vector<std::string>& in_path) {
  Json all = Json::array();
  for (const std::string& name : in_path)
    all.push_back(
        {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  for (const QueryField& field : kQueryFields) {
    if (route.method != "GET" || field.response != route.options.response) continue;
    Json parameter = {{"name", field.name}, {"in", "query"}, {"required", false}};
    if (field.name == "metadata") parameter["style"] = "deepObject";
    parameter["schema"] = parse(field.schema);
    all.push_back(std::move(parameter));
  }
  return all;
}

Json operation_of(const Route& route, const std::vector<std::string>& in_path) {
  Json operation = Json::object();
  operation["operationId"] = operation_id(route);
  operation["summary"] = route.options.summary;
  if (!route.options.needs_key) operation["security"] = Json::array();
  const Json parameters = parameters_of(route, in_path);
  if (!parameters.empty()) operation["parameters"] = parameters;
  if (!route.options.request.empty()) {
    const bool is_form = route.options.body == Body::multipart;
    operation["requestBody"] = {
        {"required", true},
        {"content", content(is_form ? "multipart/form-data" : "application/json",
                            reference(route.options.request))}};
  }
  operation["responses"] = answers_of(route);
  return operation;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace

Json openapi_document(const Router& router) {
  Json document = Json::object();
  document["openapi"] = "3.1.0";
  document["info"] = {
      {"title", "Attune"},
      {"version", "1"},
      {"description",
       "Fine-tuning, files, models and inference on this machine, in the published form of the "
       "OpenAI API."}};
  document["servers"] = Json::array({{{"url", "/"}}});
  document["security"] = Json::array({{{"ApiKey", Json::array()}}});
  Json paths = Json::object();
  for (const Route& route : router.routes()) {
    std::vector<std::string> parameters;
    const std::string path = path_of(route.pattern, parameters);
    paths[path][lower(route.method)] = operation_of(route, parameters);
  }
  document["paths"] = std::move(paths);
  Json schemas = parse(openapi_schemas());
  schemas.update(parse(openapi_eval_schemas()));
  document["components"]["schemas"] = std::move(schemas);
  document["components"]["securitySchemes"]["ApiKey"] = {{"type", "http"}, {"scheme", "bearer"}};
  return document;
}

void add_openapi_route(Router& router) {
  auto text = std::make_shared<std::string>();
  router.add("GET", "/openapi.json", "",
             [text](Request&) -> Answer<Response> {
               return Response::json_text(std::shared_ptr<const std::string>(text));
             },
             {.run = Run::on_io_thread,
              .needs_key = false,
              .summary = "This document",
              .response = "OpenApiDocument"});
  *text = to_text(openapi_document(router));
}

void add_health_route(Router& router, App& app) {
  router.add("GET", "/healthz", "",
             [&app](Request&) -> Answer<Response> {
               // The database is the one part without which nothing works.
               const auto now = app.store.now();
               Json json = Json::object();
               json["status"] = now ? "ok" : "unavailable";
               if (!now) json["reason"] = "The database does not answer.";
               return Response::json(json, now ? 200 : 503);
             },
             {.needs_key = false, .summary = "Whether the server works", .response = "Health"});
}

}  // namespace attune::serve
