// The bodies of requests about evals and their runs, checked.
#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/evals.h"
#include "wire/grader_fields.h"
#include "wire/job_request.h"

namespace attune::wire {

namespace {

constexpr LengthRange kName = {1, 256};
constexpr std::int64_t kMostCriteria = 64;
constexpr std::int64_t kMostInlineRows = 100'000;
constexpr std::int64_t kMostNewTokens = 2147483647;

// ---- evals ----

void read_data_source_config(Fields& fields, EvalRequest& request) {
  fields.require("data_source_config");
  std::optional<Fields> config = fields.object("data_source_config");
  if (!config) return;
  config->require("type");
  const std::string type =
      config->word("type", {"custom", "logs", "stored_completions"}).value_or("custom");
  if (type != "custom") {
    config->fault(unsupported_parameter(
        config->path_of("type"),
        fmt::format("Evals of type '{}' are not supported: this server keeps no completions. Use "
                    "'custom', and give the rows of a run as a file or in the request.",
                    type)));
    return;
  }
  config->require("item_schema");
  if (std::optional<Fields> schema = config->object("item_schema")) {
    schema->accept_all();
    request.item_schema = *config->find("item_schema");
  }
  request.include_sample_schema = config->boolean("include_sample_schema").value_or(false);
}

void read_criteria(Fields& fields, EvalRequest& request) {
  fields.require("testing_criteria");
  const Json* list = fields.array("testing_criteria", {1, kMostCriteria});
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->size() && !fields.failed(); ++i) {
    Fields item = fields.item("testing_criteria", *list, i);
    if (fields.failed()) return;
    request.criteria.push_back(
        read_grader(item, (*list)[i], {.is_criterion = true, .inside_multi = false}));
  }
}

// ---- runs ----

void read_rows(Fields& source, EvalDataSource& data) {
  source.require("content");
  const Json* rows = source.array("content", {1, kMostInlineRows});
  if (rows == nullptr) return;
  for (std::size_t i = 0; i < rows->size() && !source.failed(); ++i) {
    Fields row = source.item("content", *rows, i);
    row.require("item");
    for (const char* name : {"item", "sample"}) {
      if (std::optional<Fields> inner = row.object(name)) inner->accept_all();
    }
  }
  data.content = *rows;
}

void read_source(Fields& fields, EvalDataSource& data) {
  fields.require("source");
  std::optional<Fields> source = fields.object("source");
  if (!source) return;
  source->require("type");
  const std::string type =
      source->word("type", {"file_content", "file_id", "stored_completions", "responses"})
          .value_or("file_content");
  if (type == "file_id") {
    data.file_id = source->required_text("id", {1, 256});
  } else if (type == "file_content") {
    read_rows(*source, data);
  } else {
    source->fault(unsupported_parameter(
        source->path_of("type"),
        fmt::format("Sources of type '{}' are not supported: this server keeps no completions and "
                    "no responses. Use 'file_content' or 'file_id'.",
                    type)));
  }
}

// A response_format or text.format that asks for more than text.
void refuse_formats(Fields& params, const char* name) {
  std::optional<Fields> format = params.object(name);
  if (!format) return;
  const Json* whole = params.find(name);
  format->accept_all();
  const Json inner = std::string_view(name) == "text" ? whole->value("format", Json()) : *whole;
  if (inner.is_null() || (inner.is_object() && inner.value("type", Json()) == "text")) return;
  params.fault(unsupported_parameter(
      params.path_of(name),
      fmt::format("Unsupported parameter: '{}' other than of type 'text' is not supported by this "
                  "server. A grader can look into JSON with {{{{sample.output_json.name}}}}.",
                  params.path_of(name))));
}

void read_sampling_params(Fields& fields, EvalSampling& sampling) {
  std::optional<Fields> params = fields.object("sampling_params");
  if (!params) return;
  sampling.temperature = params->number("temperature", {0, 2}).value_or(sampling.temperature);
  sampling.top_p = params->number("top_p", {0, 1}).value_or(sampling.top_p);
  sampling.seed = params->integer("seed").value_or(sampling.seed);
  // The specification's name, and the spelling of its own examples.
  const auto named = params->integer("max_completion_tokens", {1, kMostNewTokens});
  const auto shown = params->integer("max_completions_tokens", {1, kMostNewTokens});
  sampling.max_tokens = named ? named : shown;
  refuse_reasoning(*params);
  refuse_formats(*params, "response_format");
  refuse_formats(*params, "text");
  const Json* tools = params->array("tools", {0, 128});
  if (tools != nullptr && !tools->empty()) {
    params->fault(unsupported_parameter(params->path_of("tools"),
                                        "Unsupported parameter: 'tools' is not supported with "
                                        "this server. Tool calls are not supported by this "
                                        "server."));
  }
}

void read_input_messages(Fields& fields, EvalDataSource& data) {
  fields.require("input_messages");
  std::optional<Fields> messages = fields.object("input_messages");
  if (!messages) return;
  messages->require("type");
  if (messages->word("type", {"template", "item_reference"}) == "item_reference")
    data.prompt_reference = messages->required_text("item_reference", {1, 1024});
  else
    data.prompt = read_prompt(*messages, "template");
}

void read_data_source(Fields& fields, EvalDataSource& data) {
  fields.require("type");
  const auto type = fields.word("type", {"jsonl", "completions", "responses"});
  read_source(fields, data);
  if (!type || *type == "jsonl") return;
  data.model = fields.required_text("model", {1, 512});
  read_input_messages(fields, data);
  read_sampling_params(fields, data.sampling);
}

}  // namespace

Answer<EvalRequest> parse_eval_request(const Json& body) {
  EvalRequest request;
  Fields fields(body);
  request.name = fields.text("name", kName);
  read_data_source_config(fields, request);
  read_criteria(fields, request);
  fields.has("metadata");  // read below
  if (auto error = fields.finish()) return refuse(std::move(*error));
  ATTUNE_ANSWER(request.metadata, parse_metadata(body));
  return request;
}

Json row_schema(const Json& item_schema, bool include_sample_schema) {
  Json schema = {{"type", "object"},
                 {"properties", {{"item", item_schema}}},
                 {"required", Json::array({"item"})}};
  if (!include_sample_schema) return schema;
  schema["properties"]["sample"] = {
      {"type", "object"},
      {"properties", {{"output_text", {{"type", "string"}}}, {"output_json", Json::object()}}}};
  schema["required"].push_back("sample");
  return schema;
}

Answer<EvalUpdate> parse_eval_update(const Json& body) {
  EvalUpdate update;
  Fields fields(body);
  update.name = fields.text("name", kName);
  fields.has("metadata");
  if (auto error = fields.finish()) return refuse(std::move(*error));
  ATTUNE_ANSWER(update.metadata, parse_metadata(body));
  return update;
}

Answer<EvalRunRequest> parse_eval_run_request(const Json& body) {
  EvalRunRequest request;
  Fields fields(body);
  request.name = fields.text("name", kName);
  fields.require("data_source");
  if (std::optional<Fields> source = fields.object("data_source")) {
    request.data_source = *fields.find("data_source");
    read_data_source(*source, request.source);
    if (!request.source.prompt.empty())
      request.data_source["input_messages"]["template"] = prompt_json(request.source.prompt);
  }
  fields.has("metadata");
  if (auto error = fields.finish()) return refuse(std::move(*error));
  ATTUNE_ANSWER(request.metadata, parse_metadata(body));
  return request;
}

Answer<EvalDataSource> parse_eval_data_source(const Json& data_source) {
  EvalDataSource data;
  Fields fields(data_source);
  read_data_source(fields, data);
  if (auto error = fields.finish()) return refuse(std::move(*error));
  return data;
}

}  // namespace attune::wire
