#include "serve/routes_evals.h"

#include <fmt/format.h>

#include "serve/eval_items.h"
#include "serve/eval_report.h"
#include "serve/eval_runner.h"
#include "serve/server.h"
#include "serve/stored_file.h"
#include "wire/evals.h"
#include "wire/ids.h"
#include "wire/page.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kPage = 20, kMostOnPage = 100;
constexpr int kCreated = 201;
constexpr std::size_t kMostInlineBytes = std::size_t{4}
                                         << 20;  // every answer about the run has them

// The value of the query's `name`, one of `words`.
Answer<std::optional<std::string>> word_of(const Request& request, const char* name,
                                           const std::vector<std::string_view>& words) {
  ATTUNE_ANSWER(auto value, wire::query_value(request.query, name));
  if (!value) return std::nullopt;
  std::string known;
  for (const std::string_view word : words) {
    if (*value == word) return value;
    known += fmt::format("{}'{}'", known.empty() ? "" : ", ", word);
  }
  return wire::refuse(wire::invalid_value(
      name, fmt::format("Invalid value: '{}'. Supported values are: {}.", *value, known)));
}

// ---- evals ----

Answer<wire::EvalObject> need_eval(App& app, const Request& request) {
  const std::string& id = request.parameter("eval_id");
  ATTUNE_ANSWER(auto eval, app.store.find_eval(request.principal.tenant, id));
  if (!eval) return wire::refuse(wire::not_found("eval", id));
  return std::move(*eval);
}

Answer<Response> create_eval(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(const wire::EvalRequest wanted, wire::parse_eval_request(body));
  ATTUNE_ANSWER_VOID(check_eval(wanted));
  wire::EvalObject eval;
  eval.id = wire::new_id("eval_");
  ATTUNE_ANSWER(eval.created_at, app.store.now());
  eval.name = wanted.name.value_or(eval.id);
  eval.schema = wire::row_schema(wanted.item_schema, wanted.include_sample_schema);
  for (const wire::Grader& grader : wanted.criteria) eval.testing_criteria.push_back(grader.source);
  eval.metadata = wanted.metadata;
  ATTUNE_ANSWER_VOID(app.store.add_eval(request.principal.tenant, eval));
  return Response::json(wire::to_json(eval), kCreated);
}

Answer<Response> list_evals(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::PageQuery page,
                wire::parse_page(request.query, kPage, kMostOnPage, true));
  ATTUNE_ANSWER(const auto order, word_of(request, "order_by", {"created_at", "updated_at"}));
  ATTUNE_ANSWER(const auto evals, app.store.list_evals(request.principal.tenant, page,
                                                       order.value_or("") == "updated_at"));
  if (!evals.cursor_found) return unknown_cursor(page);
  return Response::json(wire::list_json(evals.items, evals.has_more, wire::ListIds::or_empty));
}

Answer<Response> show_eval(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::EvalObject eval, need_eval(app, request));
  return Response::json(wire::to_json(eval));
}

Answer<Response> update_eval(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(const wire::EvalUpdate update, wire::parse_eval_update(body));
  const std::string& id = request.parameter("eval_id");
  ATTUNE_ANSWER(const auto eval, app.store.update_eval(request.principal.tenant, id, update));
  if (!eval) return wire::refuse(wire::not_found("eval", id));
  return Response::json(wire::to_json(*eval));
}

Answer<Response> delete_eval(App& app, Request& request) {
  const std::string& id = request.parameter("eval_id");
  ATTUNE_ANSWER(const bool removed, app.store.remove_eval(request.principal.tenant, id));
  if (!removed) return wire::refuse(wire::not_found("eval", id));
  return Response::json({{"object", "eval.deleted"}, {"deleted", true}, {"eval_id", id}});
}

// ---- runs ----

// The address of this server as the client knows it.
std::string server_address(const App& app, const Request& request) {
  const std::string own = app.server != nullptr ? app.server->address() : "http://localhost";
  const auto host = request.headers.find("host");
  if (!host || host->empty()) return own;
  return fmt::format("{}://{}", own.starts_with("https:") ? "https" : "http", *host);
}

Json run_json(const App& app, const Request& request, const jobs::EvalRunRow& row) {
  const std::string url = fmt::format("{}/v1/evals/{}/runs/{}/report", server_address(app, request),
                                      row.run.eval_id, row.run.id);
  return wire::answer_json(row.run, row.data_source, url);
}

Refusal no_run(const std::string& id) { return wire::refuse(wire::not_found("eval run", id)); }

Answer<jobs::FileRow> need_rows_file(App& app, const jobs::Tenant& tenant, const std::string& id) {
  constexpr const char* kParam = "data_source.source.id";
  Answer<jobs::FileRow> row = need_file(app, tenant, id);
  if (!row && row.error().status == 404)
    return wire::refuse(wire::invalid_value(kParam, fmt::format("File '{}' does not exist.", id)));
  if (row && row->file.purpose != "evals")
    return wire::refuse(wire::invalid_value(
        kParam, fmt::format("File '{}' has purpose '{}'; a run takes files of purpose 'evals'.", id,
                            row->file.purpose)));
  return row;
}

// What the run would need: its models and those of the graders, templates that can be read.
Answer<void> check_run(App& app, const jobs::Tenant& tenant, const wire::EvalObject& eval,
                       const wire::EvalDataSource& source) {
  if (!source.model.empty()) {
    ATTUNE_ANSWER(const bool known, app.models->knows(tenant, source.model));
    if (!known) {
      ApiError error = wire::model_not_found(source.model);
      error.status = 400;
      error.param = "data_source.model";
      return Refusal(std::move(error));
    }
  }
  for (std::size_t i = 0; i < eval.testing_criteria.size(); ++i) {
    ATTUNE_ANSWER(const wire::Grader grader, wire::parse_criterion(eval.testing_criteria[i]));
    ATTUNE_ANSWER_VOID(
        need_grader_models(app, tenant, grader, fmt::format("testing_criteria[{}]", i)));
  }
  if (const auto plan = EvalPlan::prepare(eval, source); !plan) {
    return wire::refuse(
        wire::invalid_value("data_source.input_messages",
                            "Invalid 'data_source.input_messages': " + plan.error().message));
  }
  return {};
}

Answer<Response> create_run(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(wire::EvalRunRequest wanted, wire::parse_eval_run_request(body));
  ATTUNE_ANSWER(const wire::EvalObject eval, need_eval(app, request));
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER_VOID(check_run(app, tenant, eval, wanted.source));
  jobs::EvalRunRow row;
  if (wanted.source.content && to_text(*wanted.source.content).size() > kMostInlineBytes) {
    return wire::refuse(wire::invalid_value(
        "data_source.source.content",
        fmt::format("Invalid 'data_source.source.content': rows in a request may have {} MiB. "
                    "Upload them as a file with purpose 'evals', and give its id.",
                    kMostInlineBytes >> 20)));
  }
  if (!wanted.source.file_id.empty()) {
    ATTUNE_ANSWER(const jobs::FileRow file, need_rows_file(app, tenant, wanted.source.file_id));
    row.digest = file.digest;
  }
  row.run.id = wire::new_id("evalrun_");
  row.run.eval_id = eval.id;
  row.run.model = wanted.source.model;
  row.run.name = wanted.name.value_or(row.run.model.empty() ? row.run.id : row.run.model);
  row.run.metadata = wanted.metadata;
  ATTUNE_ANSWER(row.run.created_at, app.store.now());
  row.data_source = std::move(wanted.data_source);
  ATTUNE_ANSWER(const bool added, app.store.add_eval_run(tenant, row));
  if (!added) return wire::refuse(wire::not_found("eval", eval.id));
  if (app.evals != nullptr) app.evals->wake();
  return Response::json(run_json(app, request, row), kCreated);
}

Answer<Response> list_runs(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::PageQuery page,
                wire::parse_page(request.query, kPage, kMostOnPage, true));
  ATTUNE_ANSWER(
      const auto status,
      word_of(request, "status", {"queued", "in_progress", "completed", "canceled", "failed"}));
  ATTUNE_ANSWER(const wire::EvalObject eval, need_eval(app, request));
  ATTUNE_ANSWER(const auto runs,
                app.store.list_eval_runs(request.principal.tenant, eval.id, page,
                                         wire::parse_eval_run_status(status.value_or(""))));
  if (!runs.cursor_found) return unknown_cursor(page);
  std::vector<Json> items;
  for (const jobs::EvalRunRow& row : runs.items) items.push_back(run_json(app, request, row));
  return Response::json(wire::list_json(std::move(items), runs.has_more, wire::ListIds::or_empty));
}

Answer<jobs::EvalRunRow> need_run(App& app, const Request& request) {
  const std::string& id = request.parameter("run_id");
  ATTUNE_ANSWER(auto row, app.store.find_eval_run(request.principal.tenant,
                                                  request.parameter("eval_id"), id));
  if (!row) return no_run(id);
  return std::move(*row);
}

Answer<Response> show_run(App& app, Request& request) {
  ATTUNE_ANSWER(const jobs::EvalRunRow row, need_run(app, request));
  return Response::json(run_json(app, request, row));
}

// The first items that have errors, then the first that failed.
Answer<Response> show_report(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::EvalObject eval, need_eval(app, request));
  ATTUNE_ANSWER(const jobs::EvalRunRow row, need_run(app, request));
  std::vector<Json> shown;
  for (const auto status : {wire::EvalItemStatus::error, wire::EvalItemStatus::fail}) {
    ATTUNE_ANSWER(auto items,
                  app.store.list_eval_items(request.principal.tenant, eval.id, row.run.id,
                                            {.limit = kMostOnPage, .ascending = true}, status));
    for (Json& item : items.items) shown.push_back(std::move(item));
  }
  return Response::text(eval_report_html(eval, row.run, shown), "text/html; charset=utf-8");
}

Answer<Response> cancel_run(App& app, Request& request) {
  const std::string& id = request.parameter("run_id");
  ATTUNE_ANSWER(
      const jobs::EvalRunAnswer answer,
      app.store.cancel_eval_run(request.principal.tenant, request.parameter("eval_id"), id));
  if (answer.outcome == jobs::EvalRunAnswer::Outcome::not_found) return no_run(id);
  if (answer.outcome == jobs::EvalRunAnswer::Outcome::wrong_state)
    return wire::refuse(
        wire::bad_request(fmt::format("Cannot cancel eval run {}: it has status '{}'.", id,
                                      wire::to_text(answer.row.run.status)),
                          "invalid_run_status"));
  return Response::json(run_json(app, request, answer.row));
}

Answer<Response> delete_run(App& app, Request& request) {
  const std::string& id = request.parameter("run_id");
  ATTUNE_ANSWER(const bool removed, app.store.remove_eval_run(request.principal.tenant,
                                                              request.parameter("eval_id"), id));
  if (!removed) return no_run(id);
  return Response::json({{"object", "eval.run.deleted"}, {"deleted", true}, {"run_id", id}});
}

// ---- output items ----

Answer<Response> list_items(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::PageQuery page,
                wire::parse_page(request.query, kPage, kMostOnPage, true));
  // "failed" is what the specification's text says and its list of values does not.
  ATTUNE_ANSWER(const auto word, word_of(request, "status", {"fail", "pass", "error", "failed"}));
  std::optional<wire::EvalItemStatus> status;
  if (word) {
    status = *word == "pass"    ? wire::EvalItemStatus::pass
             : *word == "error" ? wire::EvalItemStatus::error
                                : wire::EvalItemStatus::fail;
  }
  ATTUNE_ANSWER(const jobs::EvalRunRow run, need_run(app, request));
  ATTUNE_ANSWER(auto items, app.store.list_eval_items(request.principal.tenant, run.run.eval_id,
                                                      run.run.id, page, status));
  if (!items.cursor_found) return unknown_cursor(page);
  return Response::json(
      wire::list_json(std::move(items.items), items.has_more, wire::ListIds::or_empty));
}

Answer<Response> show_item(App& app, Request& request) {
  const std::string& id = request.parameter("output_item_id");
  ATTUNE_ANSWER(const jobs::EvalRunRow run, need_run(app, request));
  ATTUNE_ANSWER(const auto item, app.store.find_eval_item(request.principal.tenant, run.run.eval_id,
                                                          run.run.id, id));
  if (!item) return wire::refuse(wire::not_found("output item", id));
  return Response::json(*item);
}

}  // namespace

void add_eval_routes(Router& router, App& app) {
  const auto add = [&](const char* method, const std::string& pattern,
                       Answer<Response> (*handler)(App&, Request&), RouteOptions options) {
    const bool reads = std::string_view(method) == "GET";
    router.add(
        method, pattern, reads ? "evals:read" : "evals:write",
        [&app, handler](Request& request) { return handler(app, request); }, std::move(options));
  };
  const std::string evals = "/v1/evals", eval = evals + "/{eval_id}";
  add("POST", evals, create_eval,
      {.summary = "Create an eval",
       .request = "CreateEvalRequest",
       .response = "Eval",
       .status = kCreated});
  add("GET", evals, list_evals, {.summary = "List evals", .response = "EvalList"});
  add("GET", eval, show_eval, {.summary = "Retrieve an eval", .response = "Eval"});
  add("POST", eval, update_eval,
      {.summary = "Change an eval's name or metadata",
       .request = "UpdateEvalRequest",
       .response = "Eval"});
  add("DELETE", eval, delete_eval,
      {.summary = "Delete an eval with its runs", .response = "DeleteEvalResponse"});
  const std::string runs = eval + "/runs", run = runs + "/{run_id}";
  add("POST", runs, create_run,
      {.summary = "Run an eval",
       .request = "CreateEvalRunRequest",
       .response = "EvalRun",
       .status = kCreated});
  add("GET", runs, list_runs, {.summary = "List the runs of an eval", .response = "EvalRunList"});
  add("GET", run, show_run, {.summary = "Retrieve a run", .response = "EvalRun"});
  add("POST", run, cancel_run, {.summary = "Cancel a run", .response = "EvalRun"});
  // Where version 3 of the SDKs asks for it.
  add("POST", run + "/cancel", cancel_run, {.summary = "Cancel a run", .response = "EvalRun"});
  add("DELETE", run, delete_run,
      {.summary = "Delete a run with its items", .response = "DeleteEvalRunResponse"});
  add("GET", run + "/report", show_report,
      {.summary = "The results of a run as a page", .response = "text"});
  const std::string items = run + "/output_items";
  add("GET", items, list_items,
      {.summary = "List the output items of a run", .response = "EvalRunOutputItemList"});
  add("GET", items + "/{output_item_id}", show_item,
      {.summary = "Retrieve an output item", .response = "EvalRunOutputItem"});
}

}  // namespace attune::serve
