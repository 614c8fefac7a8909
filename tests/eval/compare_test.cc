#include "eval/compare.h"

#include <gtest/gtest.h>

namespace attune::eval {
namespace {

std::vector<Item> items(int n) {
  std::vector<Item> result;
  for (int i = 0; i < n; ++i) {
    result.push_back(
        {"item-" + std::to_string(i), "question " + std::to_string(i), R"({"a":1,"b":"x"})"});
  }
  return result;
}

// The first `right` answers are perfect, the rest are not JSON.
ArmResult arm(const std::string& name, int n, int right, double latency = 10) {
  ArmResult result{.name = name, .answers = {}};
  for (int i = 0; i < n; ++i) {
    result.answers.push_back(
        {i < right ? R"({"a":1,"b":"x"})" : "I don't know", latency + i, 100, 20});
  }
  return result;
}

TEST(Compare, CountsRatesPairsAndLatency) {
  const auto result = compare(items(100), {arm("zero_shot", 100, 10), arm("tuned", 100, 90)}, {});
  ASSERT_TRUE(result.has_value()) << result.error().message();
  const ArmSummary& tuned = *find_arm(*result, "tuned");
  EXPECT_DOUBLE_EQ(tuned.format_compliance.value, 0.9);
  EXPECT_NEAR(tuned.format_compliance.low, stats::wilson(90, 100).low, 1e-15);
  EXPECT_DOUBLE_EQ(tuned.domain_accuracy.value, 0.9);
  EXPECT_LT(tuned.domain_accuracy.low, 0.86);
  EXPECT_DOUBLE_EQ(tuned.latency_ms.median, 59.5);
  EXPECT_DOUBLE_EQ(tuned.prompt_tokens, 100);
  ASSERT_EQ(tuned.fields.size(), 2u);
  EXPECT_EQ(tuned.fields[0].name, "a");
  EXPECT_EQ(tuned.fields[0].n, 100);
  ASSERT_EQ(result->comparisons.size(), 1u);
  const RateComparison& pair = result->comparisons[0].exact_match;
  EXPECT_EQ(pair.counts.first_only, 80);
  EXPECT_EQ(pair.counts.second_only, 0);
  EXPECT_DOUBLE_EQ(pair.difference.value, 0.8);
  EXPECT_LT(pair.p, 1e-20);
  EXPECT_EQ(result->worst.size(), 10u);
  EXPECT_EQ(result->worst[0].id, "item-90");
  EXPECT_EQ(result->worst[0].answers.size(), 2u);
  EXPECT_EQ(result->examples.size(), 5u);
}

TEST(Compare, GivesAPerfectArmAnIntervalOfSomeWidth) {
  const auto result = compare(items(50), {arm("tuned", 50, 50)}, {});
  ASSERT_TRUE(result.has_value());
  EXPECT_DOUBLE_EQ(result->arms[0].domain_accuracy.value, 1);
  EXPECT_NEAR(result->arms[0].domain_accuracy.low, stats::wilson(50, 50).low, 1e-15);
  EXPECT_TRUE(result->worst.empty());
}

TEST(Compare, ScoresTextWhenOneReferenceIsText) {
  std::vector<Item> mixed = items(2);
  mixed[1].reference = "plain words";
  const auto result = compare(mixed, {arm("tuned", 2, 2)}, {});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->metric, Metric::token_f1);
}

TEST(Compare, RefusesUnequalArms) {
  EXPECT_FALSE(compare({}, {arm("tuned", 0, 0)}, {}).has_value());
  EXPECT_FALSE(compare(items(3), {}, {}).has_value());
  EXPECT_FALSE(compare(items(3), {arm("tuned", 2, 1)}, {}).has_value());
  EXPECT_FALSE(compare(items(3), {arm("tuned", 3, 1), arm("tuned", 3, 1)}, {}).has_value());
}

TEST(Compare, AnItemWithoutAnAnswerIsWrongWhateverAnEmptyTextWouldBeWorth) {
  Item item{.id = "a", .input = "say nothing bad", .reference = ""};
  item.assertions.push_back(
      *read_assertion({{"type", "not-contains"}, {"value", "sorry"}}, Json::object(), "test"));
  const ArmResult silent{"tuned", {Answer{.text = ""}}};
  ArmResult failed{"lost", {Answer{.text = ""}}};
  failed.answers[0].failure = "timed out";
  const auto result = compare({item}, {silent, failed}, {});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->arms[0].exact_match.value, 1);
  EXPECT_EQ(result->arms[1].exact_match.value, 0);
  EXPECT_EQ(result->arms[1].format_compliance.value, 0);
  EXPECT_EQ(result->arms[1].failures, 1);
}

}  // namespace
}  // namespace attune::eval
