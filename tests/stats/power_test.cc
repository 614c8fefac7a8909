// Sizes of the planning table; golden numbers: tools/make_intervals_golden.py (scipy, statsmodels).
#include "stats/power.h"

#include <gtest/gtest.h>

#include "golden_file.h"
#include "stats/gate.h"
#include "stats/zero_failures.h"

namespace attune::stats {
namespace {

TEST(Power, ItemsForAPairedGainAtEightyAndNinetyPercentPower) {
  struct Case {
    double discordant, gain;
    std::int64_t at_80, at_90;
  };
  for (const Case& one :
       {Case{0.20, 0.18, 47, 61}, Case{0.24, 0.18, 56, 74}, Case{0.33, 0.29, 29, 37},
        Case{0.11, 0.05, 343, 459}, Case{0.07, 0.03, 609, 814}, Case{0.04, 0.02, 783, 1047},
        Case{0.06, 0.02, 1175, 1572}, Case{0.04, 0.01, 3138, 4199}}) {
    EXPECT_EQ(items_needed(one.discordant, one.gain), one.at_80) << one.gain;
    EXPECT_EQ(items_needed(one.discordant, one.gain, {.power = 0.9}), one.at_90) << one.gain;
  }
}

TEST(Power, ItemsForARelativeCutOfHallucinationByAThird) {
  // 35 % less from a base rate, when 45 % of the cases go away and 10 % as many are new.
  const std::pair<double, std::int64_t> cases[] = {{0.1, 351}, {0.2, 174}, {0.3, 116}, {0.4, 86}};
  for (const auto& [base, items] : cases)
    EXPECT_EQ(items_needed(0.55 * base, 0.35 * base), items) << base;
}

TEST(Power, ItemsForEquivalenceWithinTwoPoints) {
  EXPECT_EQ(items_for_equivalence(0.04, 0.02), 857);
  EXPECT_EQ(items_for_equivalence(0.06, 0.02), 1285);
  EXPECT_GT(items_for_equivalence(0.04, 0.02, 0.01), 857);
  EXPECT_EQ(items_for_equivalence(0.04, 0.02, 0.02), 0);  // at the margin: never
}

TEST(Power, UnpairedItemsOfEachArmAgreeWithStatsmodels) {
  EXPECT_EQ(items_per_arm(0.93, 0.95), 2213);
  for (const Json& row : golden("intervals.json").at("planning").at("per_arm")) {
    EXPECT_EQ(items_per_arm(row.at(0), row.at(1)), row.at(2).get<std::int64_t>()) << row;
  }
  EXPECT_EQ(items_per_arm(0.5, 0.5), 0);
}

TEST(Power, SmallestGainIsTheInverseOfItemsNeeded) {
  EXPECT_NEAR(smallest_gain(120), 0.093, 0.001);
  for (const std::int64_t items : {40, 120, 300, 1200}) {
    const double gain = smallest_gain(items);
    EXPECT_LE(items_needed(discordant_share(gain), gain), items);
    EXPECT_GT(items_needed(discordant_share(0.99 * gain), 0.99 * gain), items);
  }
  EXPECT_GT(smallest_gain(300, 0.05), smallest_gain(300, 0.01));
  EXPECT_EQ(smallest_gain(2), 1);  // no gain is large enough
}

TEST(Power, NoGainNeedsNoItemsAndScoresNeedThoseOfTheirSpread) {
  EXPECT_EQ(items_needed(0.1, 0), 0);
  EXPECT_EQ(items_needed_for_scores(0.3, 0.05), 283);  // (1.96 + 0.84)^2 0.09 / 0.0025
  EXPECT_EQ(items_needed_for_scores(0.3, -1), 0);
}

TEST(ZeroFailures, LimitAgreesWithClopperAndPearson) {
  for (const Json& row : golden("intervals.json").at("planning").at("zero_failures")) {
    EXPECT_NEAR(zero_failures_limit(row.at(0), row.at(1)), row.at(2).get<double>(), 1e-12) << row;
  }
  EXPECT_NEAR(zero_failures_limit(300), 3.0 / 300, 1e-4);  // the rule of three
  EXPECT_EQ(zero_failures_limit(0), 1);
  EXPECT_EQ(zero_failures_needed(0.01), 299);
}

TEST(Gate, PassesFailsOrSaysThatItCannotTell) {
  const Estimate measured{0.95, 0.92, 0.97};
  EXPECT_EQ(gate_at_least(measured, 0.90), GateVerdict::pass);
  EXPECT_EQ(gate_at_least(measured, 0.94), GateVerdict::inconclusive);
  EXPECT_EQ(gate_at_least(measured, 0.98), GateVerdict::fail);
  EXPECT_EQ(gate_at_most(measured, 0.97), GateVerdict::pass);
  EXPECT_EQ(gate_at_most(measured, 0.95), GateVerdict::inconclusive);
  EXPECT_EQ(gate_at_most(measured, 0.90), GateVerdict::fail);
  EXPECT_EQ(gate_verdict_name(GateVerdict::inconclusive), "inconclusive");
}

}  // namespace
}  // namespace attune::stats
