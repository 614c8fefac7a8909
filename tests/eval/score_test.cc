#include "eval/score.h"

#include <gtest/gtest.h>

namespace attune::eval {
namespace {

Json json(std::string_view text) { return *parse_json(text, "test"); }

grammar::Contract contract() {
  return *grammar::Contract::from_json(
      json(R"({"type":"object","required":["priority","count"],"additionalProperties":false,
               "properties":{"priority":{"enum":["low","high"]},"count":{"type":"integer"},"note":{"type":"string"}},
               "x-glossary":{"preferred":["defect"],"forbidden":{"bug":"defect"}}})"),
      "contract");
}

TEST(Score, JudgesAnswersByFormatFieldsAndWholeMatch) {
  const Json reference = json(R"({"priority":"high","count":2})");
  const grammar::Contract rules = contract();
  struct Case {
    const char* answer;
    bool compliant;
    double accuracy;
    bool exact;
  };
  for (const Case& one : std::initializer_list<Case>{
           {R"({"priority":"high","count":2})", true, 1, true},
           {R"( {"count":2.0, "priority":" high "} )", false, 1,
            true},  // " high " is not in the enum
           {R"({"count":2.0,"priority":"high"})", true, 1,
            true},  // order and spelling of numbers don't count
           {R"({"priority":"low","count":2})", true, 0.5, false},
           {R"({"priority":"High","count":2})", false, 0.5, false},    // letter case counts
           {R"({"priority":"high","count":"2"})", false, 0.5, false},  // types count
           {R"({"priority":"high","count":2,"extra":1})", false, 1,
            false},  // fields right, whole not
           {R"({"priority":"high","count":2,"note":"x"})", true, 1, false},
           {R"(Sure: {"priority":"high","count":2})", false, 1,
            false},  // chatter is a format fault only
           {"```json\n{\"priority\":\"high\",\"count\":2}\n```", false, 1, false},
           {R"({"priority":"high")", false, 0, false},
           {"", false, 0, false},
           {"high 2", false, 0, false},
           {R"("high")", false, 0, false},
           {R"([])", false, 0, false}}) {
    const ItemScore score = score_json(one.answer, reference, &rules);
    EXPECT_EQ(score.compliant, one.compliant) << one.answer;
    EXPECT_DOUBLE_EQ(score.accuracy, one.accuracy) << one.answer;
    EXPECT_EQ(score.exact, one.exact) << one.answer;
    EXPECT_EQ(score.violations.empty(), one.compliant) << one.answer;
  }
}

TEST(Score, NamesNestedFieldsAndCountsSurplusElements) {
  const Json reference = json(
      R"({"customer":{"name":"A  B","tags":["x","y"]},"items":[{"sku":"a","n":1},{"sku":"b","n":2}],"none":{}})");
  const ItemScore score = score_json(
      R"({"customer":{"name":"A B","tags":["y","x"]},"items":[{"sku":"a","n":1},{"sku":"c"},{"sku":"d"}],"none":{}})",
      reference, nullptr);
  std::vector<std::string> seen;
  for (const FieldScore& field : score.fields)
    seen.push_back(field.name + (field.correct ? "+" : "-"));
  EXPECT_EQ(seen, (std::vector<std::string>{"customer.name+", "customer.tags-", "items[].sku+",
                                            "items[].n+", "items[].sku-", "items[].n-", "items[]-",
                                            "none+"}));
  EXPECT_EQ(score.fields[5].found, "(missing)");
  EXPECT_DOUBLE_EQ(score.accuracy, 4.0 / 8);
}

TEST(Score, WithoutAContractWantsTheShapeOfTheReference) {
  const Json reference = json(R"({"a":1,"b":["x"],"c":null})");
  EXPECT_TRUE(score_json(R"({"b":["y","z"],"a":2.5,"c":"text"})", reference, nullptr).compliant);
  EXPECT_FALSE(score_json(R"({"a":1,"b":["x"]})", reference, nullptr).compliant);
  EXPECT_FALSE(score_json(R"({"a":"1","b":["x"],"c":null})", reference, nullptr).compliant);
  EXPECT_FALSE(score_json(R"({"a":1,"b":[1],"c":null})", reference, nullptr).compliant);
  EXPECT_FALSE(score_json(R"({"a":1,"b":["x"],"c":null} ok)", reference, nullptr).compliant);
}

TEST(Score, CountsTerms) {
  const grammar::Contract rules = contract();
  const ItemScore score = score_json(R"({"priority":"low","count":1,"note":"a bug, a defect"})",
                                     json(R"({"priority":"low","count":1})"), &rules);
  EXPECT_EQ(score.forbidden_terms, 1);
  EXPECT_EQ(score.preferred_terms, 1);
  EXPECT_FALSE(score.compliant);
}

TEST(Score, ScoresTextByTokens) {
  EXPECT_DOUBLE_EQ(token_f1("The cat, sat!", "the cat sat"), 1);
  EXPECT_DOUBLE_EQ(token_f1("a b", "a c"), 0.5);
  EXPECT_DOUBLE_EQ(token_f1("a a a", "a"), 0.5);
  EXPECT_DOUBLE_EQ(token_f1("", ""), 1);
  EXPECT_DOUBLE_EQ(token_f1("", "a"), 0);
  EXPECT_TRUE(score_text("  billing \n", "billing", nullptr).exact);
  EXPECT_FALSE(score_text("Billing", "billing", nullptr).exact);
  EXPECT_FALSE(score_text(" ", "billing", nullptr).compliant);
}

TEST(Score, FindsJsonInsideText) {
  EXPECT_EQ(find_json(R"(x {not json} y {"a":"}"} z)"), json(R"({"a":"}"})"));
  EXPECT_EQ(find_json("[1] {\"a\":1}"), json("[1]"));
  EXPECT_FALSE(find_json("no json {").has_value());
  EXPECT_FALSE(find_json(std::string(100000, '{')).has_value());
  EXPECT_FALSE(find_json("42").has_value());
}

}  // namespace
}  // namespace attune::eval
