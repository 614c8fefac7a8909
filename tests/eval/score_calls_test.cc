// Answers that call functions.
#include "eval/score_calls.h"

#include <gtest/gtest.h>

#include "eval/side_data.h"

namespace attune::eval {
namespace {

const Json kFunctions = Json::parse(R"([{"name":"play","parameters":{"type":"dict","properties":
  {"artist":{"type":"string"},"minutes":{"type":"integer"}},"required":["artist"]}},
  {"name":"stop","parameters":{"type":"dict","properties":{}}}])");
const Json kAccepted =
    Json::parse(R"([{"play":{"artist":["Adele","adele adkins"],"minutes":[20,""]}}])");

const Item kNoText = {.id = "1", .input = "", .reference = ""};

ItemScore scored(std::string_view answer) {
  return score_calls(answer, kFunctions, kAccepted, nullptr);
}

TEST(ScoreCalls, ACallWithAcceptedArgumentsIsRight) {
  const ItemScore score = scored(R"([{"name":"play","arguments":{"artist":"ADELE"}}])");
  EXPECT_TRUE(score.compliant && score.exact);
  EXPECT_EQ(score.accuracy, 1);
}

TEST(ScoreCalls, WhatIsWrongStandsInTheFields) {
  const ItemScore other = scored(R"({"name":"stop","arguments":{}})");
  EXPECT_TRUE(other.compliant);
  EXPECT_EQ(other.accuracy, 0);
  EXPECT_FALSE(other.fields[0].correct);
  EXPECT_EQ(other.fields[0].found, "stop");
  const ItemScore value = scored(R"({"name":"play","arguments":{"artist":"Abba"}})");
  EXPECT_TRUE(value.fields[0].correct);
  EXPECT_FALSE(value.fields[1].correct);
  EXPECT_NE(value.fields[1].found.find("Abba"), std::string::npos);
}

TEST(ScoreCalls, ChatterBreaksTheFormatAndIsScored) {
  const ItemScore score = scored(R"(Sure: {"name":"play","arguments":{"artist":"Adele"}})");
  EXPECT_FALSE(score.compliant);
  EXPECT_EQ(score.accuracy, 1);
  const ItemScore none = scored("I cannot.");
  EXPECT_FALSE(none.compliant);
  EXPECT_EQ(none.accuracy, 0);
}

TEST(ScoreCalls, TheReferencesOwnCallsAreTheAcceptedOnesWhereNoFieldIsNamed) {
  const MeasurePlan plan{.metric = Metric::tool_calls};
  const Item item{.id = "1",
                  .input = "q",
                  .reference = R"([{"name":"play","arguments":{"artist":"Adele","minutes":20}}])"};
  const auto side = side_of(plan, Json::object(), kFunctions, item, "row");
  ASSERT_TRUE(side) << side.error().message();
  EXPECT_EQ(to_text((*side)["accepted"]), R"([{"play":{"artist":["Adele"],"minutes":[20]}}])");
}

TEST(ScoreCalls, AFieldOfTheRowOrOfItsMetadataHasTheAcceptedCalls) {
  MeasurePlan plan{.metric = Metric::tool_calls};
  plan.metric_options = {{"accepted", "truth"}, {"functions", "functions"}};
  const Json columns = {{"metadata", {{"truth", kAccepted}, {"functions", to_text(kFunctions)}}}};
  const auto side = side_of(plan, columns, nullptr, kNoText, "row");
  ASSERT_TRUE(side) << side.error().message();
  EXPECT_EQ((*side)["accepted"], kAccepted);
  const auto missing = side_of(plan, {{"text", "x"}}, nullptr, kNoText, "test.jsonl:4");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("test.jsonl:4: no field \"functions\""),
            std::string::npos)
      << missing.error().message();
}

TEST(ScoreCalls, CallsOfFunctionsThatNobodyDeclaredAreRefusedBeforeARun) {
  EXPECT_TRUE(check_calls(kFunctions, kAccepted, "row"));
  EXPECT_FALSE(check_calls(kFunctions, Json::parse(R"([{"fly":{}}])"), "row"));
}

}  // namespace
}  // namespace attune::eval
