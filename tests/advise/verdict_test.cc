#include "advise/verdict.h"

#include <gtest/gtest.h>

namespace attune::advise {
namespace {

using eval::Decision;

// Each arm is given as the number of perfect answers and of compliant but half-right ones among n
// items, interleaved so that the arms' items differ: an arm with `shift` starts its good items
// later.
struct Recipe {
  std::string name;
  int perfect;
  int half_right = 0;
  int shift = 0;
};

eval::Comparison comparison(int n, const std::vector<Recipe>& recipes) {
  std::vector<eval::Item> items;
  for (int i = 0; i < n; ++i) items.push_back({std::to_string(i), "q", R"({"a":1,"b":2})"});
  std::vector<eval::ArmResult> arms;
  for (const Recipe& recipe : recipes) {
    eval::ArmResult arm{.name = recipe.name, .answers = {}};
    for (int i = 0; i < n; ++i) {
      const int place = (i + n - recipe.shift) % n;
      const char* text = place < recipe.perfect                       ? R"({"a":1,"b":2})"
                         : place < recipe.perfect + recipe.half_right ? R"({"a":1,"b":3})"
                                                                      : "no";
      arm.answers.push_back({text, 10, 50, 10});
    }
    arms.push_back(std::move(arm));
  }
  auto result = eval::compare(items, arms, {.bootstrap = {.resamples = 2000}});
  EXPECT_TRUE(result.has_value());
  return *result;
}

TEST(Verdict, SaysFineTuneWhenTheGainIsLargeAndTested) {
  const auto verdict =
      decide(comparison(300, {{"zero_shot", 20}, {"few_shot", 150}, {"tuned", 290}}));
  EXPECT_EQ(verdict.decision, Decision::fine_tune);
  EXPECT_EQ(verdict.recommended_arm, "tuned");
  EXPECT_EQ(verdict.exit_code, 0);
  ASSERT_GE(verdict.reasons.size(), 3u);
  EXPECT_NE(verdict.reasons[0].find("few-shot prompting"), std::string::npos);
  EXPECT_NE(verdict.reasons[2].find("p < 0.001"), std::string::npos);
}

TEST(Verdict, SaysPromptingIsEnoughWhenTuningAddsNothing) {
  const auto verdict =
      decide(comparison(1000, {{"zero_shot", 300}, {"few_shot", 970}, {"tuned", 975}}));
  EXPECT_EQ(verdict.decision, Decision::prompting_is_enough);
  EXPECT_EQ(eval::decision_text(verdict.decision), "few-shot prompting is enough");
  EXPECT_EQ(verdict.recommended_arm, "few_shot");
  EXPECT_EQ(verdict.headline.find("Few-shot prompting is enough"), 0u);
  EXPECT_EQ(verdict.exit_code, 0);
}

TEST(Verdict, SaysPromptingIsEnoughWhenItMeetsTheRequiredBars) {
  const auto verdict =
      decide(comparison(500, {{"few_shot", 440}, {"tuned", 500}}), {.format_compliance = 0.8});
  EXPECT_EQ(verdict.decision, Decision::prompting_is_enough);
  EXPECT_EQ(verdict.gates[0].arm, "few_shot");
  EXPECT_EQ(verdict.exit_code, 0);
}

TEST(Verdict, SaysDoNotFineTuneWhenItHarms) {
  const auto verdict = decide(comparison(300, {{"few_shot", 280}, {"tuned", 200}}));
  EXPECT_EQ(verdict.decision, Decision::do_not_fine_tune);
  EXPECT_EQ(verdict.recommended_arm, "few_shot");
}

TEST(Verdict, SaysDoNotFineTuneWhenNothingIsGainedAndNothingIsGood) {
  const auto verdict = decide(comparison(1000, {{"few_shot", 400}, {"tuned", 405}}));
  EXPECT_EQ(verdict.decision, Decision::do_not_fine_tune);
  EXPECT_NE(verdict.headline.find("neither is good"), std::string::npos);
}

TEST(Verdict, SaysInconclusiveOnFewItemsAndHowManyWouldDo) {
  const auto verdict = decide(comparison(20, {{"few_shot", 14}, {"tuned", 17, 0, 2}}));
  EXPECT_EQ(verdict.decision, Decision::inconclusive);
  EXPECT_EQ(verdict.exit_code, 3);
  EXPECT_NE(verdict.reasons.back().find("held-out items (now 20)"), std::string::npos);
}

TEST(Verdict, SaysInconclusiveWhenOneMeasureGainsAndTheOtherLoses) {
  // Tuned answers are always well formed and half right; few-shot is right when it is well formed
  // at all.
  const auto verdict = decide(comparison(400, {{"few_shot", 300}, {"tuned", 0, 400}}));
  EXPECT_EQ(verdict.decision, Decision::inconclusive);
  EXPECT_NE(verdict.headline.find("gains in one measure"), std::string::npos);
}

TEST(Verdict, MapsBarsToExitCodes) {
  const auto result = comparison(300, {{"few_shot", 100}, {"tuned", 290}});  // 96.7 % [94.0, 98.2]
  EXPECT_EQ(decide(result, {.format_compliance = 0.90}).exit_code, 0);
  EXPECT_EQ(decide(result, {.format_compliance = 0.96}).exit_code, 3);
  EXPECT_EQ(decide(result, {.format_compliance = 0.96}).gates[0].state, eval::GateState::unproven);
  EXPECT_EQ(decide(result, {.format_compliance = 0.98}).exit_code, 1);
  EXPECT_EQ(decide(result, {.format_compliance = 0.90, .exact_match = 0.99}).exit_code, 1);
}

TEST(Verdict, NeedsATunedArmAndAPromptingArm) {
  EXPECT_EQ(decide(comparison(10, {{"few_shot", 5}})).decision, Decision::inconclusive);
  EXPECT_EQ(decide(comparison(10, {{"tuned", 10}}), {.format_compliance = 0.99}).exit_code, 3);
  EXPECT_EQ(decide(comparison(10, {{"tuned", 5}}), {.format_compliance = 0.99}).exit_code, 1);
}

}  // namespace
}  // namespace attune::advise
