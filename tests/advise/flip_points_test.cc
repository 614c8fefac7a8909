#include "advise/flip_points.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "advise/advice_inputs.h"

namespace attune::advise {
namespace {

Inputs worth_it() {
  return inputs_of({"prompt=optimised", "gap=proven", "examples=300", "requests_per_day=2000",
                    "rework=0.125", "rework_cut=0.6", "fix_minutes=2", "host=provider"});
}

const FlipPoint& flip_of(const std::vector<FlipPoint>& flips, std::string_view name) {
  return *std::find_if(flips.begin(), flips.end(),
                       [&](const FlipPoint& flip) { return flip.spec->name == name; });
}

Choose verdict_at(const Inputs& inputs, double Variables::*member, double value) {
  Variables v = inputs.middle();
  v.*member = value;
  return leaf_of(make_case(v, inputs.situation())).choose;
}

TEST(FlipPoints, TheVerdictIsAnotherRightBeyondThemAndTheSameRightBefore) {
  const Inputs inputs = worth_it();
  const Choose verdict = leaf_of(make_case(inputs.middle(), inputs.situation())).choose;
  int flips = 0;
  for (const FlipPoint& flip : find_flip_points(inputs, {.arm = Arm::tuned_provider})) {
    for (const auto& side : {flip.below, flip.above}) {
      if (!side) continue;
      ++flips;
      const double value = side->value;
      const double now = flip.input.range.value;
      const double before = value + (now - value) * 1e-4;
      EXPECT_EQ(verdict_at(inputs, flip.spec->member, value), side->to) << flip.spec->name;
      EXPECT_NE(side->to, verdict) << flip.spec->name;
      EXPECT_EQ(verdict_at(inputs, flip.spec->member, before), verdict) << flip.spec->name;
    }
  }
  EXPECT_GE(flips, 10);
}

TEST(FlipPoints, TheReworkThatJustPaysIsTheFormulasSolution) {
  Inputs inputs = worth_it();
  const FlipPoint rework =
      flip_of(find_flip_points(inputs, {.arm = Arm::tuned_provider}), "rework");
  ASSERT_TRUE(rework.below);
  EXPECT_EQ(rework.below->to, Choose::do_nothing);
  // At the flip the saving of payback_days is the one-off cost.
  Variables v = inputs.middle();
  v.rework = rework.below->value;
  EXPECT_NEAR(compute_economics(v, answer::host_provider).arm(Arm::tuned_provider).break_even_days,
              v.payback_days, 1e-3);
}

TEST(FlipPoints, AnInputThatCannotChangeTheVerdictSaysNever) {
  const std::vector<FlipPoint> flips = find_flip_points(worth_it(), {.arm = Arm::tuned_provider});
  EXPECT_FALSE(flip_of(flips, "team_hours").below);
  EXPECT_FALSE(flip_of(flips, "team_hours").above);
  EXPECT_FALSE(flip_of(flips, "index_hours").above);
}

TEST(FlipPoints, EveryInputIsListedAndThoseThatFlipWithinTheirIntervalStandFirst) {
  const Inputs inputs = inputs_of({"prompt=optimised", "gap=proven", "examples=300",
                                   "requests_per_day=1000", "rework=0.001..0.3", "host=provider"});
  const std::vector<FlipPoint> flips = find_flip_points(inputs, {.arm = Arm::tuned_provider});
  EXPECT_EQ(flips.size(), variable_specs().size());
  EXPECT_TRUE(flip_of(flips, "rework").inside);
  EXPECT_TRUE(flips.front().inside);
  const auto first_outside =
      std::find_if(flips.begin(), flips.end(), [](const FlipPoint& f) { return !f.inside; });
  EXPECT_TRUE(
      std::all_of(first_outside, flips.end(), [](const FlipPoint& f) { return !f.inside; }));
}

TEST(FlipPoints, ExamplesFlipAtFifty) {
  const FlipPoint examples =
      flip_of(find_flip_points(worth_it(), {.arm = Arm::tuned_provider}), "examples");
  ASSERT_TRUE(examples.below);
  EXPECT_NEAR(examples.below->value, 50, 0.01);
  EXPECT_EQ(examples.below->to, Choose::prompt);
}

TEST(ChoiceFlips, ListEveryAnswerThatGivesAnotherVerdict) {
  const std::vector<ChoiceFlip> flips = find_choice_flips(worth_it());
  const auto to = [&](Choice choice, std::string_view answer) {
    for (const ChoiceFlip& flip : flips) {
      if (flip.choice == choice && flip.answer == answer) return choose_name(flip.to);
    }
    return std::string_view("the same");
  };
  EXPECT_EQ(to(Choice::facts, "changing"), "tuned_rag");
  EXPECT_EQ(to(Choice::form, "syntax"), "constrained_decoding");
  EXPECT_EQ(to(Choice::prompt, "untried"), "prompt");
  EXPECT_EQ(to(Choice::gap, "open"), "inconclusive");
  EXPECT_EQ(to(Choice::pii, "present"), "do_nothing");
  EXPECT_EQ(to(Choice::pii, "masked"), "the same");
}

TEST(Thresholds, ShowTheFoundingRulesBesideWhatTheInputsSay) {
  const Advice advice = make_advice(worth_it(), {.today = {}, .draws = {.count = 100}});
  EXPECT_EQ(advice.prompt_tokens_a_day.preset, 50'000);
  EXPECT_EQ(advice.rework_share.preset, 0.15);
  EXPECT_EQ(advice.prompt_tokens_a_day.now, 2000 * 800);
  // 2,000 x 12.5 % x 2 minutes are 8.3 of 16 hours.
  EXPECT_NEAR(advice.rework_share.now, 2000 * 0.125 * 2 / 60 / 16, 1e-12);
  ASSERT_TRUE(advice.rework_share.computed);
  EXPECT_LT(*advice.rework_share.computed, advice.rework_share.now);
}

}  // namespace
}  // namespace attune::advise
