#include "serve/eval_items.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/ids.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kDefaultTokens = 2048;

Json error_json(const wire::EvalError& error) {
  return {{"code", error.code}, {"message", error.message}};
}

Json usage_json(const wire::Usage& usage) {
  return {{"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"prompt_tokens", usage.prompt_tokens},
          {"cached_tokens", usage.cached_tokens}};
}

Json answer_json(std::string_view text) {
  return Json::array({{{"role", "assistant"}, {"content", text}}});
}

// "string_check" -> "string-check-grader", as the published example has it.
std::string result_type(wire::GraderType type) {
  std::string text(wire::to_text(type));
  std::replace(text.begin(), text.end(), '_', '-');
  return text + "-grader";
}

Json reply_json(const eval::Grade& grade) {
  if (grade.reply) {
    return {{"model", grade.reply->model},
            {"output", answer_json(grade.reply->text)},
            {"finish_reason", grade.reply->cut_off ? "length" : "stop"},
            {"usage", usage_json(grade.reply->usage)}};
  }
  if (grade.parts.empty()) return nullptr;
  Json scores = Json::object();
  for (const auto& [name, part] : grade.parts) scores[name] = part.score;
  return {{"scores", std::move(scores)}};
}

Json conversation_json(const std::vector<wire::PromptMessage>& messages) {
  Json all = Json::array();
  for (const wire::PromptMessage& message : messages)
    all.push_back({{"role", message.role}, {"content", message.content}});
  return all;
}

wire::EvalError as_eval_error(const ApiError& error) {
  return {.code = error.code.value_or(error.type), .message = error.message};
}

// The schema of items inside that of rows.
Json item_schema_of(const Json& row_schema) {
  if (!row_schema.is_object()) return Json::object();
  return row_schema.value("properties", Json::object()).value("item", Json::object());
}

// True: no item that the schema accepts has a property of that name.
bool excludes(const Json& item_schema, const std::string& name) {
  if (name.empty() || item_schema.value("additionalProperties", Json(true)) != false) return false;
  for (const char* more : {"patternProperties", "allOf", "anyOf", "oneOf", "$ref"})
    if (item_schema.contains(more)) return false;
  return !item_schema.value("properties", Json::object()).contains(name);
}

Answer<void> check_places(const eval::Judge& judge, const Json& item_schema,
                          const std::string& param) {
  for (const eval::ValuePath* place : judge.places()) {
    if (place->is_of_sample() || !excludes(item_schema, place->first_name())) continue;
    return wire::refuse(wire::invalid_value(
        param, fmt::format("Invalid '{}': the item_schema has no property {}, which "
                           "{{{{{}}}}} asks for.",
                           param, quote_for_message(place->first_name()), place->text())));
  }
  return {};
}

}  // namespace

std::string_view fault_code(eval::GradeFault fault) {
  switch (fault) {
    case eval::GradeFault::formula:
      return "formula_parse_error";
    case eval::GradeFault::sample_parse:
      return "sample_parse_error";
    case eval::GradeFault::invalid_variable:
      return "invalid_variable_error";
    case eval::GradeFault::model_server:
      return "model_grader_server_error";
    case eval::GradeFault::model_parse:
      return "model_grader_parse_error";
    case eval::GradeFault::too_long:
      break;
  }
  return "other_error";
}

void count_usage(const eval::Grade& grade, wire::EvalTally& tally) {
  if (grade.reply) {
    const wire::Usage& usage = grade.reply->usage;
    tally.add_usage(grade.reply->model, usage.prompt_tokens, usage.completion_tokens,
                    usage.cached_tokens);
  }
  for (const auto& [name, part] : grade.parts) count_usage(part, tally);
}

Answer<void> need_grader_models(App& app, const jobs::Tenant& tenant, const wire::Grader& grader,
                                const std::string& param) {
  if (!grader.model.empty()) {
    ATTUNE_ANSWER(const bool known, app.models->knows(tenant, grader.model));
    if (!known) {
      ApiError error = wire::model_not_found(grader.model);
      error.status = 400;
      error.param = param + ".model";
      return Refusal(std::move(error));
    }
  }
  for (const auto& [name, inner] : grader.graders)
    ATTUNE_ANSWER_VOID(need_grader_models(app, tenant, inner, param + ".graders." + name));
  return {};
}

Answer<void> check_eval(const wire::EvalRequest& request) {
  const auto schema = grammar::JsonSchema::compile(request.item_schema, "item_schema");
  if (!schema) {
    return wire::refuse(wire::invalid_value(
        "data_source_config.item_schema",
        "Invalid 'data_source_config.item_schema': " + schema.error().message()));
  }
  for (std::size_t i = 0; i < request.criteria.size(); ++i) {
    const std::string param = fmt::format("testing_criteria[{}]", i);
    const auto judge = eval::Judge::prepare(request.criteria[i]);
    if (!judge) {
      return wire::refuse(wire::invalid_value(
          param, fmt::format("Invalid '{}': {}", param, judge.error().message())));
    }
    ATTUNE_ANSWER_VOID(check_places(*judge, request.item_schema, param));
  }
  return {};
}

// ---- preparing ----

Answer<EvalPlan> EvalPlan::prepare(const wire::EvalObject& eval,
                                   const wire::EvalDataSource& source) {
  ATTUNE_ANSWER(grammar::JsonSchema schema,
                grammar::JsonSchema::compile(item_schema_of(eval.schema), "item_schema"));
  EvalPlan plan(std::move(schema));
  plan.source_ = source;
  plan.source_.content.reset();  // the rows come one by one
  for (const Json& criterion : eval.testing_criteria) {
    ATTUNE_ANSWER(wire::Grader grader, wire::parse_criterion(criterion));
    ATTUNE_ANSWER(eval::Judge judge, eval::Judge::prepare(std::move(grader)));
    plan.judges_.push_back(std::move(judge));
  }
  for (const wire::PromptMessage& message : source.prompt) {
    ATTUNE_ANSWER(eval::Template made, eval::Template::parse(message.content));
    plan.prompt_.push_back(std::move(made));
  }
  if (!source.prompt_reference.empty()) {
    ATTUNE_ANSWER(plan.prompt_reference_, eval::ValuePath::parse(source.prompt_reference));
  }
  return plan;
}

// ---- the sample ----

// What is judged: as the API shows it, and as templates see it.
struct EvalPlan::Sample {
  Json shown = Json::object();
  Json values = Json::object();
  std::optional<wire::EvalError> error = {};
  std::optional<wire::Usage> usage = {};  // of the model that was asked
};

std::optional<wire::EvalError> EvalPlan::check_row(const Json& row) const {
  if (!row.is_object() || !row.contains("item") || !row["item"].is_object()) {
    return wire::EvalError{.code = "invalid_item",
                           .message =
                               "The row has no object \"item\". Wanted: {\"item\": {...}} "
                               "on each line."};
  }
  if (row.contains("sample") && !row["sample"].is_object() && !row["sample"].is_null()) {
    return wire::EvalError{.code = "invalid_item", .message = "The row's \"sample\" is no object."};
  }
  const std::vector<grammar::Violation> violations = schema_.validate(row["item"]);
  if (violations.empty()) return {};
  return wire::EvalError{
      .code = "invalid_item",
      .message = "The item does not follow the item_schema: " + violations.front().message()};
}

EvalPlan::Sample EvalPlan::sample_of_row(const Json& row) const {
  Sample sample;
  if (const auto given = row.find("sample"); given != row.end() && given->is_object())
    sample.values = *given;
  const auto text = sample.values.find("output_text");
  const bool has_text = text != sample.values.end() && text->is_string();
  if (has_text && !sample.values.contains("output_json")) {
    if (auto json = parse_json(text->get_ref<const std::string&>(), "answer"))
      sample.values["output_json"] = std::move(*json);
  }
  sample.shown = {{"input", Json::array()},
                  {"output", has_text ? answer_json(sample.values["output_text"].get<std::string>())
                                      : Json::array()},
                  {"finish_reason", ""},
                  {"model", ""},
                  {"usage", usage_json({})},
                  {"error", nullptr},
                  {"temperature", source_.sampling.temperature},
                  {"max_completion_tokens", 0},
                  {"top_p", source_.sampling.top_p},
                  {"seed", source_.sampling.seed}};
  return sample;
}

Answer<std::vector<wire::PromptMessage>> EvalPlan::prompt_of(const Json& item) const {
  const Json no_sample = Json::object();
  const eval::Namespaces values{.item = item, .sample = no_sample};
  if (prompt_reference_) {
    const Json* found = prompt_reference_->find(values);
    if (found == nullptr) {
      return wire::refuse(wire::invalid_value(
          "input_messages", fmt::format("The item has no {}.", prompt_reference_->text())));
    }
    return wire::parse_prompt(*found);
  }
  std::vector<wire::PromptMessage> messages;
  for (std::size_t i = 0; i < prompt_.size(); ++i) {
    eval::Template::Filled content = prompt_[i].fill(values);
    if (content.missing != nullptr) {
      return wire::refuse(wire::invalid_value(
          "input_messages",
          fmt::format("{{{{{}}}}} has no value in this item.", content.missing->text())));
    }
    if (content.too_long) {
      return wire::refuse(wire::invalid_value(
          "input_messages",
          fmt::format("A message would have more than {} MiB.", eval::Template::kMostBytes >> 20)));
    }
    messages.push_back({.role = source_.prompt[i].role, .content = std::move(content.text)});
  }
  return messages;
}

EvalPlan::Sample EvalPlan::sample_of_model(const Json& item, const ModelAsker& asker) const {
  Sample sample;
  const wire::EvalSampling& wanted = source_.sampling;
  Json input = Json::array();
  Asked asked;
  const auto answer = [&]() -> Answer<void> {
    ATTUNE_ANSWER(const auto messages, prompt_of(item));
    input = conversation_json(messages);
    ATTUNE_ANSWER(asked, asker.ask(source_.model, messages,
                                   {.temperature = wanted.temperature,
                                    .top_p = wanted.top_p,
                                    .seed = wanted.seed,
                                    .max_tokens = wanted.max_tokens.value_or(kDefaultTokens)}));
    return {};
  };
  if (const Answer<void> answered = answer(); answered)
    sample.usage = asked.usage;
  else
    sample.error = as_eval_error(answered.error());
  const bool good = !sample.error;
  sample.shown = {{"input", std::move(input)},
                  {"output", good ? answer_json(asked.text) : Json::array()},
                  {"finish_reason", good ? asked.finish_reason : "error"},
                  {"model", source_.model},
                  {"usage", usage_json(asked.usage)},
                  {"error", good ? Json(nullptr) : error_json(*sample.error)},
                  {"temperature", wanted.temperature},
                  {"max_completion_tokens", wanted.max_tokens.value_or(kDefaultTokens)},
                  {"top_p", wanted.top_p},
                  {"seed", wanted.seed}};
  sample.values = eval::sample_of(std::move(asked.text));
  return sample;
}

EvalPlan::Sample EvalPlan::sample_of(const Result<Json>& row, const Json& item,
                                     const ModelAsker& asker) const {
  std::optional<wire::EvalError> fault;
  if (!row)
    fault = wire::EvalError{.code = "invalid_item", .message = row.error().message()};
  else
    fault = check_row(*row);
  if (!fault && !source_.model.empty()) return sample_of_model(item, asker);
  Sample sample = sample_of_row(fault ? Json(Json::object()) : *row);
  if (fault) sample.shown["error"] = error_json(*fault);
  sample.error = std::move(fault);
  return sample;
}

// ---- judging ----

void EvalPlan::judge(const Json& item, const Json& sample, const ModelAsker& asker, Json& results,
                     wire::EvalTally& tally) const {
  const eval::AskModel ask = asker.for_graders();
  bool all_pass = true, any_problem = false;
  for (std::size_t i = 0; i < judges_.size(); ++i) {
    const eval::Grade grade = judges_[i].grade({.item = item, .sample = sample}, ask);
    const wire::Grader& grader = judges_[i].grader();
    Json result = {{"name", grader.name},
                   {"type", result_type(grader.type)},
                   {"score", grade.score},
                   {"passed", grade.passed},
                   {"sample", reply_json(grade)}};
    wire::EvalCriterionCounts& counts = tally.criteria[i];
    if (grade.problem) {
      result["error"] = error_json({.code = std::string(fault_code(grade.problem->fault)),
                                    .message = grade.problem->message});
    }
    if (grade.problem && !grade.problem->of_answer) {
      ++counts.errored;
      any_problem = true;
    } else {
      ++(grade.passed ? counts.passed : counts.failed);
    }
    all_pass = all_pass && grade.passed;
    count_usage(grade, tally);
    results.push_back(std::move(result));
  }
  if (any_problem)
    tally.items.errored = 1;
  else
    (all_pass ? tally.items.passed : tally.items.failed) = 1;
}

jobs::NewEvalItem EvalPlan::run(std::int64_t number, const Result<Json>& row,
                                const std::string& run_id, const std::string& eval_id,
                                std::int64_t now, const ModelAsker& asker) const {
  jobs::NewEvalItem made;
  made.id = wire::new_id("outputitem_");
  made.number = number;
  for (const eval::Judge& judge : judges_)
    made.tally.criteria.push_back({.name = judge.grader().name});
  Json item = Json::object();
  if (row && row->is_object() && row->contains("item") && (*row)["item"].is_object())
    item = (*row)["item"];
  const Sample sample = sample_of(row, item, asker);
  if (sample.usage) {
    made.tally.add_usage(source_.model, sample.usage->prompt_tokens,
                         sample.usage->completion_tokens, sample.usage->cached_tokens);
  }
  Json results = Json::array();
  if (sample.error) {
    made.tally.items.errored = 1;
    for (wire::EvalCriterionCounts& counts : made.tally.criteria) ++counts.errored;
  } else {
    judge(item, sample.values, asker, results, made.tally);
  }
  made.status = made.tally.items.errored > 0  ? wire::EvalItemStatus::error
                : made.tally.items.passed > 0 ? wire::EvalItemStatus::pass
                                              : wire::EvalItemStatus::fail;
  made.object = {{"object", "eval.run.output_item"},
                 {"id", made.id},
                 {"run_id", run_id},
                 {"eval_id", eval_id},
                 {"created_at", now},
                 {"status", wire::to_text(made.status)},
                 {"datasource_item_id", number},
                 {"datasource_item", std::move(item)},
                 {"results", std::move(results)},
                 {"sample", sample.shown}};
  return made;
}

}  // namespace attune::serve
