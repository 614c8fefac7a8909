#include "model/dropout.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace attune::model {
namespace {

constexpr std::int64_t kRows = 300, kWidth = 77;

const kernels::Kernels& ops() { return kernels::kernels_for(Isa::scalar); }

std::vector<float> masked_ones(float probability, const RandomStream& stream, std::int64_t pieces) {
  std::vector<float> memory(static_cast<std::size_t>(DropoutMask::floats_needed(kRows, kWidth)));
  DropoutMask mask(probability, kWidth, memory.data());
  for (std::int64_t i = 0; i < pieces; ++i)
    mask.draw(ops(), stream, {kRows * i / pieces, kRows * (i + 1) / pieces});
  std::vector<float> ones(kRows * kWidth, 1.0f), out(ones.size(), 9.0f);
  mask.apply(ops(), ones.data(), out.data(), {0, kRows});
  return out;
}

TEST(Dropout, KeepsItsShareAndTheMean) {
  for (const float probability : {0.05f, 0.1f, 0.5f, 0.9f}) {
    const std::vector<float> out = masked_ones(probability, {1, 2, 3}, 1);
    double kept = 0;
    for (const float x : out) {
      if (x == 0) continue;
      ++kept;
      EXPECT_NEAR(x, 1.0f / (1.0f - probability), 2e-4f / (1.0f - probability));
    }
    EXPECT_NEAR(kept / static_cast<double>(out.size()), 1.0 - static_cast<double>(probability),
                0.012);
    EXPECT_NEAR(std::accumulate(out.begin(), out.end(), 0.0) / static_cast<double>(out.size()), 1.0,
                0.05 / (1.0 - static_cast<double>(probability)));
  }
}

TEST(Dropout, DependsOnTheStreamAndNotOnHowTheRowsAreCut) {
  const RandomStream stream{.seed = 1, .stream = 2, .step = 3};
  const std::vector<float> whole = masked_ones(0.3f, stream, 1);
  EXPECT_EQ(masked_ones(0.3f, stream, 7), whole);
  EXPECT_NE(masked_ones(0.3f, {.seed = 1, .stream = 2, .step = 4}, 1), whole);
  EXPECT_NE(masked_ones(0.3f, {.seed = 1, .stream = 5, .step = 3}, 1), whole);
  EXPECT_NE(masked_ones(0.3f, {.seed = 8, .stream = 2, .step = 3}, 1), whole);
}

TEST(Dropout, KeepsSomethingAtEveryProbabilityBelowOne) {
  const std::vector<float> out = masked_ones(0.9999999f, {1, 2, 3}, 1);
  for (const float x : out) EXPECT_TRUE(x == 0.0f || x == 65536.0f);
}

TEST(Dropout, AddsWhatItWouldWrite) {
  std::vector<float> memory(static_cast<std::size_t>(DropoutMask::floats_needed(kRows, kWidth)));
  DropoutMask mask(0.4f, kWidth, memory.data());
  mask.draw(ops(), {1, 2, 3}, {0, kRows});
  std::vector<float> x(kRows * kWidth), written(x.size()), added(x.size(), 2.0f);
  std::iota(x.begin(), x.end(), -100.0f);
  mask.apply(ops(), x.data(), written.data(), {0, kRows});
  mask.add(ops(), x.data(), added.data(), {0, kRows});
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(added[i], 2.0f + written[i]);
}

}  // namespace
}  // namespace attune::model
