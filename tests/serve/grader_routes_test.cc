// Graders over HTTP, and models that judge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/eval_service.h"
#include "serve/model_asker.h"

namespace attune::serve {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class GraderRoutes : public EvalService {};

TEST_F(GraderRoutes, AModelGivesOneOfTheLabels) {
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

TEST_F(GraderRoutes, ALabelIsTheLikeliestOneOfTheModel) {
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

TEST_F(GraderRoutes, AGraderIsRunOnOneAnswer) {
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

TEST_F(GraderRoutes, AGraderIsCheckedWithoutBeingRun) {
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
