// Gradients against finite differences of the loss, along directions in which the loss changes
// enough for f32.
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "base/random.h"
#include "golden.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

double loss_of(const kernels::Context& context, const Model& model, Workspace& workspace,
               const Task& task) {
  return evaluate_loss(context, model, workspace, task.batch, task.targets, {}).weighted_nll;
}

// (L(p + h d) - L(p - h d)) / 2h for a direction d, by `direction(i)`.
double slope_along(const kernels::Context& context, const Model& model, Workspace& workspace,
                   const Task& task, Parameter& parameter, const std::vector<float>& direction) {
  constexpr float kStep = 4e-3f;
  const std::vector<float> kept(parameter.value.begin(), parameter.value.end());
  const auto shifted_loss = [&](float step) {
    for (std::size_t i = 0; i < kept.size(); ++i)
      parameter.value[i] = kept[i] + step * direction[i];
    return loss_of(context, model, workspace, task);
  };
  const double slope =
      (shifted_loss(kStep) - shifted_loss(-kStep)) / (2.0 * static_cast<double>(kStep));
  std::copy(kept.begin(), kept.end(), parameter.value.begin());
  return slope;
}

std::vector<float> unit(std::vector<float> direction) {
  double size = 0;
  for (const float x : direction) size += static_cast<double>(x) * static_cast<double>(x);
  for (float& x : direction) x = static_cast<float>(static_cast<double>(x) / std::sqrt(size));
  return direction;
}

// Each tensor along its own gradient, where the slope is the gradient's norm, and along a random
// direction.
void check_against_slopes(Model& model, const Task& task) {
  const kernels::Context context(Isa::scalar, 1);
  Workspace workspace(model, static_cast<std::int64_t>(task.batch.tokens.size()), true);
  model.zero_gradients();
  train_pass(context, model, workspace, task.batch, task.targets, 1.0f, {});
  ASSERT_FALSE(model.parameters().empty());
  for (Parameter& parameter : model.parameters()) {
    const std::vector<float> gradient(parameter.gradient.begin(), parameter.gradient.end());
    const RandomStream draw{.seed = 5, .stream = stream_id(parameter.name), .step = 0};
    std::vector<float> random(gradient.size());
    for (std::size_t i = 0; i < random.size(); ++i) random[i] = draw.normal(i);
    double norm = 0;
    for (const float g : gradient) norm += static_cast<double>(g) * static_cast<double>(g);
    norm = std::sqrt(norm);
    ASSERT_GT(norm, 0) << parameter.name;
    for (const std::vector<float>& direction : {unit(gradient), unit(random)}) {
      double wanted = 0;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        wanted += static_cast<double>(gradient[i]) * static_cast<double>(direction[i]);
      }
      const double slope = slope_along(context, model, workspace, task, parameter, direction);
      EXPECT_NEAR(slope, wanted, 2e-3 * norm + 2e-3) << parameter.name;
    }
  }
}

class Gradients : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Families, Gradients,
                         ::testing::Values("llama", "mistral", "qwen2", "qwen3"));

TEST_P(Gradients, OfFullTrainingAreTheSlopesOfTheLoss) {
  const ArchSpec spec = tiny_spec(GetParam());
  Model model = tiny_model(spec, Precision::f32, 1);
  model.train_all_weights();
  check_against_slopes(model, random_task(spec, {7, 1, 9}, 2));
}

TEST_P(Gradients, OfAnAdapterAreTheSlopesOfTheLoss) {
  const ArchSpec spec = tiny_spec(GetParam());
  Model model = tiny_model(spec, Precision::f32, 3);
  add_filled_lora(model, {.rank = 3, .alpha = 5}, 4);
  check_against_slopes(model, random_task(spec, {7, 1, 9}, 5));
}

// Adapting one module of the lowest layer exercises each place where the backward pass stops early.
TEST(Gradients, OfAnAdapterOnAnySingleModuleAreThoseOfTheAdapterOnAll) {
  const ArchSpec spec = tiny_spec("qwen3");
  const Task task = random_task(spec, {8, 5}, 6);
  const kernels::Context context(Isa::scalar, 2);
  Model all = tiny_model(spec, Precision::f32, 7);
  add_filled_lora(all, {.rank = 2, .alpha = 2}, 8);
  for (Parameter& parameter : all.parameters()) {
    if (parameter.name.ends_with("lora_B.weight"))
      std::fill(parameter.value.begin(), parameter.value.end(), 0.0f);
  }
  gradients_of(context, all, task);
  for (const char* target :
       {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}) {
    Model one = tiny_model(spec, Precision::f32, 7);
    ASSERT_TRUE(one.add_lora({.rank = 2, .alpha = 2, .targets = {target}}, 8));
    gradients_of(context, one, task);
    EXPECT_EQ(one.parameters().size(), 4U);
    for (const Parameter& parameter : one.parameters()) {
      const auto same =
          std::find_if(all.parameters().begin(), all.parameters().end(),
                       [&](const Parameter& other) { return other.name == parameter.name; });
      ASSERT_NE(same, all.parameters().end());
      EXPECT_TRUE(
          std::equal(parameter.gradient.begin(), parameter.gradient.end(), same->gradient.begin()))
          << parameter.name;
    }
  }
}

TEST(Gradients, AddUpOverPassesAndScaleWithTheGradientScale) {
  const ArchSpec spec = tiny_spec("llama");
  const Task task = random_task(spec, {6, 4}, 9);
  const kernels::Context context(Isa::scalar, 1);
  Model model = tiny_model(spec, Precision::f32, 10);
  model.train_all_weights();
  const std::vector<float> once = gradients_of(context, model, task);
  Workspace workspace(model, 10, true);
  train_pass(context, model, workspace, task.batch, task.targets, 0.5f, {});
  std::vector<float> both;
  for (const Parameter& p : model.parameters())
    both.insert(both.end(), p.gradient.begin(), p.gradient.end());
  for (float& g : both) g /= 1.5f;
  EXPECT_LT(relative_error(both, once), 1e-6);
}

TEST(Gradients, OfABatchWithoutTargetsAreZero) {
  const ArchSpec spec = tiny_spec("qwen2");
  Task task = random_task(spec, {6}, 11);
  std::fill(task.targets.weight.begin(), task.targets.weight.end(), 0.0f);
  Model model = tiny_model(spec, Precision::f32, 12);
  model.train_all_weights();
  for (const float g : gradients_of(kernels::Context(Isa::scalar, 2), model, task))
    ASSERT_EQ(g, 0.0f);
}

}  // namespace
}  // namespace attune::model::testing
