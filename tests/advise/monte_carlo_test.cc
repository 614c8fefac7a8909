#include "advise/monte_carlo.h"

#include <cmath>

#include <gtest/gtest.h>

namespace attune::advise {
namespace {

// Every input at its value, so that only what a test opens is drawn.
Inputs closed() {
  Inputs inputs;
  for (const VariableSpec& spec : variable_specs()) {
    const double value = spec.assumed.value;
    inputs.set(spec.member, {value, value, value}, Origin::given);
  }
  return inputs;
}

TEST(Draws, WithoutIntervalsEveryDrawIsThePoint) {
  const Draws draws = draw_outcomes(closed(), {.arm = Arm::tuned_provider}, {.count = 50});
  const Economics money = compute_economics(closed().middle());
  EXPECT_DOUBLE_EQ(draws.break_even_days.p5, money.arm(money.tuned).break_even_days);
  EXPECT_DOUBLE_EQ(draws.break_even_days.p5, draws.break_even_days.p95);
  EXPECT_TRUE(draws.in_time == 0 || std::abs(draws.in_time - 1) < 1e-9);
}

TEST(Draws, TheShareThatComesBackInTimeIsTheIntervalsShareAboveTheFlip) {
  Inputs inputs = closed();
  inputs.set(Choice::host, answer::host_provider, Origin::given);
  // The rework at which the saving of 180 days is the one-off cost, from two points of a line.
  Variables v = inputs.middle();
  const auto saved = [&](double rework) {
    v.rework = rework;
    const Economics money = compute_economics(v, answer::host_provider);
    return money.arm(Arm::now).daily.total() - money.arm(Arm::tuned_provider).daily.total();
  };
  const double slope = (saved(0.2) - saved(0.1)) / 0.1;
  const double due = compute_economics(v).arm(Arm::tuned_provider).one_off / v.payback_days;
  const double flip = 0.1 + (due - saved(0.1)) / slope;
  ASSERT_GT(flip, 0);
  ASSERT_LT(flip, 0.05);
  inputs.set(&Variables::rework, {0.025, 0, 0.05}, Origin::given);
  const Draws draws = draw_outcomes(inputs, {.arm = Arm::tuned_provider}, {.count = 20'000});
  const double share = (0.05 - flip) / 0.05;
  EXPECT_NEAR(draws.in_time, share, 4 * std::sqrt(share * (1 - share) / 20'000));
}

TEST(Draws, TheSameSeedGivesTheSameNumbersAndAnotherSeedOthers) {
  const Focus focus{.arm = Arm::tuned_own};
  const Draws one = draw_outcomes(Inputs(), focus, {.count = 500, .seed = 7});
  const Draws same = draw_outcomes(Inputs(), focus, {.count = 500, .seed = 7});
  const Draws other = draw_outcomes(Inputs(), focus, {.count = 500, .seed = 8});
  EXPECT_EQ(one.net_present_value.p50, same.net_present_value.p50);
  EXPECT_NE(one.net_present_value.p50, other.net_present_value.p50);
}

TEST(Draws, TheSharesOfTheVerdictsAddUpToOne) {
  const Draws draws = draw_outcomes(Inputs(), {.arm = Arm::tuned_own}, {.count = 400});
  double sum = 0;
  for (const double share : draws.verdicts) sum += share;
  EXPECT_NEAR(sum, 1, 1e-9);
}

TEST(Draws, QuantilesMayBeInfiniteWithoutSpoilingTheOthers) {
  Inputs inputs = closed();
  inputs.set(&Variables::rework_cut, {0.1, -0.9, 0.9}, Origin::given);
  inputs.set(&Variables::rework, {0.2, 0.2, 0.2}, Origin::given);
  const Draws draws = draw_outcomes(inputs, {.arm = Arm::tuned_own}, {.count = 2000});
  EXPECT_TRUE(std::isfinite(draws.break_even_days.p5));
  EXPECT_TRUE(std::isinf(draws.break_even_days.p95));
}

TEST(DrawnValue, HasTheValueAsItsMedianAndTheEndsAsItsEnds) {
  const VariableSpec& steps = *find_variable("rework");
  const stats::Estimate range{0.1, 0.0, 0.5};
  EXPECT_DOUBLE_EQ(drawn_value(steps, range, 0), 0.0);
  EXPECT_DOUBLE_EQ(drawn_value(steps, range, 0.5), 0.1);
  EXPECT_DOUBLE_EQ(drawn_value(steps, range, 0.25), 0.05);
  EXPECT_DOUBLE_EQ(drawn_value(steps, range, 0.75), 0.3);
}

TEST(DrawnValue, GoesByFactorsWhereTheInputDoes) {
  const VariableSpec& factors = *find_variable("requests_per_day");
  EXPECT_DOUBLE_EQ(drawn_value(factors, {1000, 10, 100'000}, 0.25), 100);
  EXPECT_NEAR(drawn_value(factors, {1000, 10, 100'000}, 0.75), 10'000, 1e-6);
}

}  // namespace
}  // namespace attune::advise
