// Runs of evals in the background: faulty rows, cancelling, a server that starts again.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/eval_service.h"

namespace attune::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class EvalRuns : public EvalService {};

TEST_F(EvalRuns, AFaultyRowIsAnErrorOfItsItemAlone) {
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

TEST_F(EvalRuns, AnEmptyFileFailsItsRun) {
  const std::string eval = create_eval(Json::array({exact()}));
  const std::string file = TestService::json(service_.upload("\n \n", "evals"))["id"];
  const Json run =
      wait(create_run(eval, {{"type", "jsonl"}, {"source", {{"type", "file_id"}, {"id", file}}}}));
  EXPECT_EQ(run["status"], "failed");
  EXPECT_EQ(run["error"]["code"], "invalid_file");
}

TEST_F(EvalRuns, ARunIsCanceledWhileItGoesOn) {
  const std::string eval = create_eval(Json::array({exact()}));
  const Json run = create_run(eval, model_rows(300, 200));
  const std::string path = fmt::format("evals/{}/runs/{}", eval, run["id"].get<std::string>());
  while (get(path)["status"] == "queued") std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(post(path, Json::object(), 200)["status"], "canceled");
  EXPECT_EQ(refusal(path, Json::object())["code"], "invalid_run_status");
  EXPECT_EQ(get("evals/" + eval + "/runs?status=canceled")["data"].size(), 1U);
  EXPECT_EQ(remove(path)["object"], "eval.run.deleted");
  EXPECT_EQ(get(path, 404)["error"]["param"], "id");
  for (int i = 0; i < 1000 && metrics_.background > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(metrics_.background, 0);
}

TEST_F(EvalRuns, ARunGoesOnWhenItsServerStartsAgain) {
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

TEST_F(EvalRuns, BackgroundWorkWaitsWhileARequestIsAnswered) {
  metrics_.generations = 1;  // as if a request was answered, and one item beside it
  metrics_.background = 1;
  const std::string eval = create_eval(Json::array({exact()}));
  const Json run = create_run(eval, model_rows(2, 2));
  const std::string path = fmt::format("evals/{}/runs/{}", eval, run["id"].get<std::string>());
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_EQ(get(path)["result_counts"]["total"], 0);
  metrics_.generations = 0;
  EXPECT_EQ(wait(run)["result_counts"]["total"], 2);
  metrics_.background = 0;
}

}  // namespace
}  // namespace attune::serve
