// Golden numbers: tools/make_statistics_golden.py (scipy).
#include "stats/statistics.h"

#include <cmath>

#include <gtest/gtest.h>

namespace attune::stats {
namespace {

TEST(Statistics, NormalQuantileAgreesWithScipy) {
  const double cases[][2] = {{1e-12, -7.034483825301131},
                             {0.001, -3.090232306167813},
                             {0.025, -1.9599639845400545},
                             {0.2, -0.8416212335729142},
                             {0.5, 0.0},
                             {0.7, 0.5244005127080407},
                             {0.975, 1.959963984540054},
                             {0.99999, 4.264890793923841}};
  for (const auto& [p, z] : cases) {
    EXPECT_NEAR(normal_quantile(p), z, 1e-12 * std::max(1.0, std::abs(z))) << p;
    EXPECT_NEAR(normal_cdf(z), p, 1e-14) << z;
  }
}

TEST(Statistics, WilsonAgreesWithScipy) {
  struct Case {
    std::int64_t successes, n;
    double low, high;
  };
  for (const Case& one : {Case{0, 10, 0.0, 0.27753279986288926},
                          Case{1, 10, 0.017876213095072896, 0.4041500267952385},
                          Case{78, 100, 0.6892964648501421, 0.8499871761539459},
                          Case{96, 100, 0.9016292856411208, 0.9843366960084523},
                          Case{288, 300, 0.93139578796136, 0.9769726785120577},
                          Case{300, 300, 0.9873570287754541, 1.0},
                          Case{480, 500, 0.9390264041651492, 0.9739592026102227},
                          Case{1, 1, 0.20654931437723745, 1.0}}) {
    const Estimate estimate = wilson(static_cast<double>(one.successes), one.n);
    EXPECT_NEAR(estimate.low, one.low, 1e-12);
    EXPECT_NEAR(estimate.high, one.high, 1e-12);
  }
  EXPECT_EQ(wilson(0, 0).high, 1);
}

TEST(Statistics, McnemarAgreesWithTheExactBinomialTest) {
  struct Case {
    std::int64_t first, second;
    double p;
  };
  for (const Case& one :
       {Case{0, 0, 1.0}, Case{1, 0, 1.0}, Case{5, 5, 1.0}, Case{10, 2, 0.03857421875},
        Case{3, 17, 0.0025768280029296875}, Case{60, 6, 2.72580319860688e-12},
        Case{200, 150, 0.008720036530555947}, Case{300, 0, 9.818186930595453e-91}}) {
    EXPECT_NEAR(mcnemar_exact(one.first, one.second) / one.p, 1, 1e-10)
        << one.first << " " << one.second;
    EXPECT_DOUBLE_EQ(mcnemar_exact(one.first, one.second), mcnemar_exact(one.second, one.first));
  }
}

TEST(Statistics, PairedRateDifferenceFollowsNewcombe) {
  struct Case {
    PairedCounts counts;
    double value, low, high;
  };
  for (const Case& one :
       {Case{{70, 20, 4, 6}, 0.16, 0.0684558909649117, 0.25283286457604537},
        Case{{0, 300, 0, 0}, 1.0, 0.9821201386255543, 1.0},
        Case{{250, 30, 10, 10}, 0.06666666666666665, 0.02614736119231302, 0.1093278731784656},
        Case{{100, 0, 0, 0}, 0.0, -0.03699349820698572, 0.03699349820698572},
        Case{{1, 1, 1, 1}, 0.0, -0.49491960784282796, 0.49491960784282796}}) {
    const Estimate estimate = paired_rate_difference(one.counts);
    EXPECT_NEAR(estimate.value, one.value, 1e-12);
    EXPECT_NEAR(estimate.low, one.low, 1e-12);
    EXPECT_NEAR(estimate.high, one.high, 1e-12);
  }
}

TEST(Statistics, QuantileInterpolatesLikeNumpy) {
  const std::vector<double> values{3, 1, 4, 1, 5, 9, 2, 6};
  const double cases[][2] = {
      {0.0, 1.0}, {0.25, 1.75}, {0.5, 3.5}, {0.95, 7.949999999999998}, {1.0, 9.0}};
  for (const auto& [q, wanted] : cases) EXPECT_NEAR(quantile(values, q), wanted, 1e-12) << q;
  EXPECT_EQ(quantile({}, 0.5), 0);
}

TEST(Statistics, BootstrapAgreesWithScipysBca) {
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) values.push_back(std::fmod(i * i / 400.0, 1.0));
  const Estimate estimate = bootstrap_mean(values);
  EXPECT_NEAR(estimate.value, 0.38375, 1e-12);
  EXPECT_NEAR(estimate.low, 0.29579, 0.004);
  EXPECT_NEAR(estimate.high, 0.47907, 0.004);

  std::vector<double> skewed;
  for (int i = 0; i < 60; ++i) skewed.push_back(i % 10 == 0 ? 1 : 0);
  const Estimate skewed_estimate = bootstrap_mean(skewed);
  EXPECT_NEAR(skewed_estimate.low, 0.0338, 0.017);  // one step of 1/60
  EXPECT_NEAR(skewed_estimate.high, 0.2, 0.017);
}

TEST(Statistics, BootstrapIsTheSameForTheSameSeed) {
  std::vector<double> values;
  for (int i = 0; i < 50; ++i) values.push_back(std::sqrt(i));
  EXPECT_EQ(bootstrap_mean(values).low, bootstrap_mean(values).low);
  EXPECT_NE(bootstrap_mean(values, {.seed = 1}).low, bootstrap_mean(values, {.seed = 2}).low);
}

TEST(Statistics, BootstrapOfEqualValuesHasNoWidth) {
  const std::vector<double> values(10, 0.5);
  const Estimate estimate = bootstrap_mean(values);
  EXPECT_EQ(estimate.low, 0.5);
  EXPECT_EQ(estimate.high, 0.5);
  EXPECT_EQ(bootstrap_mean({}).value, 0);
}

TEST(Statistics, HolmStepsDown) {
  const std::vector<double> adjusted = holm_adjusted({0.01, 0.04, 0.03, 0.005});
  const std::vector<double> wanted{0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(adjusted[i], wanted[i], 1e-12);
}

}  // namespace
}  // namespace attune::stats
