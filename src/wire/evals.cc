// Evals, runs and output items as JSON. Requests are in evals_request.cc.
#include "wire/evals.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "wire/object_reader.h"

namespace attune::wire {

namespace {

constexpr std::array<std::pair<EvalRunStatus, std::string_view>, 5> kRunStatuses = {
    {{EvalRunStatus::queued, "queued"},
     {EvalRunStatus::in_progress, "in_progress"},
     {EvalRunStatus::completed, "completed"},
     {EvalRunStatus::canceled, "canceled"},
     {EvalRunStatus::failed, "failed"}}};

Json metadata_json(const std::optional<Metadata>& metadata) {
  return metadata ? to_json(*metadata) : Json(Json::object());
}

Json usage_json(const std::vector<EvalModelUsage>& models) {
  Json list = Json::array();
  for (const EvalModelUsage& model : models) {
    list.push_back({{"model_name", model.model},
                    {"invocation_count", model.invocations},
                    {"prompt_tokens", model.prompt_tokens},
                    {"completion_tokens", model.completion_tokens},
                    {"total_tokens", model.prompt_tokens + model.completion_tokens},
                    {"cached_tokens", model.cached_tokens}});
  }
  return list;
}

Json criteria_json(const std::vector<EvalCriterionCounts>& criteria) {
  Json list = Json::array();
  for (const EvalCriterionCounts& one : criteria) {
    list.push_back({{"testing_criteria", one.name},
                    {"passed", one.passed},
                    {"failed", one.failed},
                    {"errored", one.errored}});
  }
  return list;
}

// Reads the objects of the list `key`, if there is one.
template <typename T, typename Read>
std::vector<T> read_list(ObjectReader& reader, const char* key, Read read) {
  std::vector<T> found;
  const Json* list = reader.find(key);
  if (list == nullptr || !list->is_array()) return found;
  for (const Json& item : *list) {
    ObjectReader inner(item, reader.place(key));
    T value = read(inner);
    const auto whole = inner.result(std::move(value));
    if (!whole) {
      reader.fail(key, whole.error().found, whole.error().wanted);
      return found;
    }
    found.push_back(*whole);
  }
  return found;
}

EvalTally read_tally(ObjectReader& reader) {
  EvalTally tally;
  if (const Json* counts = reader.find("result_counts"); counts != nullptr && counts->is_object()) {
    ObjectReader inner(*counts, reader.place("result_counts"));
    tally.items = {.errored = inner.optional_integer("errored").value_or(0),
                   .failed = inner.optional_integer("failed").value_or(0),
                   .passed = inner.optional_integer("passed").value_or(0)};
  }
  tally.models = read_list<EvalModelUsage>(reader, "per_model_usage", [](ObjectReader& inner) {
    return EvalModelUsage{.model = inner.text("model_name"),
                          .invocations = inner.integer("invocation_count"),
                          .prompt_tokens = inner.integer("prompt_tokens"),
                          .completion_tokens = inner.integer("completion_tokens"),
                          .cached_tokens = inner.optional_integer("cached_tokens").value_or(0)};
  });
  tally.criteria = read_list<EvalCriterionCounts>(
      reader, "per_testing_criteria_results", [](ObjectReader& inner) {
        return EvalCriterionCounts{.name = inner.text("testing_criteria"),
                                   .passed = inner.integer("passed"),
                                   .failed = inner.integer("failed"),
                                   .errored = inner.optional_integer("errored").value_or(0)};
      });
  return tally;
}

std::optional<EvalError> read_error(ObjectReader& reader) {
  const Json* error = reader.find("error");
  if (error == nullptr || !error->is_object()) return {};
  ObjectReader inner(*error, reader.place("error"));
  return EvalError{.code = inner.optional_text("code").value_or(""),
                   .message = inner.optional_text("message").value_or("")};
}

}  // namespace

std::string_view to_text(EvalRunStatus status) {
  return std::find_if(kRunStatuses.begin(), kRunStatuses.end(),
                      [&](const auto& known) { return known.first == status; })
      ->second;
}

std::optional<EvalRunStatus> parse_eval_run_status(std::string_view text) {
  const auto found = std::find_if(kRunStatuses.begin(), kRunStatuses.end(),
                                  [&](const auto& known) { return known.second == text; });
  if (found == kRunStatuses.end()) return {};
  return found->first;
}

std::string_view to_text(EvalItemStatus status) {
  switch (status) {
    case EvalItemStatus::pass:
      return "pass";
    case EvalItemStatus::fail:
      return "fail";
    case EvalItemStatus::error:
      break;
  }
  return "error";
}

// ---- tallies ----

void EvalTally::add_usage(const std::string& model, std::int64_t prompt_tokens,
                          std::int64_t completion_tokens, std::int64_t cached_tokens) {
  add({.items = {},
       .models = {{.model = model,
                   .invocations = 1,
                   .prompt_tokens = prompt_tokens,
                   .completion_tokens = completion_tokens,
                   .cached_tokens = cached_tokens}},
       .criteria = {}});
}

void EvalTally::add(const EvalTally& more) {
  items.errored += more.items.errored;
  items.failed += more.items.failed;
  items.passed += more.items.passed;
  for (const EvalModelUsage& usage : more.models) {
    auto mine = std::find_if(models.begin(), models.end(), [&](const EvalModelUsage& known) {
      return known.model == usage.model;
    });
    if (mine == models.end()) mine = models.insert(models.end(), {.model = usage.model});
    mine->invocations += usage.invocations;
    mine->prompt_tokens += usage.prompt_tokens;
    mine->completion_tokens += usage.completion_tokens;
    mine->cached_tokens += usage.cached_tokens;
  }
  // Criteria are told apart by their place: two may have one name.
  criteria.resize(std::max(criteria.size(), more.criteria.size()));
  for (std::size_t i = 0; i < more.criteria.size(); ++i) {
    criteria[i].name = more.criteria[i].name;
    criteria[i].passed += more.criteria[i].passed;
    criteria[i].failed += more.criteria[i].failed;
    criteria[i].errored += more.criteria[i].errored;
  }
}

// ---- objects ----

Json to_json(const EvalObject& eval) {
  Json json = Json::object();
  json["object"] = "eval";
  json["id"] = eval.id;
  json["data_source_config"] = {{"type", "custom"}, {"schema", eval.schema}};
  json["testing_criteria"] = eval.testing_criteria;
  json["name"] = eval.name;
  json["created_at"] = eval.created_at;
  json["metadata"] = metadata_json(eval.metadata);
  return json;
}

Json to_json(const EvalRunObject& run) {
  const EvalCounts& items = run.tally.items;
  Json json = Json::object();
  json["object"] = "eval.run";
  json["id"] = run.id;
  json["eval_id"] = run.eval_id;
  json["status"] = to_text(run.status);
  json["model"] = run.model;
  json["name"] = run.name;
  json["created_at"] = run.created_at;
  json["result_counts"] = {{"total", items.errored + items.failed + items.passed},
                           {"errored", items.errored},
                           {"failed", items.failed},
                           {"passed", items.passed}};
  json["per_model_usage"] = usage_json(run.tally.models);
  json["per_testing_criteria_results"] = criteria_json(run.tally.criteria);
  json["metadata"] = metadata_json(run.metadata);
  json["error"] = nullptr;
  if (run.error) json["error"] = {{"code", run.error->code}, {"message", run.error->message}};
  return json;
}

Json answer_json(const EvalRunObject& run, Json data_source, std::string_view report_url) {
  Json json = to_json(run);
  json["data_source"] = std::move(data_source);
  json["report_url"] = report_url;
  return json;
}

template <>
Result<EvalObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  EvalObject eval;
  eval.id = reader.text("id");
  eval.name = reader.optional_text("name").value_or("");
  eval.created_at = reader.integer("created_at");
  const Json* config = reader.find("data_source_config");
  if (config != nullptr && config->is_object()) eval.schema = config->value("schema", Json());
  if (const Json* criteria = reader.find("testing_criteria")) eval.testing_criteria = *criteria;
  eval.metadata = reader.optional_object<Metadata>("metadata", from_json<Metadata>);
  if (eval.metadata && eval.metadata->empty()) eval.metadata.reset();
  return reader.result(std::move(eval));
}

template <>
Result<EvalRunObject> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  EvalRunObject run;
  run.id = reader.text("id");
  run.eval_id = reader.text("eval_id");
  const std::string status = reader.text("status");
  if (const auto known = parse_eval_run_status(status))
    run.status = *known;
  else
    reader.fail("status", fmt::format("\"{}\"", status), "a status of a run");
  run.model = reader.optional_text("model").value_or("");
  run.name = reader.optional_text("name").value_or("");
  run.created_at = reader.integer("created_at");
  run.tally = read_tally(reader);
  run.metadata = reader.optional_object<Metadata>("metadata", from_json<Metadata>);
  if (run.metadata && run.metadata->empty()) run.metadata.reset();
  run.error = read_error(reader);
  return reader.result(std::move(run));
}

}  // namespace attune::wire
