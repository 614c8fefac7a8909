// Golden numbers: tools/make_intervals_golden.py (statsmodels; Tango's score test by numerical
// maximisation of the restricted likelihood).
#include "stats/equivalence.h"

#include <gtest/gtest.h>

#include "golden_file.h"

namespace attune::stats {
namespace {

PairedCounts counts_of(const Json& row) { return {row.at(0), row.at(1), row.at(2), row.at(3)}; }

void expect_interval(const Estimate& measured, const Json& wanted) {
  EXPECT_NEAR(measured.value, wanted.at(0).get<double>(), 1e-9) << wanted;
  EXPECT_NEAR(measured.low, wanted.at(1).get<double>(), 1e-6) << wanted;
  EXPECT_NEAR(measured.high, wanted.at(2).get<double>(), 1e-6) << wanted;
}

TEST(Equivalence, OfPairedRatesFollowsTangosScoreTest) {
  for (const Json& one : golden("intervals.json").at("equivalence_of_rates")) {
    const PairedCounts counts = counts_of(one.at("counts"));
    const Equivalence test = tost_paired_rates(counts, one.at("margin"));
    EXPECT_NEAR(test.p, one.at("p").get<double>(), 1e-6) << one;
    expect_interval(test.difference, one.at("interval90"));
    expect_interval(tango_difference(counts), one.at("interval95"));
  }
}

TEST(Equivalence, OfPairedMeansAgreesWithStatsmodels) {
  for (const Json& one : golden("intervals.json").at("equivalence_of_means")) {
    const Equivalence test =
        tost_paired_means(numbers(one.at("first")), numbers(one.at("second")), one.at("margin"));
    EXPECT_NEAR(test.p, one.at("p").get<double>(), 1e-9);
    expect_interval(test.difference, one.at("interval90"));
  }
}

TEST(Equivalence, VerdictSaysWhereTheIntervalLies) {
  struct Case {
    PairedCounts counts;
    EquivalenceVerdict verdict;
  };
  for (const Case& one : {Case{{1200, 20, 22, 58}, EquivalenceVerdict::equivalent},
                          Case{{100, 80, 5, 15}, EquivalenceVerdict::different},
                          Case{{40, 2, 3, 5}, EquivalenceVerdict::undecided},
                          Case{{0, 0, 0, 0}, EquivalenceVerdict::undecided}}) {
    const Equivalence test = tost_paired_rates(one.counts, 0.02);
    EXPECT_EQ(test.verdict, one.verdict) << equivalence_verdict_name(test.verdict);
  }
}

// The two ways to read a TOST must agree: p below 5 % and the 90 % interval within the margin.
TEST(Equivalence, IsShownExactlyWhenTheIntervalIsWithinTheMargin) {
  for (std::int64_t only = 0; only < 40; ++only) {
    const Equivalence test = tost_paired_rates({500, only, 8, 20}, 0.03);
    const bool within = test.difference.low > -0.03 && test.difference.high < 0.03;
    EXPECT_EQ(test.verdict == EquivalenceVerdict::equivalent, within) << only;
  }
}

TEST(Equivalence, OfIdenticalScoresTakesAsManyItemsAsOfRatesThatNeverDiffer) {
  const std::vector<double> few(10, 0.5), many(200, 0.5), one{0.5};
  EXPECT_EQ(tost_paired_means(few, few, 0.02).verdict, EquivalenceVerdict::undecided);
  EXPECT_EQ(tost_paired_means(many, many, 0.02).verdict, EquivalenceVerdict::equivalent);
  EXPECT_EQ(tost_paired_means(many, many, 0.02).p, tost_paired_rates({.both = 200}, 0.02).p);
  EXPECT_EQ(tost_paired_means(one, one, 0.02).verdict, EquivalenceVerdict::undecided);
}

}  // namespace
}  // namespace attune::stats
