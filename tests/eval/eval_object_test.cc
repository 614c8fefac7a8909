// OpenAI evals as suites, and their testing criteria.
#include "eval/eval_object.h"

#include <gtest/gtest.h>

#include "eval/criteria.h"

namespace attune::eval {
namespace {

Json object() {
  return Json::parse(R"({"name": "animals",
    "data_source_config": {"type": "custom", "item_schema": {"type": "object", "properties": {"animal": {"type": "string"}}}},
    "testing_criteria": [
      {"type": "string_check", "name": "right", "operation": "eq", "input": "{{sample.output_text}}", "reference": "{{item.animal}}"},
      {"type": "score_model", "name": "kind", "model": "judge", "range": [0, 10], "pass_threshold": 7,
       "input": [{"role": "user", "content": "How kind is {{sample.output_text}}?"}]}],
    "data_source": {"type": "completions", "model": "m", "source": {"type": "file_content", "content": [{"item": {"animal": "cat"}}]},
      "sampling_params": {"temperature": 0, "max_completion_tokens": 40},
      "input_messages": {"type": "template", "template": [{"role": "user", "content": "{{item.animal}}?"}]}}})");
}

TEST(EvalObject, IsASuiteWithItsModelRowsAndSampling) {
  const auto suite = suite_of_eval(object(), "animals.json", "/data");
  ASSERT_TRUE(suite) << suite.error().message();
  EXPECT_EQ(suite->name, "animals");
  EXPECT_EQ(suite->measures.metric, Metric::criteria);
  ASSERT_EQ(suite->arms.size(), 1u);
  EXPECT_EQ(suite->arms[0].model, "m");
  EXPECT_EQ(suite->most_tokens, 40);
  EXPECT_EQ(suite->temperature, 0);
  EXPECT_TRUE(check_suite(*suite, "animals.json"));
}

TEST(EvalObject, AsTheApiAnswersItIsReadToo) {
  Json kept = object();
  kept["object"] = "eval";
  kept["id"] = "eval_1";
  kept["created_at"] = 1;
  kept["metadata"] = nullptr;
  kept["data_source_config"] = {{"type", "custom"},
                                {"schema", {{"properties", {{"item", {{"type", "object"}}}}}}}};
  kept.erase("data_source");
  const auto suite = suite_of_eval(kept, "kept.json", "/data");
  ASSERT_TRUE(suite) << suite.error().message();
  EXPECT_TRUE(suite->eval.input_messages.is_null());
  EXPECT_FALSE(check_suite(*suite, "kept.json")) << "no rows yet";
}

TEST(EvalObject, FaultsOfTheApiAreToldWithTheFile) {
  Json broken = object();
  broken["testing_criteria"][0]["operation"] = "is";
  const auto suite = suite_of_eval(broken, "animals.json", "/data");
  ASSERT_FALSE(suite);
  EXPECT_NE(suite.error().message().find("animals.json"), std::string::npos);
  EXPECT_NE(suite.error().message().find("operation"), std::string::npos)
      << suite.error().message();
}

TEST(Criteria, WhatAJudgeSaidIsKeptAndScoredAgainWithoutAskingIt) {
  const auto criteria = Criteria::prepare(object()["testing_criteria"], "e");
  ASSERT_TRUE(criteria) << criteria.error().message();
  EXPECT_EQ(criteria->models(), std::vector<std::string>{"judge"});
  const Item item{
      .id = "1", .input = "cat?", .reference = "", .side = {{"item", {{"animal", "cat"}}}}};
  int asked = 0;
  Answer answer{.text = "cat"};
  answer.judged = criteria->ask(item, answer.text, [&](const ModelQuestion& question) {
    ++asked;
    EXPECT_EQ(question.messages[0].content, "How kind is cat?");
    return Result<ModelReply>(ModelReply{.text = "8", .model = "judge", .usage = {}});
  });
  const ItemScore score = criteria->score(item, answer, nullptr);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(score.exact);
  EXPECT_EQ(score.accuracy, 1);
  ASSERT_EQ(score.measures.size(), 1u);
  EXPECT_EQ(score.measures[0].second, 8);
}

TEST(Criteria, OneWithoutAGradeCountsForNothing) {
  const auto criteria = Criteria::prepare(object()["testing_criteria"], "e");
  ASSERT_TRUE(criteria);
  const Item item{
      .id = "1", .input = "cat?", .reference = "", .side = {{"item", {{"animal", "cat"}}}}};
  const ItemScore score = criteria->score(item, {.text = "cat"}, nullptr);
  EXPECT_EQ(score.accuracy, 1) << "the one that was graded";
  EXPECT_FALSE(score.exact);
  EXPECT_EQ(score.fields[1].wanted, "(no grade)");
  EXPECT_TRUE(score.measures.empty());
}

}  // namespace
}  // namespace attune::eval
