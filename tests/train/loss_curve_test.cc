// Fifty steps of training against PyTorch's, for every family, with all weights and with each
// adapter.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/json.h"
#include "train/test_data.h"
#include "train/trainer.h"

namespace attune::train {
namespace {

const Path kModels = Path(ATTUNE_SOURCE_DIR) / "tests" / "golden" / "model";

class LossCurve : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto read = read_json(folder() / "golden.json");
    ASSERT_TRUE(read) << read.error().message();
    golden_ = std::move(*read);
    for (const Json& document : golden_["documents"]) {
      auto tokens = document["tokens"].get<std::vector<std::int32_t>>();
      const auto weights = document["weight"].get<std::vector<float>>();
      // There the weight stands with the token that predicts, here with the token that is
      // predicted.
      std::vector<float> own(weights.size(), 0);
      for (std::size_t i = 0; i + 1 < weights.size(); ++i) own[i + 1] = weights[i];
      documents_.add(std::move(tokens), std::move(own));
    }
    documents_.finish();
  }
  Path folder() const { return kModels / GetParam(); }

  // Trains as `training` says and compares each step's loss.
  void expect_curve(model::Model& model, const Json& training, double tolerance) {
    const auto wanted = training["losses"].get<std::vector<double>>();
    TrainOptions options;
    options.epochs = 0;
    options.max_steps = static_cast<std::int64_t>(wanted.size());
    options.documents_per_step = 2;
    options.learning_rate = training["learning_rate"].get<float>();
    options.schedule = ScheduleKind::constant;
    options.warmup_ratio = 0;
    options.clip_norm = 0;
    options.weight_decay = training["weight_decay"].get<float>();
    options.beta1 = training["betas"][0].get<float>();
    options.beta2 = training["betas"][1].get<float>();
    options.epsilon = training["eps"].get<float>();
    options.peak_flops = 1e9;
    const kernels::Context context(*pick_isa(), 1);
    auto trainer = Trainer::create(context, model, {.train = documents_.views}, options);
    ASSERT_TRUE(trainer) << trainer.error().message();
    const auto outcome = trainer->run({.step = [&](const StepProgress& progress) {
      const double loss = wanted[static_cast<std::size_t>(progress.step - 1)];
      EXPECT_NEAR(progress.loss, loss, tolerance * loss) << "step " << progress.step;
      return Action::proceed;
    }});
    ASSERT_TRUE(outcome) << outcome.error().message();
  }

  Json golden_;
  OwnedDocuments documents_;
};

TEST_P(LossCurve, OfAllWeightsIsThatOfPyTorch) {
  auto model = model::Model::load(folder(), model::Precision::f32);
  ASSERT_TRUE(model) << model.error().message();
  model->train_all_weights();
  expect_curve(*model, golden_["training"], 1e-3);
}

TEST_P(LossCurve, OfEachAdapterIsThatOfPeft) {
  for (const Json& adapter : golden_["adapters"]) {
    auto model = model::Model::load(folder(), model::Precision::f32);
    ASSERT_TRUE(model) << model.error().message();
    const auto loaded = model->load_adapter(folder() / adapter["folder"].get<std::string>());
    ASSERT_TRUE(loaded) << loaded.error().message();
    expect_curve(*model, adapter["training"], 1e-3);
  }
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  for (char& letter : name) letter = letter == '-' ? '_' : letter;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Families, LossCurve,
                         testing::Values("llama2", "llama3", "llama-linear", "mistral",
                                         "mistral-window", "qwen2", "qwen3", "smollm2"),
                         test_name);

}  // namespace
}  // namespace attune::train
