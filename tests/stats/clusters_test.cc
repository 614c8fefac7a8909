// Golden numbers: tools/make_intervals_golden.py (statsmodels, scipy).
#include "stats/clusters.h"

#include <cmath>

#include <gtest/gtest.h>

#include "golden_file.h"
#include "stats/two_level.h"

namespace attune::stats {
namespace {

TEST(Clusters, StandardErrorAgreesWithStatsmodels) {
  for (const Json& one : golden("intervals.json").at("clusters")) {
    const ClusteredMean measured = clustered_mean(
        numbers(one.at("values")), one.at("clusters").get<std::vector<std::int64_t>>());
    EXPECT_NEAR(measured.mean.value, one.at("mean").get<double>(), 1e-12);
    EXPECT_NEAR(measured.standard_error, one.at("standard_error").get<double>(), 1e-10);
    EXPECT_NEAR(measured.mean.low, one.at("interval").at(0).get<double>(), 1e-8);
    EXPECT_NEAR(measured.mean.high, one.at("interval").at(1).get<double>(), 1e-8);
  }
}

TEST(Clusters, BootstrapAgreesWithScipysBcaOfTheRatio) {
  for (const Json& one : golden("intervals.json").at("clusters")) {
    const Estimate measured = cluster_bootstrap_mean(
        numbers(one.at("values")), one.at("clusters").get<std::vector<std::int64_t>>());
    EXPECT_NEAR(measured.low, one.at("bootstrap").at(0).get<double>(), 0.006);
    EXPECT_NEAR(measured.high, one.at("bootstrap").at(1).get<double>(), 0.006);
  }
}

TEST(Clusters, RepeatedItemsAreWorthNoMoreThanOne) {
  std::vector<double> values;
  std::vector<std::int64_t> clusters;
  for (std::int64_t cluster = 0; cluster < 30; ++cluster) {
    for (int copy = 0; copy < 10; ++copy) {
      values.push_back(cluster % 3 == 0 ? 0 : 1);
      clusters.push_back(cluster);
    }
  }
  const ClusteredMean measured = clustered_mean(values, clusters);
  EXPECT_EQ(measured.clusters, 30);
  // Ten copies of 30 items: the naive error is too small by about the root of ten.
  EXPECT_NEAR(measured.standard_error / measured.naive_standard_error, std::sqrt(10), 0.05);
  const Estimate drawn = cluster_bootstrap_mean(values, clusters);
  EXPECT_NEAR(drawn.high - drawn.low, 2 * 1.96 * measured.standard_error, 0.04);
}

TEST(Clusters, OneClusterSaysNothing) {
  const std::vector<double> values{0, 1, 1};
  const std::vector<std::int64_t> clusters{4, 4, 4};
  EXPECT_TRUE(std::isinf(clustered_mean(values, clusters).mean.high));
  const Estimate drawn = cluster_bootstrap_mean(values, clusters);
  EXPECT_EQ(drawn.low, drawn.high);
  EXPECT_EQ(clustered_mean({}, {}).clusters, 0);
}

TEST(TwoLevel, AnalysisOfVarianceAgreesWithStatsmodels) {
  for (const Json& one : golden("intervals.json").at("two_levels")) {
    const auto scores = one.at("scores").get<SeedItemScores>();
    const Estimate interval = two_level_mean(scores);
    EXPECT_NEAR(interval.value, one.at("interval").at(0).get<double>(), 1e-12);
    EXPECT_NEAR(interval.low, one.at("interval").at(1).get<double>(), 1e-8);
    EXPECT_NEAR(interval.high, one.at("interval").at(2).get<double>(), 1e-8);
    const NoiseSources noise = noise_sources(scores);
    EXPECT_NEAR(noise.seed, one.at("noise").at(0).get<double>(), 1e-8);
    EXPECT_NEAR(noise.item, one.at("noise").at(1).get<double>(), 1e-8);
    EXPECT_NEAR(noise.rest, one.at("noise").at(2).get<double>(), 1e-8);
  }
}

TEST(TwoLevel, BootstrapIsAsWideAsTheAnalysisOfVarianceWithManySeeds) {
  SeedItemScores scores(30, std::vector<double>(50));
  for (std::size_t s = 0; s < scores.size(); ++s) {
    for (std::size_t i = 0; i < scores[s].size(); ++i) {
      const double x = static_cast<double>(s * 50 + i);
      scores[s][i] = 0.7 + 0.05 * std::sin(3.1 * static_cast<double>(s)) +
                     0.2 * std::cos(1.7 * static_cast<double>(i)) + 0.05 * std::sin(x);
    }
  }
  const Estimate drawn = two_level_bootstrap(scores, {.resamples = 4000});
  const Estimate analysed = two_level_mean(scores);
  EXPECT_EQ(drawn.value, analysed.value);
  EXPECT_NEAR((drawn.high - drawn.low) / (analysed.high - analysed.low), 1, 0.08);
}

TEST(TwoLevel, TellsWhetherSeedsOrItemsAreTheNoise) {
  // Seeds differ by a constant, items hardly: more items would not help.
  const SeedItemScores scores{{0.80, 0.81, 0.80}, {0.70, 0.71, 0.70}, {0.90, 0.91, 0.90}};
  const NoiseSources noise = noise_sources(scores);
  EXPECT_NEAR(noise.seed, 0.1, 1e-9);
  EXPECT_LT(noise.item, 0.01);
  EXPECT_NEAR(noise.standard_error(3, 3), noise.standard_error(3, 3000), 0.001);
  EXPECT_LT(noise.standard_error(12, 3), 0.6 * noise.standard_error(3, 3));
}

TEST(TwoLevel, OneSeedGivesTheIntervalOfItsItems) {
  const SeedItemScores scores{{0, 1, 1, 1}};
  const Estimate interval = two_level_mean(scores);
  EXPECT_NEAR(interval.value, 0.75, 1e-12);
  EXPECT_NEAR(interval.high - interval.value, 3.182446 * 0.25, 1e-5);  // t(3) times 0.5 / root 4
  EXPECT_EQ(two_level_bootstrap({}).value, 0);
}

}  // namespace
}  // namespace attune::stats
