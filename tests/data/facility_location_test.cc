#include "data/facility_location.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace attune::data {
namespace {

// A symmetric matrix of similarities; some are negative, as cosines are.
struct Matrix {
  std::int64_t rows = 0;
  std::vector<float> values;

  Matrix(std::int64_t count, std::uint32_t seed) : rows(count) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> draw(-0.3f, 1.0f);
    values.resize(static_cast<std::size_t>(count * count));
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j <= i; ++j) at(i, j) = at(j, i) = i == j ? 1.0f : draw(random);
    }
  }
  float& at(std::int64_t i, std::int64_t j) {
    return values[static_cast<std::size_t>(i * rows + j)];
  }

  Similarities similarities() {
    return [this](std::span<const std::int64_t> candidates, std::span<float> out) {
      for (std::size_t c = 0; c < candidates.size(); ++c) {
        for (std::int64_t i = 0; i < rows; ++i)
          out[c * static_cast<std::size_t>(rows) + static_cast<std::size_t>(i)] =
              at(candidates[c], i);
      }
    };
  }

  double value(const std::vector<std::int64_t>& chosen) {
    double sum = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
      float best = 0;
      for (const std::int64_t j : chosen) best = std::max(best, at(i, j));
      sum += static_cast<double>(best);
    }
    return sum / static_cast<double>(rows);
  }

  double best_of_all(std::int64_t keep) {
    std::vector<bool> mask(static_cast<std::size_t>(rows), false);
    std::fill(mask.end() - keep, mask.end(), true);
    double best = 0;
    do {
      std::vector<std::int64_t> chosen;
      for (std::int64_t i = 0; i < rows; ++i) {
        if (mask[static_cast<std::size_t>(i)]) chosen.push_back(i);
      }
      best = std::max(best, value(chosen));
    } while (std::next_permutation(mask.begin(), mask.end()));
    return best;
  }

  std::vector<std::int64_t> plain_greedy(std::int64_t keep) {
    std::vector<std::int64_t> chosen;
    while (std::ssize(chosen) < keep) {
      std::int64_t best = -1;
      double most = -1;
      for (std::int64_t row = 0; row < rows; ++row) {
        if (std::find(chosen.begin(), chosen.end(), row) != chosen.end()) continue;
        std::vector<std::int64_t> with = chosen;
        with.push_back(row);
        const double here = value(with);
        if (here <= most + 1e-12) continue;
        most = here;
        best = row;
      }
      chosen.push_back(best);
    }
    return chosen;
  }
};

TEST(FacilityLocation, TheGreedyChoiceIsWithinItsBoundOfTheBest) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    Matrix matrix(10, seed);
    for (std::int64_t keep = 1; keep <= 4; ++keep) {
      const FacilityChoice choice = choose_facilities(10, keep, matrix.similarities(), {});
      ASSERT_EQ(std::ssize(choice.rows), keep);
      const double best = matrix.best_of_all(keep);
      EXPECT_GE(matrix.value(choice.rows), (1 - std::exp(-1.0)) * best) << seed << " " << keep;
      EXPECT_NEAR(choice.values.back(), matrix.value(choice.rows), 1e-6);
      EXPECT_NEAR(facility_value(10, choice.rows, matrix.similarities()), matrix.value(choice.rows),
                  1e-6);
    }
  }
}

TEST(FacilityLocation, LazyGainsChooseWhatPlainGreedyChooses) {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    Matrix matrix(90, seed);
    const FacilityChoice choice = choose_facilities(90, 20, matrix.similarities(), {});
    EXPECT_EQ(choice.rows, matrix.plain_greedy(20));
    EXPECT_LT(choice.evaluations, 20 * 90);
  }
}

TEST(FacilityLocation, QualityAndAllowedRowsSteerTheChoice) {
  Matrix matrix(40, 3);
  std::vector<double> quality(40, 0.0);
  quality[17] = quality[23] = 1.0;
  FacilityOptions only_quality;
  only_quality.quality = quality;
  only_quality.quality_weight = 1;
  EXPECT_EQ(choose_facilities(40, 2, matrix.similarities(), only_quality).rows,
            (std::vector<std::int64_t>{17, 23}));
  const std::vector<std::int64_t> allowed = {5, 6, 7};
  FacilityOptions limited;
  limited.allowed = allowed;
  std::vector<std::int64_t> rows = choose_facilities(40, 10, matrix.similarities(), limited).rows;
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows, allowed);
}

}  // namespace
}  // namespace attune::data
