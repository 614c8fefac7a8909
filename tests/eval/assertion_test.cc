// Assertions as promptfoo's test files write them.
#include "eval/assertion.h"

#include <gtest/gtest.h>

namespace attune::eval {
namespace {

Json assertion_json(std::string_view text) { return *parse_json(text, "test"); }

bool holds(std::string_view assertion, std::string_view answer) {
  const auto read = read_assertion(assertion_json(assertion), Json::object(), "test");
  EXPECT_TRUE(read) << read.error().message();
  return read && check(*read, answer).pass;
}

TEST(Assertion, EachTypeHoldsAndFailsAsItsNameSays) {
  struct Case {
    std::string_view assertion, good, bad;
  };
  const Case cases[] = {
      {R"({"type":"equals","value":"yes"})", " yes\n", "Yes"},
      {R"({"type":"equals","value":{"a":1}})", R"({ "a": 1.0 })", R"({"a":2})"},
      {R"({"type":"contains","value":"Refund"})", "a Refund is due", "a refund is due"},
      {R"({"type":"icontains","value":"Refund"})", "a refund is due", "nothing"},
      {R"({"type":"contains-any","value":["x","y"]})", "only y", "none"},
      {R"({"type":"contains-all","value":["x","y"]})", "y then x", "only y"},
      {R"({"type":"icontains-all","value":["X","Y"]})", "y then x", "only y"},
      {R"({"type":"starts-with","value":"Dear"})", "  Dear team", "Hi, Dear"},
      {R"({"type":"regex","value":"^[A-Z]{2}-\\d+$"})", "AB-12", "ab-12"},
      {R"({"type":"is-json"})", "[1]", "[1] and more"},
      {R"({"type":"is-json","value":{"required":["a"]}})", R"({"a":1})", R"({"b":1})"},
      {R"({"type":"contains-json","value":{"required":["a"]}})", R"(Here: {"a":1}.)", "Here: {}"},
      {R"({"type":"levenshtein","value":"kitten","threshold":3})", "sitting", "sittings!"},
      {R"({"type":"token-f1","value":"the red car","threshold":0.6})", "a red car", "blue"},
      {R"({"type":"word-count","value":{"min":2,"max":3}})", "two words", "one"},
      {R"({"type":"word-count","value":1})", "one", "one two"},
  };
  for (const Case& one : cases) {
    EXPECT_TRUE(holds(one.assertion, one.good)) << one.assertion << one.good;
    EXPECT_FALSE(holds(one.assertion, one.bad)) << one.assertion << one.bad;
    Json negated = assertion_json(one.assertion);
    negated["type"] = "not-" + negated["type"].get<std::string>();
    EXPECT_FALSE(holds(to_text(negated), one.good)) << negated;
    EXPECT_TRUE(holds(to_text(negated), one.bad)) << negated;
  }
}

TEST(Assertion, WhatAsksAModelOrRunsCodeIsRefused) {
  for (const char* type : {"similar", "javascript", "python", "factuality", "cost"}) {
    const auto read =
        read_assertion({{"type", type}, {"value", "x"}}, Json::object(), "s: assert[0]");
    ASSERT_FALSE(read) << type;
    EXPECT_NE(read.error().message().find("not evaluated here"), std::string::npos);
  }
}

TEST(Assertion, ARubricHoldsAsTheJudgeSaysAndNotWhereItSaysNothing) {
  const std::vector<Assertion> rubric{
      read_assertion({{"type", "llm-rubric"}, {"value", "polite"}}, Json::object(), "s").value()};
  const auto score = [&](std::vector<Json> judged) {
    return score_assertions("hello", rubric, nullptr, judged).accuracy;
  };
  EXPECT_EQ(score({{{"text", "VERDICT: PASS"}}}), 1);
  EXPECT_EQ(score({{{"text", "VERDICT: FAIL"}}}), 0);
  EXPECT_EQ(score({{{"text", "well"}}}), 0);
  EXPECT_EQ(score({}), 0);
}

TEST(Assertion, AValueOfTheWrongKindIsRefused) {
  for (const char* text : {R"({"type":"contains"})", R"({"type":"contains-any","value":[]})",
                           R"({"type":"regex","value":"("})", R"({"type":"is-json","value":"x"})",
                           R"({"type":"word-count","value":-1})", R"({"type":"equals"})",
                           R"({"type":"contains","value":"x","weight":-1})",
                           R"({"type":"contains","value":"x","wieght":1})", R"({"value":"x"})"})
    EXPECT_FALSE(read_assertion(assertion_json(text), Json::object(), "test")) << text;
}

TEST(Assertion, IsWrittenAsItIsRead) {
  const Json document = assertion_json(
      R"({"type":"not-icontains","value":"{{a}}","threshold":0.5,"weight":2.0,"metric":"tone"})");
  const auto read = read_assertion(document, {{"a", "{{b}}"}}, "test");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->value, "{{b}}");
  const auto again = read_assertion(to_json(*read), Json(), "test");
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again), to_json(*read));
}

TEST(Assertion, AnItemsAccuracyIsTheWeightedShareThatHolds) {
  std::vector<Assertion> all;
  for (const char* text :
       {R"({"type":"contains","value":"a","weight":3})", R"({"type":"is-json"})"})
    all.push_back(*read_assertion(assertion_json(text), Json::object(), "test"));
  const ItemScore score = score_assertions("a", all, nullptr);
  EXPECT_DOUBLE_EQ(score.accuracy, 0.75);
  EXPECT_FALSE(score.exact);
  EXPECT_FALSE(score.compliant);  // is-json is about the format
  EXPECT_EQ(score.violations, std::vector<std::string>{"is-json: there is no JSON document"});
}

TEST(FillTemplate, TakesTextsAsTheyAreAndOtherValuesAsJson) {
  const Json variables = {{"a", "x"}, {"b", {{"c", {1, 2}}}}};
  EXPECT_EQ(*fill_template("{{a}} {{ b.c }} {{", variables, "t"), "x [1,2] {{");
  EXPECT_FALSE(fill_template("{{b.d}}", variables, "t"));
}

}  // namespace
}  // namespace attune::eval
