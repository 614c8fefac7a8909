#include <cmath>

#include "kernels/support.h"

namespace attune::kernels {
namespace {

class CrossEntropy : public EachSet {};

TEST_P(CrossEntropy, MatchesTheReference) {
  for (const std::int64_t vocabulary : {1, 2, 3, 17, 33, 127, 300, 1025, 5000}) {
    const std::int64_t rows = 4;
    const std::vector<float> logits = random_floats(rows * vocabulary, 1, 6);
    std::vector<std::int32_t> targets;
    for (std::int64_t row = 0; row < rows; ++row)
      targets.push_back(static_cast<std::int32_t>(row * 977 % vocabulary));
    const std::vector<float> gradient_scale{0.0f, 1.0f, -0.25f, 0.01f};
    std::vector<float> d = logits, wanted_d = logits;
    std::vector<double> nll(4), wanted_nll(4), nll_only(4);
    std::vector<std::int32_t> best(4), wanted_best(4);
    ops().cross_entropy(d.data(), targets.data(), nullptr, nll_only.data(), best.data(), rows,
                        vocabulary);
    EXPECT_EQ(d, logits) << "without a gradient the logits stay";
    ops().cross_entropy(d.data(), targets.data(), gradient_scale.data(), nll.data(), best.data(),
                        rows, vocabulary);
    reference().cross_entropy(wanted_d.data(), targets.data(), gradient_scale.data(),
                              wanted_nll.data(), wanted_best.data(), rows, vocabulary);
    EXPECT_EQ(best, wanted_best);
    EXPECT_EQ(nll, nll_only);
    for (std::size_t row = 0; row < 4; ++row)
      EXPECT_NEAR(nll[row], wanted_nll[row], 2e-7 * (1 + wanted_nll[row]));
    for (std::size_t i = 0; i < d.size(); ++i) {
      const double scale = std::fabs(gradient_scale[i / static_cast<std::size_t>(vocabulary)]);
      ASSERT_NEAR(d[i], wanted_d[i], 3e-7 * (std::fabs(wanted_d[i]) + 0.5 * scale));
    }
  }
}

TEST_P(CrossEntropy, GradientIsTheSlopeOfTheLoss) {
  const std::vector<float> logits = random_floats(37, 1, 2);
  const std::int32_t target = 5;
  const float scale = 0.7f;
  double nll = 0;
  std::int32_t best = 0;
  std::vector<float> d = logits;
  ops().cross_entropy(d.data(), &target, &scale, &nll, &best, 1, 37);
  const auto loss = [&](const std::vector<double>& x) {
    double total = 0;
    for (const double value : x) total += std::exp(value);
    return 0.7 * (std::log(total) - x[5]);
  };
  EXPECT_NEAR(0.7 * nll, loss(to_double(logits)), 1e-6);
  for (std::int64_t i = 0; i < 37; ++i) {
    EXPECT_NEAR(d[static_cast<std::size_t>(i)], slope(loss, to_double(logits), i), 1e-6);
  }
}

TEST_P(CrossEntropy, TheFirstOfEqualLargestLogitsIsBest) {
  std::vector<float> logits(100, 0.0f);
  logits[41] = logits[73] = logits[99] = 2.0f;
  const std::int32_t target = 0;
  double nll = 0;
  std::int32_t best = -1;
  ops().cross_entropy(logits.data(), &target, nullptr, &nll, &best, 1, 100);
  EXPECT_EQ(best, 41);
}

TEST_P(CrossEntropy, SurvivesExtremeLogits) {
  std::vector<float> logits{1e30f, -1e30f, -INFINITY, 0.0f};
  const std::int32_t target = 3;
  const float scale = 1.0f;
  double nll = 0;
  std::int32_t best = -1;
  ops().cross_entropy(logits.data(), &target, &scale, &nll, &best, 1, 4);
  EXPECT_EQ(best, 0);
  EXPECT_NEAR(nll, 1e30, 1e23);
  EXPECT_EQ(logits, (std::vector<float>{1, 0, 0, -1}));

  std::vector<float> broken(20, NAN);
  ops().cross_entropy(broken.data(), &target, &scale, &nll, &best, 1, 20);
  EXPECT_TRUE(std::isnan(nll));
  EXPECT_GE(best, 0);
  EXPECT_LT(best, 20);
}

// The softmax of {0, x} shows e^x alone: p = e^x / (1 + e^x).
TEST_P(CrossEntropy, ExponentialIsAccurateOverItsWholeRange) {
  const std::int32_t target = 0;
  const float scale = 1.0f;
  double worst = 0;
  for (int i = 0; i <= 20000; ++i) {
    const float x = -87.3f * static_cast<float>(i) / 20000.0f;
    float logits[2] = {0.0f, x};
    double nll = 0;
    std::int32_t best = 0;
    ops().cross_entropy(logits, &target, &scale, &nll, &best, 1, 2);
    const double wanted = std::exp(static_cast<double>(x)) / (1 + std::exp(static_cast<double>(x)));
    worst = std::max(worst, std::fabs(logits[1] / wanted - 1));
  }
  EXPECT_LT(worst, 3e-7);
  for (const float x : {-88.0f, -95.0f, -103.0f}) {  // denormal results
    float logits[2] = {0.0f, x};
    double nll = 0;
    std::int32_t best = 0;
    ops().cross_entropy(logits, &target, &scale, &nll, &best, 1, 2);
    EXPECT_NEAR(logits[1], std::exp(static_cast<double>(x)), 3e-45) << x;
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, CrossEntropy, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
