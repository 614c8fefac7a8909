// Evals, their runs and graders over HTTP, with a tiny model that answers and judges.
#include <chrono>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/eval_runner.h"
#include "serve/metrics.h"
#include "serve/model_asker.h"
#include "serve/routes_evals.h"
#include "serve/routes_graders.h"
#include "serve/test_service.h"
#include "serve/tiny_base.h"

namespace attune::serve {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class EvalRoutes : public testing::Test {
 protected:
  EvalRoutes()
      : service_([this](TestService& service, Router& router, ServerOptions&) {
          write_tiny_base(service.home.models() / "tiny", 7);
          PoolOptions options;
          options.models_folder = service.home.models();
          options.precision = model::Precision::f32;
          options.engine.threads = 2;
          pool_ = ModelPool::open(std::move(options), *service.store).value();
          service.app->models = pool_.get();
          service.app->metrics = &metrics_;
          add_chat_routes(router, *service.app);
          add_eval_routes(router, *service.app);
          add_grader_routes(router, *service.app);
          start(*service.app);
        }) {}
  ~EvalRoutes() override {
    service_.stop();
    runner_.reset();
  }

  void start(App& app) {
    EvalRunnerOptions options;
    options.items_at_once = 3;
    options.lease_seconds = 5;
    options.look_seconds = 0.1;
    runner_ = std::make_unique<EvalRunner>(app, options);
    app.evals = runner_.get();
  }
  void restart_runner() {
    runner_.reset();
    start(*service_.app);
  }

  Json post(const std::string& path, const Json& body, int status = 201) const {
    const Reply reply = service_.post("/v1/" + path, to_text(body));
    EXPECT_EQ(reply.status, status) << reply.body;
    return TestService::json(reply);
  }
  Json get(const std::string& path, int status = 200) const {
    const Reply reply = service_.get("/v1/" + path);
    EXPECT_EQ(reply.status, status) << reply.body;
    return TestService::json(reply);
  }
  Json remove(const std::string& path) const {
    const Reply reply = service_.remove("/v1/" + path);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return TestService::json(reply);
  }
  // The error of a request that is to be refused with `status`.
  Json refusal(const std::string& path, const Json& body, int status = 400) const {
    return post(path, body, status)["error"];
  }

  std::string create_eval(const Json& criteria, const Json& item_schema = {{"type", "object"}}) {
    return post(
        "evals",
        {{"data_source_config",
          {{"type", "custom"}, {"item_schema", item_schema}, {"include_sample_schema", true}}},
         {"testing_criteria", criteria}})["id"];
  }
  Json create_run(const std::string& eval, const Json& data_source) {
    return post("evals/" + eval + "/runs", {{"data_source", data_source}});
  }
  Json wait(const Json& run) {
    const std::string path = fmt::format("evals/{}/runs/{}", run["eval_id"].get<std::string>(),
                                         run["id"].get<std::string>());
    for (int i = 0; i < 3000; ++i) {
      Json now = get(path);
      if (now["status"] != "queued" && now["status"] != "in_progress") return now;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "the run does not end";
    return run;
  }
  Json items(const Json& run, const std::string& query = "limit=100") {
    return get(fmt::format("evals/{}/runs/{}/output_items?{}", run["eval_id"].get<std::string>(),
                           run["id"].get<std::string>(), query))["data"];
  }

  static Json exact(const std::string& name = "exact") {
    return {{"type", "string_check"},
            {"name", name},
            {"input", "{{sample.output_text}}"},
            {"reference", "{{item.label}}"},
            {"operation", "eq"}};
  }
  static Json labelling() {
    return {{"type", "label_model"},
            {"name", "judge"},
            {"model", "tiny"},
            {"input", Json::array({{{"role", "user"}, {"content", "Is {{item.label}} good?"}}})},
            {"labels", {"good", "good enough", "bad"}},
            {"passing_labels", {"good", "good enough"}}};
  }
  static Json answered_rows() {
    const auto row = [](const char* label, const char* answer) {
      return Json{{"item", {{"label", label}}}, {"sample", {{"output_text", answer}}}};
    };
    return {{"type", "jsonl"},
            {"source",
             {{"type", "file_content"},
              {"content", Json::array({row("a", "a"), row("b", "x"), row("c", "c")})}}}};
  }
  static Json model_rows(int count, int tokens) {
    Json rows = Json::array();
    for (int i = 0; i < count; ++i)
      rows.push_back({{"item", {{"question", fmt::format("Why {}?", i)}, {"label", "x"}}}});
    return {{"type", "completions"},
            {"model", "tiny"},
            {"source", {{"type", "file_content"}, {"content", rows}}},
            {"input_messages",
             {{"type", "template"},
              {"template", Json::array({{{"role", "user"}, {"content", "{{item.question}}"}}})}}},
            {"sampling_params", {{"temperature", 0}, {"max_completion_tokens", tokens}}}};
  }

  ServerMetrics metrics_;
  std::unique_ptr<ModelPool> pool_;
  std::unique_ptr<EvalRunner> runner_;
  TestService service_;
};

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
  EXPECT_EQ(all[1]["sample"]["output"][0]["content"], "x");
  const std::string id = all[2]["id"];
  EXPECT_EQ(
      get(fmt::format("evals/{}/runs/{}/output_items/{}", eval, run["id"].get<std::string>(), id)),
      all[2]);
  EXPECT_EQ(items(run, "status=pass").size(), 0U);
  EXPECT_EQ(items(run, "status=failed&limit=2").size(), 2U);
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

TEST_F(EvalRoutes, AFaultyRowIsAnErrorOfItsItemAlone) {
  const Json schema = {{"type", "object"},
                       {"properties", {{"label", {{"type", "string"}}}}},
                       {"required", {"label"}}};
  const std::string eval = create_eval(Json::array({exact()}), schema);
  const std::string rows = R"({"item":{"label":"a"},"sample":{"output_text":"a"}})"
                           "\n\n{broken\n"
                           R"({"label":"a"})"
                           "\n"
                           R"({"item":{"label":3},"sample":{"output_text":"3"}})"
                           "\n"
                           R"({"item":{"label":"d"}})";
  const std::string file = TestService::json(service_.upload(rows, "evals"))["id"];
  const Json run =
      wait(create_run(eval, {{"type", "jsonl"}, {"source", {{"type", "file_id"}, {"id", file}}}}));
  EXPECT_EQ(run["status"], "completed");
  EXPECT_EQ(run["result_counts"],
            (Json{{"total", 5}, {"errored", 4}, {"failed", 0}, {"passed", 1}}));
  EXPECT_EQ(run["per_testing_criteria_results"][0]["errored"], 4);
  const Json all = items(run, "status=error");
  ASSERT_EQ(all.size(), 4U);
  const auto message = [&](int i) {
    return all[static_cast<std::size_t>(i)]["sample"]["error"]["message"].get<std::string>();
  };
  EXPECT_THAT(message(0), StartsWith("file:3:"));
  EXPECT_THAT(message(1), HasSubstr("no object \"item\""));
  EXPECT_THAT(message(2), HasSubstr("/label"));
  EXPECT_EQ(all[3]["results"][0]["error"]["code"], "invalid_variable_error");
}

TEST_F(EvalRoutes, AnEmptyFileFailsItsRun) {
  const std::string eval = create_eval(Json::array({exact()}));
  const std::string file = TestService::json(service_.upload("\n \n", "evals"))["id"];
  const Json run =
      wait(create_run(eval, {{"type", "jsonl"}, {"source", {{"type", "file_id"}, {"id", file}}}}));
  EXPECT_EQ(run["status"], "failed");
  EXPECT_EQ(run["error"]["code"], "invalid_file");
}

TEST_F(EvalRoutes, AModelGivesOneOfTheLabels) {
  const std::string eval = create_eval(Json::array({labelling()}));
  const Json run = wait(create_run(eval, answered_rows()));
  EXPECT_EQ(run["result_counts"]["errored"], 0);
  EXPECT_EQ(run["per_model_usage"][0]["invocation_count"], 3);
  for (const Json& item : items(run)) {
    const Json& result = item["results"][0];
    const std::string label = result["sample"]["output"][0]["content"];
    EXPECT_THAT(label, AnyOf("good", "good enough", "bad"));
    EXPECT_EQ(result["passed"], label != "bad");
  }
}

TEST_F(EvalRoutes, ALabelIsTheLikeliestOneOfTheModel) {
  // Labels of one character each: the model's own first choice among them.
  const std::vector<wire::PromptMessage> messages = {{.role = "user", .content = "Which?"}};
  const ModelAsker asker(*service_.app, {}, {});
  const Json answer = post("chat/completions",
                           {{"model", "tiny"},
                            {"messages", Json::array({{{"role", "user"}, {"content", "Which?"}}})},
                            {"temperature", 0},
                            {"logprobs", true},
                            {"top_logprobs", 20},
                            {"max_completion_tokens", 1}},
                           200);
  std::vector<std::string> likeliest;
  for (const Json& top : answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"])
    if (top["token"].get<std::string>().size() == 1) likeliest.push_back(top["token"]);
  ASSERT_GE(likeliest.size(), 5U);
  EXPECT_EQ(
      asker
          .choose("tiny", messages, {likeliest[4], likeliest[2], likeliest[3]}, {.temperature = 0})
          ->text,
      likeliest[2]);
  // A label that goes on where another one ends can still be chosen, and so can the shorter one.
  const auto either = asker.choose("tiny", messages, {"yes", "yes!"}, {.temperature = 0});
  EXPECT_THAT(either->text, AnyOf("yes", "yes!"));
  EXPECT_EQ(either->usage.completion_tokens, 1);
}

TEST_F(EvalRoutes, ARunIsCanceledWhileItGoesOn) {
  const std::string eval = create_eval(Json::array({exact()}));
  const Json run = create_run(eval, model_rows(300, 200));
  const std::string path = fmt::format("evals/{}/runs/{}", eval, run["id"].get<std::string>());
  while (get(path)["status"] == "queued") std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(post(path, Json::object(), 200)["status"], "canceled");
  EXPECT_EQ(refusal(path, Json::object())["code"], "invalid_run_status");
  EXPECT_EQ(get("evals/" + eval + "/runs?status=canceled")["data"].size(), 1U);
  EXPECT_EQ(remove(path)["object"], "eval.run.deleted");
  EXPECT_EQ(get(path, 404)["error"]["param"], "id");
  for (int i = 0; i < 1000 && metrics_.generations > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(metrics_.generations, 0);
}

TEST_F(EvalRoutes, ARunGoesOnWhenItsServerStartsAgain) {
  const std::string eval = create_eval(Json::array({exact()}));
  const Json run = create_run(eval, model_rows(100, 200));
  const std::string path = fmt::format("evals/{}/runs/{}", eval, run["id"].get<std::string>());
  for (int i = 0; i < 1000 && get(path)["result_counts"]["total"] == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  restart_runner();
  const Json after = get(path);
  EXPECT_EQ(after["status"], "in_progress");
  EXPECT_LT(after["result_counts"]["total"], 100);
  const Json ended = wait(run);
  EXPECT_EQ(ended["status"], "completed");
  EXPECT_EQ(ended["result_counts"]["total"], 100);
  EXPECT_EQ(ended["result_counts"]["errored"], 0);
  EXPECT_EQ(ended["per_model_usage"][0]["invocation_count"], 100);
  std::set<std::int64_t> numbers;
  for (const Json& item : items(ended))
    numbers.insert(item["datasource_item_id"].get<std::int64_t>());
  EXPECT_EQ(numbers.size(), 100U);
}

TEST_F(EvalRoutes, BackgroundWorkWaitsWhileARequestIsAnswered) {
  metrics_.generations = 2;  // as if one of a request and one of the background went on
  metrics_.background = 1;
  const std::string eval = create_eval(Json::array({exact()}));
  const Json run = create_run(eval, model_rows(2, 2));
  const std::string path = fmt::format("evals/{}/runs/{}", eval, run["id"].get<std::string>());
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_EQ(get(path)["result_counts"]["total"], 0);
  metrics_.generations = 1;
  EXPECT_EQ(wait(run)["result_counts"]["total"], 2);
  metrics_.generations = metrics_.background = 0;
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

TEST_F(EvalRoutes, AGraderIsRunOnOneAnswer) {
  const std::string run = "fine_tuning/alpha/graders/run";
  const Json same =
      post(run, {{"grader", exact()}, {"item", {{"label", "a"}}}, {"model_sample", "a"}}, 200);
  EXPECT_EQ(same["reward"], 1.0);
  EXPECT_EQ(same["metadata"]["type"], "string_check");
  EXPECT_EQ(same["metadata"]["errors"]["invalid_variable_error"], false);
  EXPECT_TRUE(same["metadata"]["token_usage"].is_null());
  const Json none = post(run, {{"grader", exact()}, {"model_sample", "a"}}, 200);
  EXPECT_EQ(none["reward"], 0.0);
  EXPECT_EQ(none["metadata"]["errors"]["invalid_variable_error"], true);
  Json similar = exact("similar");
  similar["type"] = "text_similarity";
  similar.erase("operation");
  similar["evaluation_metric"] = "fuzzy_match";
  const Json multi = post(run,
                          {{"grader",
                            {{"type", "multi"},
                             {"name", "both"},
                             {"graders", {{"a", exact()}, {"b", similar}, {"c", labelling()}}},
                             {"calculate_output", "(a + b) / 2 + 0 * c"}}},
                           {"item", {{"label", "abcd"}}},
                           {"model_sample", "abcx"}},
                          200);
  EXPECT_EQ(multi["reward"], 0.375);
  EXPECT_EQ(multi["sub_rewards"]["b"], 0.75);
  EXPECT_EQ(multi["metadata"]["sampled_model_name"], "tiny");
  EXPECT_GT(multi["model_grader_token_usage_per_model"]["tiny"]["prompt_tokens"], 0);
}

TEST_F(EvalRoutes, AGraderIsCheckedWithoutBeingRun) {
  const std::string validate = "fine_tuning/alpha/graders/validate";
  EXPECT_EQ(post(validate, {{"grader", exact()}}, 200)["grader"], exact());
  Json faulty = exact();
  faulty["input"] = "{{sample.output_text";
  EXPECT_EQ(refusal(validate, {{"grader", faulty}})["param"], "grader");
  Json judge = labelling();
  judge["model"] = "gpt-4o";
  EXPECT_EQ(refusal(validate, {{"grader", judge}})["param"], "grader.model");
  const Json multi = {{"type", "multi"},
                      {"name", "m"},
                      {"graders", {{"a", exact()}}},
                      {"calculate_output", "a + b"}};
  EXPECT_THAT(refusal(validate, {{"grader", multi}})["message"].get<std::string>(),
              HasSubstr("\"b\", which is none of the graders a"));
}

}  // namespace
}  // namespace attune::serve
