#include "advise/economics.h"

#include <cmath>

#include <gtest/gtest.h>

namespace attune::advise {
namespace {

// Two decimals and the unit of a price page: 926k, 9.3M.
double to_digits(double value, int digits) {
  const double step = std::pow(10.0, std::floor(std::log10(value)) - digits + 1);
  return std::round(value / step) * step;
}

Variables middle() { return Inputs().middle(); }

TEST(TokenThreshold, ReproducesTheTableOfPublishedThresholds) {
  // 80 % of the prompt saved, 180 days, no markup: prompt tokens a day by price and one-off cost.
  const struct {
    double price, at_20, at_200, at_2000;
    int digits;
  } rows[] = {{0.15, 926e3, 9.26e6, 92.6e6, 3},
              {0.40, 347e3, 3.47e6, 34.7e6, 3},
              {2.50, 55.6e3, 556e3, 5.56e6, 3},
              {10, 13.9e3, 139e3, 1.39e6, 3},
              {30, 4.63e3, 46.3e3, 463e3, 3}};
  for (const auto& row : rows) {
    const double wanted[] = {row.at_20, row.at_200, row.at_2000};
    double one_off = 20;
    for (const double tokens : wanted) {
      const std::optional<double> threshold = token_threshold(one_off, 180, row.price, 0.8, 1);
      ASSERT_TRUE(threshold);
      EXPECT_DOUBLE_EQ(to_digits(*threshold, row.digits), tokens) << row.price << " " << one_off;
      // To the cent: at the threshold the saved tokens of 180 days cost exactly the one-off.
      EXPECT_NEAR(*threshold * 180 * 0.8 * row.price / 1e6, one_off, 0.005);
      one_off *= 10;
    }
  }
}

TEST(TokenThreshold, RisesByTheMarkupOfTunedTokens) {
  const double base = *token_threshold(200, 180, 2.5, 0.8, 1);
  EXPECT_NEAR(*token_threshold(200, 180, 2.5, 0.8, 1.5) / base, 1.14, 0.005);
  EXPECT_NEAR(*token_threshold(200, 180, 2.5, 0.8, 2) / base, 1.33, 0.005);
}

TEST(TokenThreshold, ExistsOnlyWhereTheSavedShareExceedsTheMarkup) {
  // 1 - 1/m: a third at 1.5, a half at 2.
  EXPECT_FALSE(token_threshold(200, 180, 2.5, 0.33, 1.5));
  EXPECT_TRUE(token_threshold(200, 180, 2.5, 0.34, 1.5));
  EXPECT_FALSE(token_threshold(200, 180, 2.5, 0.50, 2));
  EXPECT_TRUE(token_threshold(200, 180, 2.5, 0.51, 2));
}

TEST(Economics, FiftyThousandPromptTokensADayCostWhatThePriceMakesOfThem) {
  const struct {
    double price, dollars_a_year;
  } rows[] = {{0.15, 2.7375}, {0.40, 7.30}, {2.50, 45.625}, {10, 182.50}, {30, 547.50}};
  for (const auto& [price, dollars] : rows) {
    Variables v = middle();
    v.requests_per_day = 50;
    v.prompt_tokens = 1000;
    v.output_tokens = 0;
    v.input_price = price;
    const double year = 365 * compute_economics(v).arm(Arm::now).daily.tokens;
    EXPECT_NEAR(year, dollars, 1e-9) << price;
  }
}

TEST(LabourThreshold, IsTheShareOfTheTeamsHoursThatPaysTheOneOffBack) {
  // Two people, 40 $/h, half of the rework ended: 16 h x 180 days x 40 $ x 0.5 = 57,600 $.
  EXPECT_NEAR(*labour_threshold(1000, 180, 16, 40, 0.5), 1000.0 / 57600, 1e-12);
  EXPECT_FALSE(labour_threshold(1000, 180, 16, 40, 0));
  EXPECT_FALSE(labour_threshold(1000, 180, 16, 40, -0.1));
}

TEST(LabourThreshold, LabourOutweighsTokensByOrdersOfMagnitude) {
  // 15 % of two people at 40 $/h over 220 days is about 21,000 $; 50k tokens a day at 2.5 $: 46 $.
  EXPECT_NEAR(0.15 * 2 * 8 * 40 * 220, 21120, 0.5);
  EXPECT_GT(21120 / 45.63, 400);
}

TEST(Economics, TheDailyCostIsTheFormulaTermByTerm) {
  Variables v = middle();
  v.requests_per_day = 2000;
  v.prompt_tokens = 1200;
  v.output_tokens = 200;
  v.cached_share = 0.5;
  v.cached_discount = 0.75;
  v.input_price = 2;
  v.output_price = 8;
  v.rework = 0.1;
  v.fix_minutes = 3;
  v.wage = 30;
  v.undetected = 0.02;
  v.error_cost = 5;
  const DailyCost now = compute_economics(v).arm(Arm::now).daily;
  // (600 x 2 + 600 x 0.5 + 200 x 8) / 1e6 = 0.0031 $ a request
  EXPECT_NEAR(now.tokens, 6.20, 1e-9);
  EXPECT_NEAR(now.labour, 2000 * 0.1 * 3 * 30 / 60.0, 1e-9);
  EXPECT_NEAR(now.errors, 2000 * 0.02 * 5, 1e-9);
  EXPECT_EQ(now.host, 0);
}

TEST(Economics, ATunedModelPaysTheMarkupOnAShorterPromptThatIsNoLongerCached) {
  Variables v = middle();
  v.requests_per_day = 1000;
  v.prompt_tokens = 1000;
  v.output_tokens = 100;
  v.input_price = 1;
  v.output_price = 4;
  v.cached_share = 0.7;
  v.cached_discount = 0.5;
  v.prompt_saved = 0.6;
  v.tuned_markup = 2;
  const Economics money = compute_economics(v);
  // Of 700 cached tokens 600 go: 300 at the full price, 100 at half, twice.
  EXPECT_NEAR(money.arm(Arm::tuned_provider).daily.tokens,
              1000 * (300 * 1 + 100 * 0.5 + 100 * 4) * 2 / 1e6, 1e-9);
  EXPECT_EQ(money.arm(Arm::tuned_own).daily.tokens, 0);
}

TEST(Economics, TheOneOffCostIsTrainingAndThePeoplesHours) {
  Variables v = middle();
  v.examples = 500;
  v.epochs = 3;
  v.prompt_tokens = 1000;
  v.prompt_saved = 0.8;
  v.output_tokens = 100;
  v.training_price = 25;
  v.runs = 4;
  v.curation_hours = 10;
  v.evaluation_hours = 5;
  v.wage = 40;
  v.training_hours = 2;
  v.host_per_hour = 0.5;
  const Economics money = compute_economics(v);
  EXPECT_NEAR(money.arm(Arm::tuned_provider).one_off, 500 * 300 * 3 * 25.0 * 4 / 1e6 + 600, 1e-9);
  EXPECT_NEAR(money.arm(Arm::tuned_own).one_off, 2 * 0.5 * 4 + 600, 1e-9);
}

TEST(Economics, BreakEvenIsTheOneOffOverTheDailySaving) {
  EXPECT_DOUBLE_EQ(break_even_days(300, 10), 30);
  EXPECT_EQ(break_even_days(300, 0), kNever);
  EXPECT_EQ(break_even_days(300, -1), kNever);
  Variables v = middle();
  const Economics money = compute_economics(v);
  const ArmMoney& tuned = money.arm(Arm::tuned_provider);
  const double saved = money.arm(Arm::now).daily.total() - tuned.daily.total();
  EXPECT_NEAR(tuned.break_even_days * saved, tuned.one_off, 1e-9);
}

TEST(Economics, TheNetPresentValueIsAnAnnuityLessEachRetraining) {
  Variables v = middle();
  v.horizon_months = 24;
  v.life_months = 9;  // again after 9 and 18 months
  v.discount_rate = 0.10;
  const double monthly = std::pow(1.10, 1.0 / 12) - 1;
  const double annuity = (1 - std::pow(1 + monthly, -24)) / monthly;
  const double wanted = -1000 + 20 * 365.0 / 12 * annuity - 400 * std::pow(1 + monthly, -9) -
                        400 * std::pow(1 + monthly, -18);
  EXPECT_NEAR(net_present_value(1000, 400, 20, v), wanted, 1e-6);
}

TEST(Economics, SavingsEndWhenTheBaseIsWithdrawn) {
  Variables v = middle();
  v.horizon_months = 24;
  v.life_months = 3;
  v.discount_rate = 0.10;
  // 3.5 months of 20 $ a day: 3 whole ones, half of the fourth, one retraining after the third.
  const double days = 3.5 * 365 / 12;
  const double monthly = std::pow(1.10, 1.0 / 12);
  const double month = 20 * 365.0 / 12;
  const double wanted = -1000 + month / monthly + month / std::pow(monthly, 2) +
                        month / std::pow(monthly, 3) + month / 2 / std::pow(monthly, 3.5) -
                        400 / std::pow(monthly, 3);
  EXPECT_NEAR(net_present_value(1000, 400, 20, v, days), wanted, 1e-9);
  // 603.52 + 598.75 + 594.01 + 295.83 - 390.58 - 1000
  EXPECT_NEAR(wanted, 701.52, 0.01);
  // Withdrawn today: nothing but the cost is left.
  EXPECT_DOUBLE_EQ(net_present_value(1000, 400, 20, v, 0), -1000);
  EXPECT_DOUBLE_EQ(net_present_value(1000, 400, 20, v, 1e6), net_present_value(1000, 400, 20, v));
}

TEST(Economics, OnlyTunedModelsGoWithTheirBase) {
  Variables v = middle();
  const Economics before = compute_economics(v);
  v.base_days_left = 30;
  const Economics after = compute_economics(v);
  for (const Arm arm : {Arm::prompt, Arm::constrained, Arm::rag}) {
    EXPECT_DOUBLE_EQ(after.arm(arm).net_present_value, before.arm(arm).net_present_value);
  }
  for (const Arm arm : {Arm::tuned_provider, Arm::tuned_own, Arm::tuned_rag}) {
    EXPECT_NE(after.arm(arm).net_present_value, before.arm(arm).net_present_value);
  }
}

TEST(Economics, NoInterestMakesTheValueAPlainSum) {
  Variables v = middle();
  v.discount_rate = 0;
  v.horizon_months = 12;
  v.life_months = 12;  // the horizon ends with the life: no retraining within it
  EXPECT_NEAR(net_present_value(100, 50, 1, v), 365 - 100, 1e-9);
}

TEST(SelfHosting, CostsMoreTheLessTheMachineIsUsed) {
  // 0.36 $/h at 1,000 tokens/s: 0.10 $ for 1M tokens when always busy.
  EXPECT_NEAR(self_host_price(0.36, 1000, 1), 0.10, 1e-12);
  EXPECT_NEAR(self_host_price(0.36, 1000, 0.25), 0.40, 1e-12);
  EXPECT_EQ(self_host_price(0.36, 1000, 0), kNever);
  // At a quarter of the day's load it costs as much as an API of 0.40 $.
  EXPECT_NEAR(parity_utilisation(0.36, 1000, 0.40), 0.25, 1e-12);
}

TEST(SelfHosting, TakesAnotherMachineWhenTheDayIsFull) {
  Variables v = middle();
  v.prompt_tokens = 1000;
  v.prompt_saved = 0.5;
  v.output_tokens = 100;
  v.prefill_speed = 1000;
  v.decode_speed = 100;  // 1.5 s a request
  v.requests_per_day = 57600;
  EXPECT_EQ(compute_economics(v).arm(Arm::tuned_own).machines, 1);
  v.requests_per_day = 57601;
  const ArmMoney two = compute_economics(v).arm(Arm::tuned_own);
  EXPECT_EQ(two.machines, 2);
  EXPECT_NEAR(two.daily.host, 24 * 2 * v.host_per_hour, 1e-9);
  EXPECT_NEAR(self_hosting(v).tokens_per_second, 400, 1e-9);
}

TEST(Economics, AnOutputThatMustBeRepairedRaisesThePriceOfTheAcceptedOnes) {
  Variables v = middle();
  v.rework = 0.22;
  v.undetected = 0;
  v.rework_cut = 1 - 0.04 / 0.22;  // 78 -> 96 % accepted
  const Economics money = compute_economics(v);
  const ArmMoney& now = money.arm(Arm::now);
  EXPECT_NEAR(now.accepted_share, 0.78, 1e-12);
  EXPECT_NEAR(now.cost_per_accepted, now.daily.total() / (v.requests_per_day * 0.78), 1e-12);
  EXPECT_NEAR(money.arm(Arm::tuned_own).accepted_share, 0.96, 1e-12);
}

TEST(Economics, WhereTheModelMayRunDecidesWhichTunedArmCounts) {
  const Variables v = middle();
  EXPECT_EQ(compute_economics(v, answer::host_own).tuned, Arm::tuned_own);
  EXPECT_EQ(compute_economics(v, answer::host_provider).tuned, Arm::tuned_provider);
}

}  // namespace
}  // namespace attune::advise
