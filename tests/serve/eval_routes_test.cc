// Evals, their runs and output items over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/eval_service.h"

namespace attune::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class EvalRoutes : public EvalService {};

TEST_F(EvalRoutes, AnEvalIsKeptListedChangedAndDeleted) {
  const std::string first = create_eval(Json::array({exact()}));
  const std::string second = create_eval(Json::array({exact()}));
  EXPECT_THAT(first, StartsWith("eval_"));
  const Json eval = get("evals/" + first);
  EXPECT_EQ(eval["object"], "eval");
  EXPECT_EQ(eval["name"], first);
  EXPECT_EQ(eval["testing_criteria"][0], exact());
  EXPECT_EQ(eval["data_source_config"]["schema"]["required"], Json({"item", "sample"}));
  const Json changed = post("evals/" + first, {{"name", "n"}, {"metadata", {{"a", "b"}}}}, 200);
  EXPECT_EQ(changed["name"], "n");
  EXPECT_EQ(get("evals/" + first)["metadata"]["a"], "b");
  const Json page = get("evals?limit=1");
  EXPECT_EQ(page["data"][0]["id"], first);
  EXPECT_EQ(page["has_more"], true);
  EXPECT_EQ(get("evals?after=" + first)["data"][0]["id"], second);
  EXPECT_EQ(get("evals?order=desc")["first_id"], second);
  EXPECT_EQ(remove("evals/" + first)["object"], "eval.deleted");
  EXPECT_EQ(get("evals/" + first, 404)["error"]["message"], "No such eval: " + first);
}

TEST_F(EvalRoutes, ARunJudgesAnswersThatTheRowsBring) {
  Json negative = exact("other");
  negative["operation"] = "ne";
  const std::string eval = create_eval(Json::array({exact(), negative}));
  const Json created = create_run(eval, answered_rows());
  EXPECT_EQ(created["object"], "eval.run");
  EXPECT_THAT(created["report_url"].get<std::string>(), StartsWith("http://localhost/v1/evals/"));
  const Json run = wait(created);
  EXPECT_EQ(run["status"], "completed");
  EXPECT_EQ(run["result_counts"],
            (Json{{"total", 3}, {"errored", 0}, {"failed", 3}, {"passed", 0}}));
  EXPECT_EQ(run["per_testing_criteria_results"][0]["passed"], 2);
  EXPECT_EQ(run["per_testing_criteria_results"][1]["passed"], 1);
  EXPECT_EQ(run["per_model_usage"], Json::array());
  EXPECT_EQ(run["data_source"], answered_rows());
  EXPECT_TRUE(run["error"].is_null());
  const Json all = items(run);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1]["datasource_item"]["label"], "b");
  EXPECT_EQ(all[1]["datasource_item_id"], 1);
  EXPECT_EQ(all[1]["results"][0]["type"], "string-check-grader");
  EXPECT_EQ(all[1]["results"][0]["passed"], false);
  EXPECT_EQ(all[1]["results"][1]["score"], 1.0);
  EXPECT_EQ(all[1]["sample"]["output"][0]["content"], "<x>");
  const std::string id = all[2]["id"];
  EXPECT_EQ(
      get(fmt::format("evals/{}/runs/{}/output_items/{}", eval, run["id"].get<std::string>(), id)),
      all[2]);
  const Reply report = service_.get(run["report_url"].get<std::string>().substr(16));
  EXPECT_EQ(report.status, 200);
  EXPECT_THAT(report.body, HasSubstr("66.7 % (20.8 to 93.9 %)"));  // 2 of 3, Wilson
  EXPECT_THAT(report.body, HasSubstr("Items that did not pass: 3 of 3"));
  EXPECT_THAT(report.body, HasSubstr("&lt;x&gt;"));
  EXPECT_EQ(items(run, "status=pass").size(), 0U);
  EXPECT_EQ(items(run, "status=failed&limit=2").size(), 2U);
}

TEST_F(EvalRoutes, AnAnswerWithoutTheJsonThatIsAskedForFails) {
  Json animal = exact("animal");
  animal["input"] = "{{sample.output_json.animal}}";
  const std::string eval = create_eval(Json::array({animal}));
  const auto row = [](const char* answer) {
    return Json{{"item", {{"label", "cat"}}}, {"sample", {{"output_text", answer}}}};
  };
  Json source = answered_rows();
  source["source"]["content"] =
      Json::array({row(R"({"animal":"cat"})"), row("a cat"), row(R"({"plant":"cat"})")});
  const Json run = wait(create_run(eval, source));
  EXPECT_EQ(run["result_counts"],
            (Json{{"total", 3}, {"errored", 0}, {"failed", 2}, {"passed", 1}}));
  const Json all = items(run);
  EXPECT_EQ(all[1]["status"], "fail");
  EXPECT_EQ(all[1]["results"][0]["error"]["code"], "sample_parse_error");
  EXPECT_EQ(all[2]["results"][0]["error"]["code"], "invalid_variable_error");
}

TEST_F(EvalRoutes, ARunAnswersAsChatDoes) {
  const std::string eval = create_eval(Json::array({exact()}));
  const Json run = wait(create_run(eval, model_rows(5, 6)));
  EXPECT_EQ(run["status"], "completed");
  EXPECT_EQ(run["model"], "tiny");
  EXPECT_EQ(run["name"], "tiny");
  const Json usage = run["per_model_usage"][0];
  EXPECT_EQ(usage["model_name"], "tiny");
  EXPECT_EQ(usage["invocation_count"], 5);
  const Json item = items(run)[3];
  const Json answer = post("chat/completions",
                           {{"model", "tiny"},
                            {"messages", Json::array({{{"role", "user"}, {"content", "Why 3?"}}})},
                            {"temperature", 0},
                            {"max_completion_tokens", 6}},
                           200);
  const Json& sample = item["sample"];
  EXPECT_EQ(sample["input"], Json::array({{{"role", "user"}, {"content", "Why 3?"}}}));
  EXPECT_EQ(sample["output"][0]["content"], answer["choices"][0]["message"]["content"]);
  EXPECT_EQ(sample["finish_reason"], answer["choices"][0]["finish_reason"]);
  EXPECT_EQ(sample["usage"]["prompt_tokens"], answer["usage"]["prompt_tokens"]);
  EXPECT_EQ(sample["max_completion_tokens"], 6);
  EXPECT_EQ(sample["seed"], 42);
}

TEST_F(EvalRoutes, ARunTakesThePromptThatAnItemHas) {
  const std::string eval = create_eval(Json::array({exact()}));
  Json source = model_rows(2, 4);
  source["input_messages"] = {{"type", "item_reference"}, {"item_reference", "item.messages"}};
  Json& rows = source["source"]["content"];
  rows[0]["item"]["messages"] = Json::array({{{"role", "system"}, {"content", "{{item.label}}"}}});
  const Json run = wait(create_run(eval, source));
  const Json all = items(run);
  EXPECT_EQ(all[0]["sample"]["input"][0]["content"], "{{item.label}}");
  EXPECT_EQ(all[1]["status"], "error");
  EXPECT_THAT(all[1]["sample"]["error"]["message"].get<std::string>(), HasSubstr("item.messages"));
}

TEST_F(EvalRoutes, WhatCannotBeIsRefusedInWords) {
  const std::string eval = create_eval(Json::array({exact()}));
  const std::string runs = "evals/" + eval + "/runs";
  EXPECT_EQ(refusal("evals/eval_none/runs", {{"data_source", answered_rows()}}, 404)["message"],
            "No such eval: eval_none");
  Json source = model_rows(1, 2);
  source["model"] = "gpt-4o";
  EXPECT_EQ(refusal(runs, {{"data_source", source}})["param"], "data_source.model");
  source["model"] = "tiny";
  source["input_messages"]["template"][0]["content"] = "{{question}}";
  EXPECT_EQ(refusal(runs, {{"data_source", source}})["param"], "data_source.input_messages");
  source = answered_rows();
  source["source"]["content"][0]["item"]["label"] = std::string(5 << 20, 'x');
  EXPECT_THAT(refusal(runs, {{"data_source", source}})["message"].get<std::string>(),
              HasSubstr("Upload them as a file"));
  const std::string training = service_.create_file();
  EXPECT_THAT(refusal(runs, {{"data_source",
                              {{"type", "jsonl"},
                               {"source", {{"type", "file_id"}, {"id", training}}}}}})["message"]
                  .get<std::string>(),
              HasSubstr("takes files of purpose 'evals'"));
  EXPECT_EQ(get("evals?order_by=name", 400)["error"]["param"], "order_by");
  EXPECT_EQ(get("evals?after=eval_none", 400)["error"]["param"], "after");
  EXPECT_EQ(get(runs + "?status=done", 400)["error"]["param"], "status");
  EXPECT_EQ(get(runs + "/evalrun_none", 404)["error"]["message"], "No such eval run: evalrun_none");

  const auto refused = [&](const Json& schema, const Json& grader) {
    return refusal("evals", {{"data_source_config", {{"type", "custom"}, {"item_schema", schema}}},
                             {"testing_criteria", Json::array({grader})}})["param"]
        .get<std::string>();
  };
  EXPECT_EQ(refused({{"type", "objekt"}}, exact()), "data_source_config.item_schema");
  Json grader = exact();
  grader["reference"] = "{{answer}}";
  EXPECT_EQ(refused({{"type", "object"}}, grader), "testing_criteria[0]");
  EXPECT_EQ(refused({{"type", "object"},
                     {"properties", {{"text", {{"type", "string"}}}}},
                     {"additionalProperties", false}},
                    exact()),
            "testing_criteria[0]");
  Json judge = labelling();
  judge["model"] = "gpt-4o";
  const std::string other = create_eval(Json::array({judge}));
  EXPECT_EQ(refusal("evals/" + other + "/runs", {{"data_source", answered_rows()}})["param"],
            "testing_criteria[0].model");
}

}  // namespace
}  // namespace attune::serve
