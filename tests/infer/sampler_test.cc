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

TEST(Sampler, PenaltiesFollowTheirFormula) {
  std::vector<float> logits = kLogits;
  apply_penalties(logits, {{1, 3}, {2, 1}}, {.frequency = 0.5f, .presence = 0.25f});
  EXPECT_EQ(logits, (std::vector<float>{0.0f, 2.0f - 3 * 0.5f - 0.25f, 1.0f - 0.5f - 0.25f, 2.0f}));
}

TEST(Sampler, BiasForbidsAndForces) {
  std::vector<float> logits = kLogits;
  apply_bias(logits, std::vector<TokenBias>{{1, -100.0f}, {0, 1.5f}});
  EXPECT_EQ(logits, (std::vector<float>{1.5f, -98.0f, 1.0f, 2.0f}));
}

TEST(Sampler, LikeliestTokensFallAndAgreeWithTokenLogprob) {
  const std::vector<Choice> top = likeliest_tokens(kLogits, 3, log_sum_exp(kLogits));
  ASSERT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].token, 1);
  EXPECT_EQ(top[1].token, 3);
  EXPECT_EQ(top[2].token, 2);
  for (const Choice& one : top) EXPECT_EQ(one.logprob, token_logprob(kLogits, one.token));
  EXPECT_EQ(likeliest_tokens(kLogits, 20, log_sum_exp(kLogits)).size(), 4u);
}

TEST(Sampler, ANucleusOfALargeVocabularyHoldsTheLikeliestTokens) {
  std::vector<float> logits(5000);
  const RandomStream noise{7, 8, 9};
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = 2 * noise.normal(i);
  const double total = log_sum_exp(logits);
  std::vector<bool> inside(logits.size());
  double kept = 0;
  for (const Choice& one : likeliest_tokens(logits, 5000, total)) {
    if (kept >= 0.5) break;
    kept += std::exp(one.logprob);
    inside[static_cast<std::size_t>(one.token)] = true;
  }
  const RandomStream stream{1, 2, 5};
  for (std::uint64_t i = 0; i < 300; ++i) {
    const std::int32_t token =
        sample_token(logits, {.temperature = 1, .top_p = 0.5f}, stream.uniform(i));
    EXPECT_TRUE(inside[static_cast<std::size_t>(token)]);
  }
}

}  // namespace
}  // namespace attune::infer
