#include "eval/grader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/json.h"

namespace attune::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Judge judge_of(const Json& grader) {
  const auto parsed = wire::parse_validate_grader_request({{"grader", grader}});
  if (!parsed) ADD_FAILURE() << parsed.error().message;
  auto judge = Judge::prepare(*parsed);
  if (!judge) ADD_FAILURE() << judge.error().message();
  return std::move(*judge);
}

Result<ModelReply> nobody(const ModelQuestion&) {
  ADD_FAILURE() << "no model was to be asked";
  return ModelReply{};
}

Grade grade(const Json& grader, const std::string& answer, const Json& item,
            const AskModel& ask = nobody) {
  const Json sample = sample_of(answer);
  return judge_of(grader).grade({.item = item, .sample = sample}, ask);
}

Json check(const std::string& operation) {
  return {{"type", "string_check"},
          {"name", "check"},
          {"input", "{{sample.output_text}}"},
          {"reference", "{{item.label}}"},
          {"operation", operation}};
}

Json similar(const std::string& metric, double threshold = 0.5) {
  return {{"type", "text_similarity"},         {"name", "similar"},
          {"input", "{{sample.output_text}}"}, {"reference", "{{item.label}}"},
          {"evaluation_metric", metric},       {"pass_threshold", threshold}};
}

Json asking(const std::string& type) {
  Json grader = {
      {"type", type},
      {"name", "judge"},
      {"model", "tiny"},
      {"input", Json::array({{{"role", "system"}, {"content", "You judge."}},
                             {{"role", "user"},
                              {"content", "Is {{sample.output_text}} {{item.label}}?"}}})}};
  if (type == "label_model") {
    grader["labels"] = {"yes", "no"};
    grader["passing_labels"] = {"yes"};
  }
  return grader;
}

AskModel answering(const std::string& text, std::vector<ModelQuestion>* asked = nullptr) {
  return [=](const ModelQuestion& question) -> Result<ModelReply> {
    if (asked != nullptr) asked->push_back(question);
    return ModelReply{.text = text,
                      .model = question.model,
                      .cut_off = false,
                      .usage = {.prompt_tokens = 9, .completion_tokens = 1, .cached_tokens = 0}};
  };
}

TEST(Judges, CheckStringsByTheirOperation) {
  struct Case {
    const char* operation;
    const char* answer;
    const char* label;
    bool passes;
  };
  const Case cases[] = {
      {"eq", "cat", "cat", true},           {"eq", "cat", "Cat", false},
      {"eq", " cat", "cat", false},         {"ne", "cat", "dog", true},
      {"ne", "cat", "cat", false},          {"like", "a cat here", "cat", true},
      {"like", "a CAT here", "cat", false}, {"like", "cat", "a cat", false},
      {"ilike", "a CAT here", "cat", true}, {"ilike", "GRÜẞE ÉTÉ", "été", true},
      {"ilike", "dog", "cat", false},
  };
  for (const Case& one : cases) {
    const Grade got = grade(check(one.operation), one.answer, {{"label", one.label}});
    EXPECT_EQ(got.passed, one.passes) << one.operation << " " << one.answer << " " << one.label;
    EXPECT_EQ(got.score, one.passes ? 1 : 0);
  }
}

TEST(Judges, PassASimilarityFromItsThresholdOn) {
  const Json item = {{"label", "the cat sat"}};
  EXPECT_EQ(grade(similar("fuzzy_match", 1.0), "the cat sat", item).score, 1.0);
  EXPECT_TRUE(grade(similar("fuzzy_match", 1.0), "the cat sat", item).passed);
  const Grade half = grade(similar("rouge_1", 0.9), "the cat ran away", item);
  EXPECT_GT(half.score, 0.4);
  EXPECT_FALSE(half.passed);
  for (const char* metric : {"cosine", "fuzzy_match", "bleu", "gleu", "meteor", "rouge_1",
                             "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"}) {
    EXPECT_EQ(grade(similar(metric), "", item).score, 0.0) << metric;
  }
}

TEST(Judges, AskAModelForALabel) {
  std::vector<ModelQuestion> asked;
  const Grade got =
      grade(asking("label_model"), "it", {{"label", "right"}}, answering("yes", &asked));
  EXPECT_TRUE(got.passed);
  EXPECT_EQ(got.score, 1);
  EXPECT_EQ(got.reply->usage.prompt_tokens, 9);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].messages[1].content, "Is it right?");
  EXPECT_THAT(asked[0].labels, ElementsAre("yes", "no"));
  EXPECT_FALSE(grade(asking("label_model"), "it", {{"label", "x"}}, answering("no")).passed);
}

TEST(Judges, AskAModelForAScoreInItsRange) {
  Json grader = asking("score_model");
  grader["range"] = {0, 10};
  const Json item = {{"label", "x"}};
  EXPECT_EQ(grade(grader, "it", item, answering("Score: 7 of 10")).score, 7);
  EXPECT_TRUE(grade(grader, "it", item, answering("7")).passed);  // from 5 on
  EXPECT_FALSE(grade(grader, "it", item, answering("4")).passed);
  grader["pass_threshold"] = 8;
  EXPECT_FALSE(grade(grader, "it", item, answering("7")).passed);
  for (const char* answer : {"11", "-1", "I can not say", ""}) {
    const Grade none = grade(grader, "it", item, answering(answer));
    ASSERT_TRUE(none.problem) << answer;
    EXPECT_EQ(none.problem->fault, GradeFault::model_parse);
    EXPECT_THAT(none.problem->message, HasSubstr("a number from 0 to 10"));
    EXPECT_EQ(none.score, 0);
    EXPECT_FALSE(none.passed);
  }
}

TEST(Judges, ReadAScoreFromTextAndJson) {
  EXPECT_EQ(read_score(" 0.75\n"), 0.75);
  EXPECT_EQ(read_score("-3"), -3);
  EXPECT_EQ(read_score("1e-2"), 0.01);
  EXPECT_EQ(read_score("I give 0.8, out of 1."), 0.8);
  EXPECT_EQ(read_score("about .5"), 0.5);
  EXPECT_EQ(read_score("-0.5 it is"), -0.5);
  EXPECT_EQ(read_score("```json\n{\"steps\": [1, 2], \"result\": 0.25}\n```"), 0.25);
  EXPECT_EQ(read_score(R"({"score": "0.5", "because": 3})"), 0.5);
  EXPECT_EQ(read_score("none"), std::nullopt);
  EXPECT_EQ(read_score("NaN"), std::nullopt);
}

TEST(Judges, SayWhyThereIsNoGrade) {
  const Json item = {{"label", "x"}};
  const Grade variable = grade(check("eq"), "x", {{"other", 1}});
  EXPECT_EQ(variable.problem->fault, GradeFault::invalid_variable);
  EXPECT_EQ(variable.problem->message, "{{item.label}} has no value in this item");
  Json json_check = check("eq");
  json_check["input"] = "{{sample.output_json.animal}}";
  EXPECT_TRUE(grade(json_check, R"({"animal":"x"})", item).passed);
  EXPECT_EQ(grade(json_check, "no JSON", item).problem->fault, GradeFault::sample_parse);
  EXPECT_TRUE(grade(json_check, "no JSON", item).problem->of_answer);
  EXPECT_FALSE(variable.problem->of_answer);
  EXPECT_EQ(grade(json_check, R"({"plant":"x"})", item).problem->fault,
            GradeFault::invalid_variable);
  const Grade server =
      grade(asking("score_model"), "x", item, [](const ModelQuestion&) -> Result<ModelReply> {
        return environment_failure({.where = "model tiny", .found = "it is gone"});
      });
  EXPECT_EQ(server.problem->fault, GradeFault::model_server);
  EXPECT_THAT(server.problem->message, HasSubstr("it is gone"));
}

TEST(Judges, FindAPartInLinearTime) {
  const std::string text(2 << 20, 'a'), part = std::string(1 << 20, 'a') + "b";
  EXPECT_FALSE(grade(check("like"), text, {{"label", part}}).passed);
  EXPECT_TRUE(grade(check("like"), text + "b", {{"label", part}}).passed);
  EXPECT_TRUE(grade(check("like"), text, {{"label", ""}}).passed);
}

TEST(Judges, RefuseTextsThatWouldTakeTooLong) {
  const std::string large(300 << 10, 'x');
  const Grade compared = grade(similar("fuzzy_match"), large, {{"label", "x"}});
  ASSERT_TRUE(compared.problem);
  EXPECT_EQ(compared.problem->fault, GradeFault::too_long);
  EXPECT_TRUE(grade(check("like"), large, {{"label", "xx"}}).passed);
  Json repeated = check("eq");
  repeated["input"] = "";
  for (int i = 0; i < 80; ++i)
    repeated["input"] = repeated["input"].get<std::string>() + "{{item.label}}";
  EXPECT_EQ(grade(repeated, "x", {{"label", large}}).problem->fault, GradeFault::too_long);
}

TEST(Judges, CombineGradersByTheirFormula) {
  Json multi = {{"type", "multi"},
                {"name", "both"},
                {"graders", {{"exact", check("eq")}, {"close to it", similar("fuzzy_match")}}},
                {"calculate_output", "0.25 * exact + 0.75 * close_to_it"}};
  const Grade got = grade(multi, "cat", {{"label", "cat"}});
  EXPECT_EQ(got.score, 1);
  EXPECT_TRUE(got.passed);
  ASSERT_EQ(got.parts.size(), 2U);
  EXPECT_EQ(got.parts[1].first, "close to it");
  EXPECT_EQ(grade(multi, "dog", {{"label", "cat"}}).score, 0);
  multi["calculate_output"] = "1 / exact";
  EXPECT_EQ(grade(multi, "dog", {{"label", "cat"}}).problem->fault, GradeFault::formula);
  EXPECT_THAT(grade(multi, "dog", {{"other", "cat"}}).problem->message,
              HasSubstr("grader exact: {{item.label}}"));
}

TEST(Judges, WithAFaultyTemplateOrFormulaAreNotPrepared) {
  wire::Grader faulty;
  faulty.name = "mine";
  faulty.input = "{{answer}}";
  EXPECT_THAT(Judge::prepare(faulty).error().message(), HasSubstr("grader mine: {{answer}}"));
}

TEST(Judges, NameEveryPlaceOfTheirTemplates) {
  const Json multi = {{"type", "multi"},
                      {"name", "both"},
                      {"graders", {{"a", check("eq")}, {"b", asking("score_model")}}},
                      {"calculate_output", "a * b"}};
  std::vector<std::string> names;
  const Judge judge = judge_of(multi);
  for (const ValuePath* path : judge.places()) names.push_back(path->text());
  EXPECT_THAT(names,
              ElementsAre("sample.output_text", "item.label", "sample.output_text", "item.label"));
}

}  // namespace
}  // namespace attune::eval
