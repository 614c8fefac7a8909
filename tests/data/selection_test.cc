#include "data/selection.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "data/clusters.h"

namespace attune::data {
namespace {

// Questions are points on a circle, so that near ones are alike.
Similarities on_a_circle(std::int64_t rows) {
  return [rows](std::span<const std::int64_t> candidates, std::span<float> out) {
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      for (std::int64_t i = 0; i < rows; ++i)
        out[c * static_cast<std::size_t>(rows) + static_cast<std::size_t>(i)] =
            std::cos(0.1f * static_cast<float>(candidates[c] - i));
    }
  };
}

std::vector<CandidateRow> random_candidates(std::int64_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::int64_t> tokens(1, 90);
  std::uniform_real_distribution<double> loss(0.1, 3.0);
  std::vector<CandidateRow> candidates;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t trained = tokens(random);
    candidates.push_back({.row = 3 * i,
                          .tokens = trained + tokens(random),
                          .trained_tokens = trained,
                          .answer_tokens = trained,
                          .loss = loss(random),
                          .loss_alone = loss(random),
                          .cluster = static_cast<std::int32_t>(i % 5)});
  }
  return candidates;
}

constexpr SelectMethod kAll[] = {
    SelectMethod::ifd,    SelectMethod::perplexity, SelectMethod::diversity, SelectMethod::combined,
    SelectMethod::random, SelectMethod::longest,    SelectMethod::clusters};

TEST(Selection, EveryMethodOrdersAllRowsAndTheSameSeedTheSameWay) {
  const std::vector<CandidateRow> candidates = random_candidates(60, 1);
  for (const SelectMethod method : kAll) {
    const Ranking first = rank_candidates(candidates, method, 10, on_a_circle(60), 7);
    const Ranking again = rank_candidates(candidates, method, 10, on_a_circle(60), 7);
    EXPECT_EQ(first.order, again.order) << select_method_name(method);
    const std::set<std::int64_t> rows(first.order.begin(), first.order.end());
    EXPECT_EQ(rows.size(), 60u) << select_method_name(method);
  }
  EXPECT_NE(rank_candidates(candidates, SelectMethod::random, 10, on_a_circle(60), 7).order,
            rank_candidates(candidates, SelectMethod::random, 10, on_a_circle(60), 8).order);
}

TEST(Selection, ABudgetIsFilledAsFarAsTheNextRowAllows) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const std::vector<CandidateRow> candidates = random_candidates(40, seed);
    const std::int64_t budget = 50 + 37 * static_cast<std::int64_t>(seed);
    for (const SelectMethod method : kAll) {
      const Ranking ranking = rank_candidates(candidates, method, 8, on_a_circle(40), seed);
      const std::vector<std::int64_t> chosen = within_budget(candidates, ranking.order, budget);
      const SelectionSummary summary = summarise("x", candidates, chosen, on_a_circle(40));
      EXPECT_LE(summary.trained_tokens, budget);
      if (chosen.size() == candidates.size()) continue;
      const auto next = static_cast<std::size_t>(ranking.order[chosen.size()]);
      EXPECT_GT(summary.trained_tokens + candidates[next].trained_tokens, budget);
    }
  }
}

TEST(Selection, RowsWhoseQuestionDoesNotHelpComeLastWithTheReason) {
  std::vector<CandidateRow> candidates(4);
  const std::optional<double> losses[] = {1.5, 0.2, 0.9, std::nullopt};
  for (std::size_t i = 0; i < 4; ++i) {
    candidates[i].loss = losses[i];
    candidates[i].loss_alone = 1.0;
  }
  const Ranking ranking = rank_candidates(candidates, SelectMethod::ifd, 2, on_a_circle(4), 0);
  EXPECT_EQ(ranking.order, (std::vector<std::int64_t>{2, 1, 0, 3}));
  EXPECT_NE(ranking.reasons[0].find("does not help"), std::string::npos);
  EXPECT_NE(ranking.reasons[3].find("could not read"), std::string::npos);
  EXPECT_TRUE(ranking.reasons[1].empty() && ranking.reasons[2].empty());
  const Ranking combined =
      rank_candidates(candidates, SelectMethod::combined, 2, on_a_circle(4), 0);
  EXPECT_EQ(std::set<std::int64_t>(combined.order.begin(), combined.order.begin() + 2),
            (std::set<std::int64_t>{1, 2}));
}

TEST(Selection, ClustersTakeTurns) {
  const std::vector<CandidateRow> candidates = random_candidates(50, 2);
  const Ranking ranking =
      rank_candidates(candidates, SelectMethod::clusters, 10, on_a_circle(50), 3);
  for (std::size_t round = 0; round < 10; ++round) {
    std::set<std::int32_t> clusters;
    for (std::size_t i = 0; i < 5; ++i)
      clusters.insert(candidates[static_cast<std::size_t>(ranking.order[round * 5 + i])].cluster);
    EXPECT_EQ(clusters.size(), 5u) << round;
  }
}

TEST(Selection, ClustersFindGroupsThatPointApart) {
  std::vector<float> vectors;
  for (int i = 0; i < 30; ++i) {
    const float angle = static_cast<float>(i % 3) * 2.0f + 0.01f * static_cast<float>(i);
    vectors.insert(vectors.end(), {std::cos(angle), std::sin(angle)});
  }
  const std::vector<std::int32_t> clusters = cluster_rows(vectors, 2, 3, 5);
  EXPECT_EQ(clusters, cluster_rows(vectors, 2, 3, 5));
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(clusters[i], clusters[i % 3]);
  }
  EXPECT_EQ(std::set<std::int32_t>(clusters.begin(), clusters.end()).size(), 3u);
}

}  // namespace
}  // namespace attune::data
