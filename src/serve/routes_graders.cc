#include "serve/routes_graders.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "eval/grader.h"
#include "serve/eval_items.h"
#include "serve/model_asker.h"

namespace attune::serve {

namespace {

Answer<eval::Judge> prepare(App& app, const jobs::Tenant& tenant, wire::Grader grader) {
  ATTUNE_ANSWER_VOID(need_grader_models(app, tenant, grader, "grader"));
  auto judge = eval::Judge::prepare(std::move(grader));
  if (judge) return std::move(*judge);
  return wire::refuse(
      wire::invalid_value("grader", "Invalid 'grader': " + judge.error().message()));
}

Answer<Response> validate_grader(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(const wire::Grader grader, wire::parse_validate_grader_request(body));
  ATTUNE_ANSWER_VOID(prepare(app, request.principal.tenant, grader));
  return Response::json({{"grader", grader.source}});
}

// Every kind of error, and which of them there was.
Json errors_json(const std::optional<eval::GradeProblem>& problem) {
  Json errors = Json::object();
  for (const char* name : {"formula_parse_error", "sample_parse_error",
                           "truncated_observation_error", "unresponsive_reward_error",
                           "invalid_variable_error", "other_error", "python_grader_server_error"})
    errors[name] = problem && fault_code(problem->fault) == name;
  errors["python_grader_server_error_type"] = nullptr;
  errors["python_grader_runtime_error"] = false;
  errors["python_grader_runtime_error_details"] = nullptr;
  for (const char* name :
       {"model_grader_server_error", "model_grader_refusal_error", "model_grader_parse_error"})
    errors[name] = problem && fault_code(problem->fault) == name;
  const bool of_server = problem && problem->fault == eval::GradeFault::model_server;
  errors["model_grader_server_error_details"] = of_server ? Json(problem->message) : Json(nullptr);
  // Ours: in a sentence, whatever it was.
  errors["details"] = problem ? Json(problem->message) : Json(nullptr);
  return errors;
}

Json grade_json(const wire::Grader& grader, const eval::Grade& grade, double seconds) {
  wire::EvalTally tally;
  count_usage(grade, tally);
  Json usage = Json::object();
  std::int64_t tokens = 0;
  for (const wire::EvalModelUsage& model : tally.models) {
    usage[model.model] = {{"prompt_tokens", model.prompt_tokens},
                          {"total_tokens", model.prompt_tokens + model.completion_tokens},
                          {"completion_tokens", model.completion_tokens},
                          {"cached_tokens", model.cached_tokens}};
    tokens += model.prompt_tokens + model.completion_tokens;
  }
  Json scores = Json::object();
  for (const auto& [name, part] : grade.parts) scores[name] = part.score;
  const bool asked = !tally.models.empty();
  Json metadata = {
      {"name", grader.name},
      {"type", wire::to_text(grader.type)},
      {"errors", errors_json(grade.problem)},
      {"execution_time", seconds},
      {"scores", scores},
      {"token_usage", asked ? Json(tokens) : Json(nullptr)},
      {"sampled_model_name", asked ? Json(tally.models.front().model) : Json(nullptr)}};
  return {{"reward", grade.score},
          {"metadata", std::move(metadata)},
          {"sub_rewards", std::move(scores)},
          {"model_grader_token_usage_per_model", std::move(usage)}};
}

Answer<Response> run_grader(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(wire::RunGraderRequest wanted, wire::parse_run_grader_request(body));
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER(const eval::Judge judge, prepare(app, tenant, std::move(wanted.grader)));
  const Stopwatch watch;
  const ModelAsker asker(app, tenant, {.in_background = false, .is_wanted = [&] {
                                         return request.client_is_there();
                                       }});
  const Json sample = eval::sample_of(std::move(wanted.model_sample));
  const eval::Grade grade =
      judge.grade({.item = wanted.item, .sample = sample}, asker.for_graders());
  return Response::json(grade_json(judge.grader(), grade, watch.seconds()));
}

}  // namespace

void add_grader_routes(Router& router, App& app) {
  const std::string graders = "/v1/fine_tuning/alpha/graders";
  router.add("POST", graders + "/run", "models:use",
             [&app](Request& request) { return run_grader(app, request); },
             {.run = Run::long_running,
              .summary = "Run a grader on one answer",
              .request = "RunGraderRequest",
              .response = "RunGraderResponse"});
  router.add("POST", graders + "/validate", "models:use",
             [&app](Request& request) { return validate_grader(app, request); },
             {.summary = "Check a grader",
              .request = "ValidateGraderRequest",
              .response = "ValidateGraderResponse"});
}

}  // namespace attune::serve
