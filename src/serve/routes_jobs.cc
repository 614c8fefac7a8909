#include "serve/routes_jobs.h"

#include <charconv>
#include <random>

#include <fmt/format.h>

#include "jobs/launcher.h"
#include "serve/base_list.h"
#include "serve/event_hub.h"
#include "serve/stored_file.h"
#include "wire/file_request.h"
#include "wire/ids.h"
#include "wire/job_request.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kMostOnPage = 1000;
constexpr std::int64_t kHighestPriority = 100;

// ---- creation ----

// A base of this machine, or a tuned model of the tenant to go on from.
Answer<void> need_trainable_model(App& app, const jobs::Tenant& tenant, const std::string& name) {
  ATTUNE_ANSWER(const auto base, app.bases->find(name));
  if (base) return {};
  ATTUNE_ANSWER(const auto tuned, app.store.find_model(tenant, name));
  if (tuned) return {};
  return wire::refuse(wire::invalid_value(
      "model", fmt::format("Model {} is not available for fine-tuning or does not exist.", name),
      "model_not_available"));
}

Answer<jobs::FileRow> need_training_file(App& app, const jobs::Tenant& tenant, const char* param,
                                         const std::string& id) {
  Answer<jobs::FileRow> row = need_file(app, tenant, id);
  if (!row && row.error().status == 404)
    return wire::refuse(wire::invalid_value(param, fmt::format("File '{}' does not exist.", id),
                                            std::string("invalid_") + param));
  if (!row) return row;
  if (row->file.purpose != "fine-tune")
    return wire::refuse(wire::invalid_value(
        param,
        fmt::format("File '{}' has purpose '{}'; a fine-tuning job takes files of purpose "
                    "'fine-tune'.",
                    id, row->file.purpose),
        std::string("invalid_") + param));
  return row;
}

std::int64_t random_seed() {
  std::random_device device;
  return static_cast<std::int64_t>(device() & 0x7fffffffU);
}

wire::JobObject job_of(const wire::JobRequest& wanted, const jobs::Tenant& tenant,
                       std::int64_t now) {
  wire::JobObject job;
  job.id = wire::new_id("ftjob-");
  job.created_at = now;
  job.hyperparameters = wanted.hyperparameters;
  job.model = wanted.model;
  job.organization_id = tenant.organization;
  job.status = jobs::JobStatus::validating_files;
  job.training_file = wanted.training_file;
  job.validation_file = wanted.validation_file;
  job.seed = wanted.seed ? *wanted.seed : random_seed();
  job.integrations = wanted.integrations;
  job.method = wanted.method;
  job.metadata = wanted.metadata;
  job.user_provided_suffix = wanted.suffix;
  return job;
}

Refusal over_quota(std::int64_t limit) {
  return Refusal(ApiError{
      .status = 429,
      .message = fmt::format("This API key may have {} unfinished fine-tuning jobs. Wait until one "
                             "ends, or cancel one.",
                             limit),
      .type = "insufficient_quota",
      .code = "insufficient_quota",
      .retry_after_seconds = 60});
}

Answer<Response> create_job(App& app, Request& request) {
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(const wire::JobRequest wanted, wire::parse_job_request(body));
  ATTUNE_ANSWER_VOID(need_trainable_model(app, tenant, wanted.model));
  ATTUNE_ANSWER(const jobs::FileRow training,
                need_training_file(app, tenant, "training_file", wanted.training_file));
  ATTUNE_ANSWER(const std::int64_t now, app.store.now());
  jobs::JobRow row;
  row.job = job_of(wanted, tenant, now);
  row.tenant = tenant;
  row.key_id = request.principal.key_id;
  row.training_digest = training.digest;
  if (wanted.validation_file) {
    ATTUNE_ANSWER(const jobs::FileRow validation,
                  need_training_file(app, tenant, "validation_file", *wanted.validation_file));
    row.validation_digest = validation.digest;
  }
  Response response = Response::json(wire::to_json(row.job));
  if (request.remember) request.remember->body = response.body;
  ATTUNE_ANSWER(const jobs::CreatedJob created,
                app.store.create_job(
                    row, {jobs::info_event("Created fine-tuning job: " + row.job.id, "created")},
                    request.remember));
  request.remembered = true;
  if (created.outcome == jobs::CreatedJob::Outcome::over_quota)
    return over_quota(created.unfinished_limit);
  if (created.outcome == jobs::CreatedJob::Outcome::repeated)
    return Response::json_text(created.remembered->body);
  if (app.launcher) app.launcher->wake();
  return response;
}

// ---- reading ----

Answer<Response> list_jobs(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::PageQuery page, wire::parse_page(request.query, 20, kMostOnPage));
  jobs::JobFilter filter;
  filter.metadata = wire::query_map(request.query, "metadata");
  ATTUNE_ANSWER(const auto plain, wire::query_value(request.query, "metadata"));
  if (plain && *plain != "null")
    return wire::refuse(wire::invalid_value(
        "metadata", "Invalid 'metadata': use metadata[key]=value, or metadata=null."));
  filter.without_metadata = plain.has_value();
  ATTUNE_ANSWER(const auto jobs, app.store.list_jobs(request.principal.tenant, page, filter));
  if (!jobs.cursor_found) return unknown_cursor(page);
  return Response::json(wire::list_json(jobs.items, jobs.has_more));
}

Refusal no_job(const std::string& id) {
  return Refusal(ApiError{.status = 404,
                          .message = fmt::format("Could not find fine tune: {}", id),
                          .param = "fine_tuning_job_id",
                          .code = "fine_tune_not_found"});
}

Answer<Response> show_job(App& app, Request& request) {
  const std::string& id = request.parameter("job_id");
  ATTUNE_ANSWER(auto text, app.store.job_text(request.principal.tenant, id));
  if (!text) return no_job(id);
  return Response::json_text(std::move(text));
}

Answer<void> need_job(App& app, const jobs::Tenant& tenant, const std::string& id) {
  ATTUNE_ANSWER(const auto text, app.store.job_text(tenant, id));
  if (!text) return no_job(id);
  return {};
}

Answer<Response> list_checkpoints(App& app, Request& request) {
  const std::string& id = request.parameter("job_id");
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER(const wire::PageQuery page, wire::parse_page(request.query, 10, kMostOnPage));
  ATTUNE_ANSWER_VOID(need_job(app, tenant, id));
  ATTUNE_ANSWER(const auto checkpoints, app.store.list_checkpoints(tenant, id, page));
  if (!checkpoints.cursor_found) return unknown_cursor(page);
  return Response::json(
      wire::list_json(checkpoints.items, checkpoints.has_more, wire::ListIds::or_null));
}

// ---- events ----

Answer<bool> wants_stream(const Request& request) {
  ATTUNE_ANSWER(const auto stream, wire::query_value(request.query, "stream"));
  if (stream && *stream != "true" && *stream != "false")
    return wire::refuse(
        wire::invalid_value("stream", "Invalid 'stream': it must be true or false."));
  if (stream) return *stream == "true";
  const auto accept = request.headers.find("accept");
  return accept && accept->find("text/event-stream") != accept->npos;
}

// From Last-Event-ID: the sequence after which the stream begins; 0 without it.
Answer<std::int64_t> first_sequence(const Request& request) {
  const auto last = request.headers.find("last-event-id");
  if (!last || last->empty()) return 0;
  std::int64_t sequence = 0;
  const auto [end, error] = std::from_chars(last->data(), last->data() + last->size(), sequence);
  if (error != std::errc() || end != last->data() + last->size() || sequence < 0)
    return wire::refuse(wire::bad_request("The Last-Event-ID is no id of an event of this stream.",
                                          "invalid_last_event_id"));
  return sequence;
}

Answer<Response> list_events(App& app, Request& request) {
  const std::string& id = request.parameter("job_id");
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER(const bool live, wants_stream(request));
  if (live) {
    ATTUNE_ANSWER(const std::int64_t after, first_sequence(request));
    ATTUNE_ANSWER_VOID(need_job(app, tenant, id));
    ATTUNE_ANSWER(auto subscription, app.events->subscribe(id, after));
    return Response::events(std::move(subscription));
  }
  ATTUNE_ANSWER(const wire::PageQuery page, wire::parse_page(request.query, 20, kMostOnPage));
  ATTUNE_ANSWER_VOID(need_job(app, tenant, id));
  ATTUNE_ANSWER(const auto rows, app.store.list_events(tenant, id, page));
  if (!rows.cursor_found) return unknown_cursor(page);
  std::vector<Json> items;
  for (const jobs::EventRow& row : rows.items) items.push_back(wire::to_json(row.event));
  return Response::json(wire::list_json(std::move(items), rows.has_more));
}

// ---- actions ----

using Action = Result<jobs::ActionAnswer> (jobs::Store::*)(const jobs::Tenant&, std::string_view);

Answer<Response> act_on_job(App& app, Request& request, Action action, std::string_view verb) {
  const std::string& id = request.parameter("job_id");
  ATTUNE_ANSWER(const jobs::ActionAnswer done, (app.store.*action)(request.principal.tenant, id));
  switch (done.outcome) {
    case jobs::ActionAnswer::Outcome::not_found:
      return no_job(id);
    case jobs::ActionAnswer::Outcome::wrong_state:
      return wire::refuse(wire::bad_request(fmt::format("Cannot {} job {}: it has status '{}'.",
                                                        verb, id, wire::to_text(done.job.status)),
                                            "invalid_job_status"));
    case jobs::ActionAnswer::Outcome::done:
      break;
  }
  if (app.launcher) app.launcher->wake();
  return Response::json(wire::to_json(done.job));
}

Answer<Response> set_priority(App& app, Request& request) {
  const std::string& id = request.parameter("job_id");
  ATTUNE_ANSWER(const Json body, json_body(request));
  const auto priority = body.find("priority");
  if (priority == body.end()) return wire::refuse(wire::missing_parameter("priority"));
  if (!priority->is_number_integer() || *priority < -kHighestPriority ||
      *priority > kHighestPriority)
    return wire::refuse(
        wire::invalid_value("priority", fmt::format("Invalid 'priority': an integer from {} to "
                                                    "{} is expected; higher goes first.",
                                                    -kHighestPriority, kHighestPriority)));
  ATTUNE_ANSWER(const bool found, app.store.set_priority(request.principal.tenant, id,
                                                         priority->get<std::int64_t>()));
  if (!found) return no_job(id);
  return show_job(app, request);
}

void add_action(Router& router, App& app, const char* verb, Action action, std::string summary) {
  router.add(
      "POST", fmt::format("/v1/fine_tuning/jobs/{{job_id}}/{}", verb), "jobs:write",
      [&app, action, verb](Request& request) { return act_on_job(app, request, action, verb); },
      {.summary = std::move(summary), .response = "FineTuningJob"});
}

}  // namespace

void add_job_routes(Router& router, App& app) {
  // Reading one job from the store's cache takes microseconds; a database elsewhere takes longer.
  const Run quick = app.store.change_token() ? Run::on_io_thread : Run::on_worker;
  router.add("POST", "/v1/fine_tuning/jobs", "jobs:write",
             [&app](Request& request) { return create_job(app, request); },
             {.summary = "Create a fine-tuning job",
              .request = "CreateFineTuningJobRequest",
              .response = "FineTuningJob"});
  router.add(
      "GET", "/v1/fine_tuning/jobs", "jobs:read",
      [&app](Request& request) { return list_jobs(app, request); },
      {.summary = "List fine-tuning jobs", .response = "ListPaginatedFineTuningJobsResponse"});
  router.add("GET", "/v1/fine_tuning/jobs/{job_id}", "jobs:read",
             [&app](Request& request) { return show_job(app, request); },
             {.run = quick, .summary = "Retrieve a fine-tuning job", .response = "FineTuningJob"});
  add_action(router, app, "cancel", &jobs::Store::request_cancel, "Cancel a fine-tuning job");
  add_action(router, app, "pause", &jobs::Store::request_pause, "Pause a fine-tuning job");
  add_action(router, app, "resume", &jobs::Store::request_resume, "Resume a paused job");
  router.add("POST", "/v1/fine_tuning/jobs/{job_id}/priority", "jobs:write",
             [&app](Request& request) { return set_priority(app, request); },
             {.summary = "Change a job's place in the queue",
              .request = "SetPriorityRequest",
              .response = "FineTuningJob"});
  router.add("GET", "/v1/fine_tuning/jobs/{job_id}/events", "jobs:read",
             [&app](Request& request) { return list_events(app, request); },
             {.summary = "List the events of a job, or follow them live",
              .response = "ListFineTuningJobEventsResponse"});
  router.add("GET", "/v1/fine_tuning/jobs/{job_id}/checkpoints", "jobs:read",
             [&app](Request& request) { return list_checkpoints(app, request); },
             {.summary = "List the checkpoints of a job",
              .response = "ListFineTuningJobCheckpointsResponse"});
}

// ---- checkpoint permissions ----

namespace {

Answer<std::string> need_own_model(App& app, const Request& request) {
  const std::string& name = request.parameter("model");
  ATTUNE_ANSWER(const auto model, app.store.find_model(request.principal.tenant, name));
  if (!model) return wire::refuse(wire::model_not_found(name));
  return name;
}

Answer<Response> add_permissions(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(const auto projects, wire::parse_permission_request(body));
  ATTUNE_ANSWER(const std::string model, need_own_model(app, request));
  ATTUNE_ANSWER(const auto added,
                app.store.add_permissions(request.principal.tenant, model, projects));
  return Response::json(wire::list_json(added, false, wire::ListIds::or_null));
}

Answer<Response> list_permissions(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::PageQuery page, wire::parse_page(request.query, 10, kMostOnPage));
  ATTUNE_ANSWER(const auto project, wire::query_value(request.query, "project_id"));
  ATTUNE_ANSWER(const std::string model, need_own_model(app, request));
  ATTUNE_ANSWER(const auto listed,
                app.store.list_permissions(request.principal.tenant, model, page, project));
  if (!listed.cursor_found) return unknown_cursor(page);
  return Response::json(wire::list_json(listed.items, listed.has_more, wire::ListIds::or_null));
}

Answer<Response> remove_permission(App& app, Request& request) {
  const std::string& id = request.parameter("permission_id");
  ATTUNE_ANSWER(const std::string model, need_own_model(app, request));
  ATTUNE_ANSWER(const bool removed,
                app.store.remove_permission(request.principal.tenant, model, id));
  if (!removed) return wire::refuse(wire::not_found("checkpoint permission", id));
  return Response::json(wire::deleted_json(id, "checkpoint.permission"));
}

}  // namespace

void add_permission_routes(Router& router, App& app) {
  const std::string path = "/v1/fine_tuning/checkpoints/{model...}/permissions";
  router.add("GET", path, "models:read",
             [&app](Request& request) { return list_permissions(app, request); },
             {.summary = "List the projects that may use a checkpoint",
              .response = "ListFineTuningCheckpointPermissionResponse"});
  router.add("POST", path, "models:write",
             [&app](Request& request) { return add_permissions(app, request); },
             {.summary = "Let other projects use a checkpoint",
              .request = "CreateFineTuningCheckpointPermissionRequest",
              .response = "ListFineTuningCheckpointPermissionResponse"});
  router.add("DELETE", path + "/{permission_id}", "models:write",
             [&app](Request& request) { return remove_permission(app, request); },
             {.summary = "Take a permission back",
              .response = "DeleteFineTuningCheckpointPermissionResponse"});
}

}  // namespace attune::serve
