// Costs, checkpoints, forgetting and many comparisons in a report.
#include "eval/run_supplements.h"

#include <gtest/gtest.h>

#include "eval/report.h"

namespace attune::eval {
namespace {

RunRecord three_arms(int items) {
  RunRecord record;
  record.subject = "tuned";
  record.arms = {{"zero_shot", {}}, {"few_shot", {}}, {"tuned", {}}};
  for (int i = 0; i < items; ++i) {
    const std::string right = R"({"a":)" + std::to_string(i) + R"(,"b":"x"})";
    const std::string half = R"({"a":)" + std::to_string(i) + R"(,"b":"y"})";
    record.items.push_back({.id = "row " + std::to_string(i), .input = "say", .reference = right});
    for (std::size_t a = 0; a < 3; ++a) {
      const bool good = a == 2 || i % 4 == static_cast<int>(a);
      record.arms[a].answers.push_back({.text = good ? right : half,
                                        .latency_ms = 36,
                                        .prompt_tokens = 100,
                                        .completion_tokens = 10});
    }
  }
  return record;
}

const Supplement* find_part(const Comparison& comparison, std::string_view key) {
  for (const Supplement& part : comparison.supplements) {
    if (part.key == key) return &part;
  }
  return nullptr;
}

TEST(RunSupplements, AnAcceptedAnswerCostsWhatAllAnswersCostOverTheAcceptedShare) {
  RunRecord record = three_arms(40);
  record.suite = {{"arms",
                   {{{"name", "zero_shot"}, {"price", {{"input", 1.0}, {"output", 10.0}}}},
                    {{"name", "few_shot"}},
                    {{"name", "tuned"}, {"price", {{"per_hour", 1.0}}}}}}};
  const auto comparison = compare_run(record);
  ASSERT_TRUE(comparison) << comparison.error().message();
  const Supplement* costs = find_part(*comparison, "costs");
  ASSERT_NE(costs, nullptr);
  ASSERT_EQ(costs->figures.size(), 2U);  // without a price there is no cost
  EXPECT_NEAR(costs->figures[0]["answer"].get<double>(), 200e-6, 1e-12);
  EXPECT_NEAR(costs->figures[0]["accepted_answer"]["value"].get<double>(), 800e-6, 1e-12);
  EXPECT_NEAR(costs->figures[1]["answer"].get<double>(), 1e-5, 1e-12);  // 36 ms of an hour
}

TEST(RunSupplements, ArmsOfCheckpointsAreDrawnByStep) {
  RunRecord record = three_arms(20);
  record.suite = {
      {"arms", {{{"name", "zero_shot"}, {"step", 200}}, {{"name", "tuned"}, {"step", 100}}}}};
  const auto comparison = compare_run(record);
  ASSERT_TRUE(comparison);
  const Supplement* steps = find_part(*comparison, "steps");
  ASSERT_NE(steps, nullptr);
  EXPECT_EQ(steps->figures[0]["step"], 100);
  EXPECT_EQ(steps->figures[1]["arm"], "zero_shot");
  EXPECT_NE(steps->drawing.find("<svg"), std::string::npos);
  const ReportInput input{.title = "t", .created = "", .comparison = *comparison, .verdict = {}};
  EXPECT_NE(report_html(input).find("Score by step"), std::string::npos);
  EXPECT_NE(report_markdown(input).find("## Checkpoint by checkpoint"), std::string::npos);
  EXPECT_EQ(report_json(input)["steps"].size(), 2U);
}

TEST(RunSupplements, ForgettingIsTheBaseLessTheTunedModelOnTheSameItems) {
  RunRecord general = three_arms(40);
  general.arms = {{"base", general.arms[2].answers}, {"tuned", general.arms[0].answers}};
  general.subject = "base";
  RunRecord record = three_arms(8);
  record.general = std::make_shared<const RunRecord>(general);
  const auto comparison = compare_run(record);
  ASSERT_TRUE(comparison);
  const Supplement* forgetting = find_part(*comparison, "forgetting");
  ASSERT_NE(forgetting, nullptr);
  const Json& accuracy = forgetting->figures["domain_accuracy"]["forgetting"];
  EXPECT_NEAR(accuracy["value"].get<double>(), 0.375, 1e-9);
  EXPECT_GT(accuracy["low"].get<double>(), 0);
  EXPECT_NE(forgetting->notes[0].find("it has forgotten something"), std::string::npos);
}

TEST(RunSupplements, ManyComparisonsAreAdjustedTogether) {
  const auto comparison = compare_run(three_arms(40));
  ASSERT_TRUE(comparison);
  const Supplement* many = find_part(*comparison, "many_comparisons");
  ASSERT_NE(many, nullptr);
  ASSERT_EQ(many->figures.size(), 8U);  // two arms; compliance, exact match, a and b
  for (const Json& one : many->figures)
    EXPECT_GE(one["p_adjusted"].get<double>(), one["p"].get<double>());
  const Json& exact = many->figures[1];
  EXPECT_EQ(exact["measure"], "exact match");
  EXPECT_NEAR(exact["p_adjusted"].get<double>(), exact["p"].get<double>() * 2, 1e-15);  // 8 / 4
}

TEST(RunSupplements, TwoComparisonsAreLeftAsTheyAre) {
  RunRecord record = three_arms(40);
  record.arms.erase(record.arms.begin());
  for (Item& item : record.items) item.reference = "plain words";
  const auto comparison = compare_run(record);
  ASSERT_TRUE(comparison);
  EXPECT_EQ(find_part(*comparison, "many_comparisons"), nullptr);
}

}  // namespace
}  // namespace attune::eval
