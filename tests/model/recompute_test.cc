// What backward computes again instead of keeping it: the same gradients, in less memory.
#include "model/recompute.h"

#include <gtest/gtest.h>

#include "tiny.h"

namespace attune::model::testing {
namespace {

constexpr Recompute kOthers[] = {Recompute::nothing, Recompute::mlp, Recompute::block};

std::vector<float> gradients_under(Recompute policy, Model& model, const Task& task) {
  const kernels::Context context(Isa::scalar, 2);
  Workspace workspace(model, static_cast<std::int64_t>(task.batch.tokens.size()), true, 0, policy);
  model.zero_gradients();
  const PassOptions options{.dropout = {.seed = 3, .stream = 1, .step = 2}};
  // Two passes: the second must not see what the first left behind.
  train_pass(context, model, workspace, task.batch, task.targets, 0.5f, options);
  train_pass(context, model, workspace, task.batch, task.targets, 0.5f, options);
  std::vector<float> all;
  for (const Parameter& parameter : model.parameters())
    all.insert(all.end(), parameter.gradient.begin(), parameter.gradient.end());
  return all;
}

class RecomputePolicies : public ::testing::TestWithParam<std::string> {
 protected:
  const ArchSpec spec_ = tiny_spec(GetParam());
  const Task task_ = random_task(spec_, {7, 1, 9}, 2);
};

INSTANTIATE_TEST_SUITE_P(Families, RecomputePolicies,
                         ::testing::Values("llama", "mistral", "qwen2", "qwen3"));

TEST_P(RecomputePolicies, GiveAnAdapterTheSameGradientsToTheBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Model model = tiny_model(spec_, precision, 1);
    add_filled_lora(model, {.rank = 3, .alpha = 6, .dropout = 0.25f}, 4);
    const std::vector<float> wanted = gradients_under(Recompute::elementwise, model, task_);
    for (const Recompute policy : kOthers)
      EXPECT_EQ(gradients_under(policy, model, task_), wanted) << recompute_name(policy);
  }
}

TEST_P(RecomputePolicies, GiveAllWeightsTheSameGradientsToTheBit) {
  Model model = tiny_model(spec_, Precision::f32, 1);
  model.train_all_weights();
  const std::vector<float> wanted = gradients_under(Recompute::elementwise, model, task_);
  for (const Recompute policy : kOthers)
    EXPECT_EQ(gradients_under(policy, model, task_), wanted) << recompute_name(policy);
}

TEST_P(RecomputePolicies, GiveAnAdapterOnSomeModulesTheSameGradientsToTheBit) {
  Model model = tiny_model(spec_, Precision::f32, 1);
  add_filled_lora(model, {.rank = 2, .alpha = 2, .targets = {"o_proj", "down_proj"}}, 4);
  const std::vector<float> wanted = gradients_under(Recompute::elementwise, model, task_);
  for (const Recompute policy : kOthers)
    EXPECT_EQ(gradients_under(policy, model, task_), wanted) << recompute_name(policy);
}

TEST(RecomputePlans, TakeTheFastestPolicyThatFits) {
  Model model = tiny_model(tiny_spec("llama"), Precision::f32, 1);
  add_filled_lora(model, {.rank = 2, .alpha = 2}, 4);
  const RecomputePlan roomy = plan_recompute(model, 64, std::int64_t{1} << 30);
  EXPECT_EQ(roomy.choice, Recompute::nothing);
  EXPECT_TRUE(roomy.fits);
  for (std::size_t i = 0; i + 1 < kRecomputePolicies.size(); ++i) {
    EXPECT_GT(roomy.workspace_bytes[i], roomy.workspace_bytes[i + 1]);
    const Recompute next = kRecomputePolicies[i + 1];
    const RecomputePlan tight = plan_recompute(model, 64, roomy.workspace_bytes[i] - 1);
    EXPECT_EQ(tight.choice, next) << recompute_name(next);
  }
  const RecomputePlan none = plan_recompute(model, 64, 1);
  EXPECT_EQ(none.choice, Recompute::block);
  EXPECT_FALSE(none.fits);
}

TEST(RecomputePlans, SayWhatTheWorkspaceWillTake) {
  Model model = tiny_model(tiny_spec("qwen3"), Precision::bf16, 1);
  add_filled_lora(model, {.rank = 2, .alpha = 2, .dropout = 0.5f}, 4);
  const RecomputePlan plan = plan_recompute(model, 24, std::int64_t{1} << 30);
  for (const Recompute policy : kRecomputePolicies) {
    EXPECT_EQ(Workspace(model, 24, true, 0, policy).bytes(), plan.bytes(policy))
        << recompute_name(policy);
  }
}

TEST(RecomputePlans, AreMadeFromAnOutlineWithoutWeights) {
  const ArchSpec spec = tiny_spec("llama");
  Model whole = tiny_model(spec, Precision::bf16, 1),
        outline = Model::outline(spec, Precision::bf16);
  add_filled_lora(whole, {.rank = 2, .alpha = 2}, 4);
  add_filled_lora(outline, {.rank = 2, .alpha = 2}, 4);
  EXPECT_EQ(plan_recompute(outline, 32, 1).workspace_bytes,
            plan_recompute(whole, 32, 1).workspace_bytes);
}

TEST(RecomputeNames, AreReadBackAndOthersRefused) {
  for (const Recompute policy : kRecomputePolicies)
    EXPECT_EQ(*parse_recompute(recompute_name(policy)), policy);
  const auto refused = parse_recompute("some");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("nothing, elementwise, mlp or block"),
            std::string::npos);
}

}  // namespace
}  // namespace attune::model::testing
