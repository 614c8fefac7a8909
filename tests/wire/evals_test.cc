// Evals and their runs: requests, and objects in the form of the specification.
#include "wire/evals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune::wire {
namespace {

using ::testing::HasSubstr;

Json eval_body() {
  return {{"name", "labels"},
          {"data_source_config",
           {{"type", "custom"},
            {"item_schema",
             {{"type", "object"},
              {"properties", {{"text", {{"type", "string"}}}, {"label", {{"type", "string"}}}}},
              {"required", {"text"}}}},
            {"include_sample_schema", true}}},
          {"testing_criteria", Json::array({{{"type", "string_check"},
                                             {"name", "exact"},
                                             {"input", "{{sample.output_text}}"},
                                             {"reference", "{{item.label}}"},
                                             {"operation", "eq"}}})},
          {"metadata", {{"team", "support"}}}};
}

Json run_body() {
  return {{"name", "first"},
          {"data_source",
           {{"type", "completions"},
            {"model", "tiny"},
            {"source",
             {{"type", "file_content"},
              {"content", Json::array({{{"item", {{"text", "a"}, {"label", "b"}}}}})}}},
            {"input_messages",
             {{"type", "template"},
              {"template", Json::array({{{"role", "user"}, {"content", "{{item.text}}"}}})}}},
            {"sampling_params", {{"temperature", 0}, {"max_completion_tokens", 8}}}}}};
}

// The body with the value at `pointer` replaced.
Json changed(Json body, const std::string& pointer, const Json& value) {
  body[Json::json_pointer(pointer)] = value;
  return body;
}

TEST(EvalRequests, AreReadWithTheirCriteria) {
  const EvalRequest request = parse_eval_request(eval_body()).value();
  EXPECT_EQ(request.name, "labels");
  EXPECT_TRUE(request.include_sample_schema);
  ASSERT_EQ(request.criteria.size(), 1U);
  EXPECT_EQ(request.criteria[0].name, "exact");
  EXPECT_EQ(request.metadata->front().second, "support");
}

TEST(EvalRequests, ThatNeedKeptCompletionsAreRefusedByName) {
  for (const char* type : {"logs", "stored_completions"}) {
    const auto refused = parse_eval_request(
        changed(eval_body(), "/data_source_config", {{"type", type}, {"metadata", {{"a", "b"}}}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().param, "data_source_config.type");
    EXPECT_THAT(refused.error().message, HasSubstr("keeps no completions"));
  }
}

TEST(EvalRequests, ThatAreFaultyAreRefusedWithTheirPlace) {
  const std::vector<std::pair<Json, std::string>> cases = {
      {Json::object(), "data_source_config"},
      {changed(eval_body(), "/testing_criteria", Json::array()), "testing_criteria"},
      {changed(eval_body(), "/testing_criteria/0/operation", "is"),
       "testing_criteria[0].operation"},
      {changed(eval_body(), "/data_source_config/item_schema", "x"),
       "data_source_config.item_schema"},
      {changed(eval_body(), "/data_source_config/type", "csv"), "data_source_config.type"},
      {changed(eval_body(), "/owner", "me"), "owner"},
      {changed(eval_body(), "/metadata", 3), "metadata"},
  };
  for (const auto& [body, param] : cases) {
    const auto refused = parse_eval_request(body);
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().param, param) << refused.error().message;
  }
}

TEST(EvalRunRequests, ReadPromptSamplingAndRows) {
  const EvalRunRequest request = parse_eval_run_request(run_body()).value();
  EXPECT_EQ(request.source.model, "tiny");
  EXPECT_EQ(request.source.prompt.front().content, "{{item.text}}");
  EXPECT_EQ(request.source.sampling.temperature, 0);
  EXPECT_EQ(request.source.sampling.seed, 42);
  EXPECT_EQ(request.source.sampling.max_tokens, 8);
  EXPECT_EQ((*request.source.content)[0]["item"]["label"], "b");
  Json kept = run_body()["data_source"];
  kept["input_messages"]["template"][0] = {
      {"type", "message"},
      {"role", "user"},
      {"content", {{"type", "input_text"}, {"text", "{{item.text}}"}}}};
  EXPECT_EQ(request.data_source, kept);
}

TEST(EvalRunRequests, OfJsonlNeedNoModel) {
  const EvalRunRequest request =
      parse_eval_run_request(
          {{"data_source",
            {{"type", "jsonl"}, {"source", {{"type", "file_id"}, {"id", "file-abc"}}}}}})
          .value();
  EXPECT_TRUE(request.source.model.empty());
  EXPECT_EQ(request.source.file_id, "file-abc");
}

TEST(EvalRunRequests, OfResponsesAreThoseOfCompletions) {
  Json body = changed(run_body(), "/data_source/type", "responses");
  body["data_source"]["sampling_params"]["text"] = {{"format", {{"type", "text"}}}};
  EXPECT_EQ(parse_eval_run_request(body).value().source.prompt.size(), 1U);
  body["data_source"]["sampling_params"]["text"]["format"]["type"] = "json_object";
  EXPECT_EQ(parse_eval_run_request(body).error().param, "data_source.sampling_params.text");
}

TEST(EvalRunRequests, ThatAreFaultyAreRefusedWithTheirPlace) {
  const std::string params = "/data_source/sampling_params";
  const std::vector<std::pair<Json, std::string>> cases = {
      {Json::object(), "data_source"},
      {changed(run_body(), "/data_source/type", "csv"), "data_source.type"},
      {changed(run_body(), "/data_source/model", nullptr), "data_source.model"},
      {changed(run_body(), "/data_source/source/type", "stored_completions"),
       "data_source.source.type"},
      {changed(run_body(), "/data_source/source/content", Json::array()),
       "data_source.source.content"},
      {changed(run_body(), "/data_source/source/content/0", {{"text", "a"}}),
       "data_source.source.content[0].item"},
      {changed(run_body(), params + "/temperature", 3), "data_source.sampling_params.temperature"},
      {changed(run_body(), params + "/tools", Json::array({Json::object()})),
       "data_source.sampling_params.tools"},
      {changed(run_body(), params + "/response_format", {{"type", "json_object"}}),
       "data_source.sampling_params.response_format"},
  };
  for (const auto& [body, param] : cases) {
    const auto refused = parse_eval_run_request(body);
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().param, param) << refused.error().message;
  }
}

TEST(EvalObjects, AreReadAsTheyWereWritten) {
  EvalObject eval{.id = "eval_1", .name = "n", .created_at = 7};
  eval.schema = row_schema({{"type", "object"}}, true);
  eval.testing_criteria = Json::array({{{"type", "string_check"}}});
  EXPECT_EQ(from_json<EvalObject>(to_json(eval)).value(), eval);
  EXPECT_EQ(to_json(eval)["metadata"], Json::object());
  EXPECT_EQ(to_json(eval)["data_source_config"]["schema"]["required"], Json({"item", "sample"}));

  EvalRunObject run{.id = "evalrun_1", .eval_id = "eval_1"};
  run.status = EvalRunStatus::failed;
  run.tally.items = {.errored = 1, .failed = 2, .passed = 3};
  run.tally.add_usage("tiny", 10, 2, 4);
  run.tally.criteria = {{.name = "exact", .passed = 3, .failed = 2, .errored = 1}};
  run.error = EvalError{.code = "server_error", .message = "m"};
  EXPECT_EQ(from_json<EvalRunObject>(to_json(run)).value(), run);
  EXPECT_EQ(to_json(run)["result_counts"]["total"], 6);
  EXPECT_EQ(to_json(run)["per_model_usage"][0]["total_tokens"], 12);
}

TEST(EvalTallies, AddUpByModelAndByPlaceOfTheCriterion) {
  EvalTally sum, one;
  one.items.passed = 1;
  one.criteria = {{.name = "same", .passed = 1}, {.name = "same", .failed = 1}};
  one.add_usage("a", 5, 1, 0);
  one.add_usage("b", 7, 1, 0);
  sum.add(one);
  sum.add(one);
  EXPECT_EQ(sum.items.passed, 2);
  ASSERT_EQ(sum.models.size(), 2U);
  EXPECT_EQ(sum.models[1].prompt_tokens, 14);
  EXPECT_EQ(sum.models[0].invocations, 2);
  ASSERT_EQ(sum.criteria.size(), 2U);
  EXPECT_EQ(sum.criteria[0].passed, 2);
  EXPECT_EQ(sum.criteria[1].failed, 2);
}

}  // namespace
}  // namespace attune::wire
