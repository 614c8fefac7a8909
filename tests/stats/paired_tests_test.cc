// Golden numbers: tools/make_intervals_golden.py (scipy, statsmodels, enumeration).
#include <cmath>

#include <gtest/gtest.h>

#include "golden_file.h"
#include "stats/false_discovery.h"
#include "stats/hodges_lehmann.h"
#include "stats/permutation.h"

namespace attune::stats {
namespace {

TEST(Permutation, OfFewItemsIsExactAndAgreesWithScipy) {
  for (const Json& one : golden("intervals.json").at("permutation")) {
    const PermutationTest test =
        paired_permutation_test(numbers(one.at("first")), numbers(one.at("second")));
    EXPECT_TRUE(test.exact);
    EXPECT_NEAR(test.p, one.at("p").get<double>(), 1e-12) << one;
  }
}

TEST(Permutation, OfManyItemsIsDrawnAndCloseToTheExactP) {
  const Json one = golden("intervals.json").at("drawn_permutation");
  const std::vector<double> first = numbers(one.at("differences"));
  const std::vector<double> second(first.size());
  const PermutationTest test = paired_permutation_test(first, second);
  const double p = one.at("p");
  EXPECT_FALSE(test.exact);
  EXPECT_NEAR(test.p, p, 4 * std::sqrt(p * (1 - p) / 100'000));
  EXPECT_EQ(test.p, paired_permutation_test(first, second).p);
  EXPECT_NE(test.p, paired_permutation_test(first, second, {.seed = 2}).p);
}

TEST(Permutation, OfEqualArmsFindsNothing) {
  const std::vector<double> scores{0.5, 0.5, 1};
  EXPECT_EQ(paired_permutation_test(scores, scores).p, 1);
  EXPECT_EQ(paired_permutation_test({}, {}).p, 1);
}

TEST(Permutation, DrawnPIsNeverZero) {
  const std::vector<double> first(64, 1.0);
  const std::vector<double> second(64, 0.0);
  EXPECT_DOUBLE_EQ(paired_permutation_test(first, second, {.resamples = 999}).p, 0.001);
}

TEST(HodgesLehmann, AgreesWithTheEnumerationOfPairs) {
  for (const Json& one : golden("intervals.json").at("hodges_lehmann")) {
    const HodgesLehmann shift = hodges_lehmann(numbers(one.at("first")), numbers(one.at("second")));
    EXPECT_NEAR(shift.difference.value, one.at("estimate").get<double>(), 1e-12);
    EXPECT_NEAR(shift.confidence, one.at("confidence").get<double>(), 1e-12);
    const Json& interval = one.at("interval");
    if (interval.is_null()) {
      EXPECT_TRUE(std::isinf(shift.difference.low) && std::isinf(shift.difference.high));
    } else {
      EXPECT_NEAR(shift.difference.low, interval.at(0).get<double>(), 1e-12);
      EXPECT_NEAR(shift.difference.high, interval.at(1).get<double>(), 1e-12);
    }
  }
}

TEST(HodgesLehmann, IsNotMovedByOneSlowRequest) {
  std::vector<double> first;
  std::vector<double> second;
  for (int i = 0; i < 400; ++i) {
    second.push_back(20 + i % 7);
    first.push_back(second.back() + 3 + 0.01 * (i % 11));
  }
  first[100] += 1e6;
  const HodgesLehmann shift = hodges_lehmann(first, second);
  EXPECT_NEAR(shift.difference.value, 3.05, 0.01);
  EXPECT_LT(shift.difference.high, 3.06);
  EXPECT_GT(shift.confidence, 0.94);  // beyond 300 differences: normal approximation
}

TEST(FalseDiscovery, BenjaminiHochbergAgreesWithStatsmodels) {
  for (const Json& one : golden("intervals.json").at("benjamini_hochberg")) {
    const std::vector<double> adjusted = benjamini_hochberg_adjusted(numbers(one.at("p")));
    const std::vector<double> wanted = numbers(one.at("adjusted"));
    ASSERT_EQ(adjusted.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(adjusted[i], wanted[i], 1e-12);
  }
  EXPECT_TRUE(benjamini_hochberg_adjusted({}).empty());
}

}  // namespace
}  // namespace attune::stats
