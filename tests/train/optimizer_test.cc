#include "train/optimizer.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"

namespace attune::train {
namespace {

struct OwnedParameter {
  explicit OwnedParameter(std::int64_t count, bool decay = true) : value(count), gradient(count) {
    parameter = {.name = "weight",
                 .shape = {count},
                 .value = value.span(),
                 .gradient = gradient.span(),
                 .decay = decay};
  }
  Buffer<float> value, gradient;
  model::Parameter parameter;
};

TEST(AdamW, FollowsTheFormulaOfDecoupledDecay) {
  const kernels::Context context(Isa::scalar, 1);
  OwnedParameter owned(1);
  owned.value.data()[0] = 2.0f;
  std::span<model::Parameter> parameters(&owned.parameter, 1);
  AdamW optimizer(parameters, {.weight_decay = 0.1f});
  double value = 2, first = 0, second = 0;
  for (int t = 1; t <= 20; ++t) {
    const double gradient = std::sin(t);
    owned.gradient.data()[0] = static_cast<float>(gradient);
    optimizer.step(context, parameters, 0.01f, 1);
    value -= 0.01 * 0.1 * value;
    first = 0.9 * first + 0.1 * gradient;
    second = 0.999 * second + 0.001 * gradient * gradient;
    value -= 0.01 * (first / (1 - std::pow(0.9, t))) /
             (std::sqrt(second / (1 - std::pow(0.999, t))) + 1e-8);
    EXPECT_NEAR(owned.value.data()[0], value, 1e-5) << t;
  }
}

TEST(AdamW, LeavesParametersWithoutDecayToTheirGradient) {
  const kernels::Context context(Isa::scalar, 1);
  OwnedParameter owned(1, false);
  owned.value.data()[0] = 2.0f;
  std::span<model::Parameter> parameters(&owned.parameter, 1);
  AdamW optimizer(parameters, {.weight_decay = 0.5f});
  optimizer.step(context, parameters, 0.01f, 1);
  EXPECT_EQ(owned.value.data()[0], 2.0f);
}

TEST(Clipping, ScalesOnlyWhatIsAboveTheNorm) {
  EXPECT_EQ(clip_scale(0.5, 1), 1.0f);
  EXPECT_NEAR(clip_scale(4, 1), 0.25f, 1e-6f);
  EXPECT_EQ(clip_scale(4, 0), 1.0f);
  EXPECT_EQ(clip_scale(0, 1), 1.0f);
}

TEST(Clipping, BringsTheStepsGradientToTheNorm) {
  const kernels::Context context(Isa::scalar, 1);
  OwnedParameter owned(3);
  owned.gradient.data()[0] = 3;
  owned.gradient.data()[1] = 4;
  owned.gradient.data()[2] = 12;
  AdamW optimizer({&owned.parameter, 1}, {});
  const double norm = optimizer.gradient_norm(context, {&owned.parameter, 1});
  EXPECT_DOUBLE_EQ(norm, 13);
  EXPECT_NEAR(norm * static_cast<double>(clip_scale(norm, 1)), 1, 1e-6);
}

TEST(Optimizer, GivesTheSameBitsWithOneAndTwoThreads) {
  constexpr std::int64_t kCount = 300'001;
  std::vector<float> result[2];
  double norms[2];
  for (int threads = 1; threads <= 2; ++threads) {
    const auto isa = pick_isa();
    ASSERT_TRUE(isa);
    const kernels::Context context(*isa, threads);
    OwnedParameter owned(kCount);
    const RandomStream stream{.seed = 1};
    for (std::int64_t i = 0; i < kCount; ++i) {
      owned.value.data()[i] = stream.uniform(static_cast<std::uint64_t>(i));
      owned.gradient.data()[i] = stream.uniform(static_cast<std::uint64_t>(i + kCount));
    }
    std::span<model::Parameter> parameters(&owned.parameter, 1);
    AdamW optimizer(parameters, {.weight_decay = 0.1f});
    norms[threads - 1] = optimizer.gradient_norm(context, parameters);
    for (int i = 0; i < 3; ++i) optimizer.step(context, parameters, 0.01f, 0.7f);
    result[threads - 1].assign(owned.value.data(), owned.value.data() + kCount);
  }
  EXPECT_EQ(norms[0], norms[1]);
  EXPECT_EQ(result[0], result[1]);
}

}  // namespace
}  // namespace attune::train
