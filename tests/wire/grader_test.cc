// Graders as requests give them: what is read, and what is refused with which words.
#include "wire/grader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json exact() {
  return {{"type", "string_check"},
          {"name", "exact"},
          {"input", "{{sample.output_text}}"},
          {"reference", "{{item.label}}"},
          {"operation", "eq"}};
}

Json similar() {
  return {{"type", "text_similarity"},
          {"name", "similar"},
          {"input", "{{sample.output_text}}"},
          {"reference", "{{item.label}}"},
          {"evaluation_metric", "rouge_l"}};
}

Json scored() {
  return {
      {"type", "score_model"},
      {"name", "judge"},
      {"model", "tiny"},
      {"input", Json::array({{{"role", "user"}, {"content", "Score {{sample.output_text}}"}}})}};
}

Json labelled() {
  Json grader = scored();
  grader["type"] = "label_model";
  grader["labels"] = {"good", "bad"};
  grader["passing_labels"] = {"good"};
  return grader;
}

Json with(Json grader, const std::string& key, const Json& value) {
  grader[key] = value;
  return grader;
}

Answer<Grader> parse(const Json& grader) {
  return parse_validate_grader_request({{"grader", grader}});
}
ApiError refusal(const Json& grader) {
  const Answer<Grader> parsed = parse(grader);
  if (!parsed) return parsed.error();
  ADD_FAILURE() << "not refused: " << grader;
  return {};
}

TEST(Graders, AreReadAndKeptAsTheyWereGiven) {
  const Grader grader = parse(exact()).value();
  EXPECT_EQ(grader.type, GraderType::string_check);
  EXPECT_EQ(grader.operation, StringOperation::eq);
  EXPECT_EQ(grader.reference, "{{item.label}}");
  EXPECT_EQ(grader.source, exact());
  EXPECT_EQ(parse(similar()).value().metric, "rouge_l");
}

TEST(Graders, OfModelsReadTheirMessagesAsText) {
  Json judge = scored();
  judge["input"] =
      Json::array({{{"type", "message"},
                    {"role", "developer"},
                    {"content", {{"type", "input_text"}, {"text", "Be"}}}},
                   {{"role", "user"},
                    {"content", Json::array({"a ", {{"type", "output_text"}, {"text", "b"}}})}}});
  judge["range"] = {0, 10};
  judge["sampling_params"] = {
      {"temperature", 0.5}, {"max_completions_tokens", 32}, {"seed", nullptr}};
  const Grader grader = parse(judge).value();
  EXPECT_THAT(grader.messages,
              ElementsAre(PromptMessage{"developer", "Be"}, PromptMessage{"user", "a b"}));
  EXPECT_EQ(grader.source["input"][1]["content"], (Json{{"type", "input_text"}, {"text", "a b"}}));
  EXPECT_EQ(grader.most, 10);
  EXPECT_EQ(grader.sampling.temperature, 0.5);
  EXPECT_EQ(grader.sampling.max_tokens, 32);
}

TEST(Graders, OfATextSimilarityNeedAThresholdInAnEvalOnly) {
  EXPECT_TRUE(parse(similar()));
  const Answer<Grader> refused = parse_criterion(similar());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().param, "pass_threshold");
  EXPECT_EQ(parse_criterion(with(similar(), "pass_threshold", 0.8)).value().pass_threshold, 0.8);
}

TEST(Graders, OfAMultiGraderComeByNameInAListOrAlone) {
  const Json multi = {{"type", "multi"},
                      {"name", "both"},
                      {"graders", {{"a", exact()}, {"b", similar()}}},
                      {"calculate_output", "a + b"}};
  const auto names = [](const Json& grader) {
    std::vector<std::string> found;
    const Grader parsed = parse(grader).value();
    for (const auto& [name, inner] : parsed.graders) found.push_back(name);
    return found;
  };
  EXPECT_THAT(names(multi), ElementsAre("a", "b"));
  EXPECT_THAT(names(with(multi, "graders", Json::array({exact(), similar()}))),
              ElementsAre("exact", "similar"));
  EXPECT_THAT(names(with(multi, "graders", exact())), ElementsAre("exact"));
  EXPECT_THAT(refusal(with(multi, "graders", {{"a", multi}})).message,
              HasSubstr("can not be inside another one"));
}

TEST(Graders, ThatCannotRunHereAreRefusedByName) {
  const Json python = {
      {"type", "python"}, {"name", "mine"}, {"source", "def grade(a, b): return 1"}};
  EXPECT_THAT(refusal(python).message, HasSubstr("runs no code of its clients"));
  EXPECT_EQ(refusal(python).param, "grader.type");
  const Json image = {{"type", "input_image"}, {"image_url", "https://example.com/a.png"}};
  const ApiError error = refusal(with(
      scored(), "input", Json::array({{{"role", "user"}, {"content", Json::array({image})}}})));
  EXPECT_EQ(error.param, "grader.input[0].content[0].type");
  EXPECT_THAT(error.message, HasSubstr("read text only"));
}

TEST(Graders, ThatAreFaultyAreRefusedWithTheirPlace) {
  const std::vector<std::pair<Json, std::string>> cases = {
      {Json::object(), "grader.type"},
      {with(exact(), "type", "regex"), "grader.type"},
      {with(exact(), "name", ""), "grader.name"},
      {with(exact(), "operation", "matches"), "grader.operation"},
      {with(exact(), "colour", "red"), "grader.colour"},
      {with(similar(), "evaluation_metric", "rouge_9"), "grader.evaluation_metric"},
      {with(labelled(), "labels", Json::array()), "grader.labels"},
      {with(labelled(), "labels", {"good", "good"}), "grader.labels[1]"},
      {with(labelled(), "passing_labels", {"fine"}), "grader.passing_labels"},
      {with(scored(), "range", {1, 0}), "grader.range"},
      {with(scored(), "range", {1}), "grader.range"},
      {with(scored(), "input", Json::array()), "grader.input"},
      {with(scored(), "input", Json::array({{{"role", "tool"}, {"content", "x"}}})),
       "grader.input[0].role"},
      {with(scored(), "sampling_params", {{"reasoning_effort", "high"}}),
       "grader.sampling_params.reasoning_effort"},
  };
  for (const auto& [grader, param] : cases) EXPECT_EQ(refusal(grader).param, param) << grader;
}

TEST(Graders, AreRunOnASampleAndAnItem) {
  const RunGraderRequest request =
      parse_run_grader_request(
          {{"grader", exact()}, {"item", {{"label", "x"}}}, {"model_sample", "x"}})
          .value();
  EXPECT_EQ(request.item["label"], "x");
  EXPECT_EQ(request.model_sample, "x");
  const auto refused = parse_run_grader_request({{"grader", exact()}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().param, "model_sample");
}

}  // namespace
}  // namespace attune::wire
