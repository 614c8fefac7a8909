#include "infer/sampler.h"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace attune::infer {
namespace {

const std::vector<float> kLogits = {0.0f, 2.0f, 1.0f, 2.0f};

TEST(Sampler, GreedyTakesTheFirstOfTheLargest) {
  EXPECT_EQ(choose_token(kLogits, {}, 0.99f).token, 1);
}

TEST(Sampler, LogprobIsThatOfTheUnmodifiedDistribution) {
  const double sum = std::exp(0.0) + 2 * std::exp(2.0) + std::exp(1.0);
  EXPECT_NEAR(choose_token(kLogits, {}, 0).logprob, 2.0 - std::log(sum), 1e-12);
  EXPECT_NEAR(choose_token(kLogits, {.temperature = 0.1f}, 0).logprob, 2.0 - std::log(sum), 1e-12);
}

TEST(Sampler, DrawsFollowTheProbabilities) {
  constexpr int kDraws = 20000;
  std::array<int, 4> counts{};
  const RandomStream stream{1, 2, 3};
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    ++counts[static_cast<std::size_t>(
        choose_token(kLogits, {.temperature = 1}, stream.uniform(i)).token)];
  }
  const double sum = std::exp(0.0) + 2 * std::exp(2.0) + std::exp(1.0);
  for (std::size_t token = 0; token < 4; ++token) {
    EXPECT_NEAR(counts[token] / double{kDraws}, std::exp(static_cast<double>(kLogits[token])) / sum,
                0.015);
  }
}

TEST(Sampler, NucleusLeavesOutTheUnlikely) {
  const RandomStream stream{1, 2, 4};
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const Choice choice =
        choose_token(kLogits, {.temperature = 1, .top_p = 0.7f}, stream.uniform(i));
    EXPECT_TRUE(choice.token == 1 || choice.token == 3);
  }
  EXPECT_EQ(choose_token(kLogits, {.temperature = 1, .top_p = 0.0f}, 0.9f).token, 1);
}

}  // namespace
}  // namespace attune::infer
