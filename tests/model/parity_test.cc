// Attune against Transformers and PEFT, by the files of tests/golden/model.
#include <cmath>

#include <gtest/gtest.h>

#include "golden.h"

namespace attune::model::testing {
namespace {

constexpr double kLogitsError = 1e-4, kGradientError = 1e-4, kCurveError = 1e-3;

// Both documents packed give the logits of both, one after the other.
std::vector<float> golden_logits(const Golden& golden, const std::string& prefix) {
  std::vector<float> logits = golden.tensor(prefix + "logits.0");
  const std::vector<float> second = golden.tensor(prefix + "logits.1");
  logits.insert(logits.end(), second.begin(), second.end());
  return logits;
}

// Checks the gradients of the mean loss; `prefix` is that of the golden tensors.
double check_gradients(const kernels::Context& context, Model& model, const Golden& golden,
                       const std::string& prefix) {
  const Batch batch = golden.batch();
  Workspace workspace(model, static_cast<std::int64_t>(batch.tokens.size()), true);
  const Targets targets = golden.targets();
  float weight = 0;
  for (const float w : targets.weight) weight += w;
  model.zero_gradients();
  const LossSums sums = train_pass(context, model, workspace, batch, targets, 1.0f / weight, {});
  for (const Parameter& parameter : model.parameters()) {
    const std::vector<float> wanted = golden.tensor(prefix + "gradient." + parameter.name);
    EXPECT_EQ(wanted.size(), parameter.gradient.size()) << parameter.name;
    EXPECT_LT(relative_error(parameter.gradient, wanted), kGradientError) << parameter.name;
  }
  return sums.mean();
}

void check_curve(const kernels::Context& context, Model& model, const Golden& golden,
                 const Json& training) {
  const Batch batch = golden.batch();
  const Targets targets = golden.targets();
  Workspace workspace(model, static_cast<std::int64_t>(batch.tokens.size()), true);
  std::vector<std::vector<float>> first, second;
  for (const Parameter& parameter : model.parameters()) {
    first.emplace_back(parameter.value.size());
    second.emplace_back(parameter.value.size());
  }
  const auto beta1 = training["betas"][0].get<float>(), beta2 = training["betas"][1].get<float>();
  const Json& losses = training["losses"];
  for (std::size_t step = 0; step < losses.size(); ++step) {
    model.zero_gradients();
    const double weight = evaluate_loss(context, model, workspace, batch, targets, {}).weight;
    const LossSums sums =
        train_pass(context, model, workspace, batch, targets, static_cast<float>(1.0 / weight), {});
    EXPECT_NEAR(sums.mean() / losses[step].get<double>(), 1.0, kCurveError) << "step " << step;
    const auto exponent = static_cast<float>(step + 1);
    for (std::size_t i = 0; i < model.parameters().size(); ++i) {
      Parameter& parameter = model.parameters()[i];
      context.ops().adamw(
          parameter.value.data(), parameter.gradient.data(), first[i].data(), second[i].data(),
          static_cast<std::int64_t>(parameter.value.size()),
          {.learning_rate = training["learning_rate"].get<float>(),
           .beta1 = beta1,
           .beta2 = beta2,
           .epsilon = training["eps"].get<float>(),
           .weight_decay = parameter.decay ? training["weight_decay"].get<float>() : 0.0f,
           .bias_correction1 = 1 - std::pow(beta1, exponent),
           .bias_correction2 = 1 - std::pow(beta2, exponent),
           .gradient_scale = 1});
    }
  }
}

class Parity : public ::testing::TestWithParam<std::string> {
 protected:
  Golden golden_ = read_golden(GetParam());
};

std::string test_name(const ::testing::TestParamInfo<std::string>& family) {
  std::string name = family.param;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Families, Parity, ::testing::ValuesIn(golden_families()), test_name);

TEST_P(Parity, LogitsAreThoseOfTransformersOnEveryInstructionSet) {
  const Model model = load(golden_.folder, Precision::f32);
  const std::vector<float> wanted = golden_logits(golden_, "");
  for (const Isa isa : available_isas()) {
    const kernels::Context context(isa, 2);
    EXPECT_LT(relative_error(all_logits(context, model, golden_.batch()), wanted), kLogitsError)
        << isa_name(isa);
  }
}

TEST_P(Parity, GradientsOfAllWeightsAreThoseOfPyTorchOnEveryInstructionSet) {
  for (const Isa isa : available_isas()) {
    Model model = load(golden_.folder, Precision::f32);
    model.train_all_weights();
    const double loss = check_gradients(kernels::Context(isa, 2), model, golden_, "");
    EXPECT_NEAR(loss / golden_.json["loss"].get<double>(), 1.0, 1e-5) << isa_name(isa);
  }
}

TEST_P(Parity, FiftyStepsOfFullTrainingFollowPyTorch) {
  Model model = load(golden_.folder, Precision::f32);
  model.train_all_weights();
  check_curve(kernels::Context(available_isas().back(), 2), model, golden_,
              golden_.json["training"]);
}

TEST_P(Parity, HalfPrecisionIsNoWorseThanOneAndAHalfTimesPyTorchs) {
  const Model model = load(golden_.folder, Precision::bf16);
  const std::vector<float> wanted = golden_logits(golden_, "");
  const double bar = 1.5 * golden_.json["bf16"]["logits_relative_error"].get<double>();
  for (const Isa isa : available_isas()) {
    const kernels::Context context(isa, 2);
    EXPECT_LT(relative_error(all_logits(context, model, golden_.batch()), wanted), bar)
        << isa_name(isa);
  }
}

TEST_P(Parity, AdaptersGiveThePeftLogitsGradientsAndCurves) {
  for (const Json& adapter : golden_.json["adapters"]) {
    const auto name = adapter["folder"].get<std::string>();
    const std::string prefix = name == "adapter" ? "lora." : "rslora.";
    Model model = load(golden_.folder, Precision::f32);
    const Result<void> loaded = model.load_adapter(golden_.folder / name);
    ASSERT_TRUE(loaded) << loaded.error().message();
    const kernels::Context context(available_isas().back(), 2);
    EXPECT_LT(
        relative_error(all_logits(context, model, golden_.batch()), golden_logits(golden_, prefix)),
        kLogitsError);
    EXPECT_LT(relative_error(all_logits(context, model, golden_.batch(), false),
                             golden_logits(golden_, "")),
              kLogitsError)
        << "without the adapter";
    const double loss = check_gradients(context, model, golden_, prefix);
    EXPECT_NEAR(loss / adapter["loss"].get<double>(), 1.0, 1e-5);
    check_curve(context, model, golden_, adapter["training"]);
  }
}

}  // namespace
}  // namespace attune::model::testing
