// A base held in 8 or 4 bits: it computes what its decoded weights compute.
#include <gtest/gtest.h>

#include "model/weights.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

class QuantisedModels : public ::testing::TestWithParam<Precision> {
 protected:
  // The same weights as `model` has, decoded and held as bf16. Products round what they decode to
  // bf16 as well, so nothing may differ.
  Model decoded(Model& model) {
    Model same = tiny_model(model.spec(), Precision::bf16, 1);
    const auto from = matrices(model.weights());
    const auto to = matrices(same.weights());
    for (std::size_t i = 0; i < to.size(); ++i) {
      std::vector<float> row(static_cast<std::size_t>(to[i]->columns));
      for (std::int64_t n = 0; n < to[i]->rows; ++n) {
        from[i]->copy_row(n, row.data());
        to[i]->set_rows(n, 1, row.data());
      }
    }
    return same;
  }
  const kernels::Context context_{Isa::scalar, 2};
};

INSTANTIATE_TEST_SUITE_P(Formats, QuantisedModels,
                         ::testing::Values(Precision::int8, Precision::nf4),
                         [](const auto& one) { return std::string(precision_name(one.param)); });

TEST_P(QuantisedModels, TrainAnAdapterAsTheirDecodedWeightsDo) {
  for (const char* family : {"llama", "qwen3"}) {
    const ArchSpec spec = tiny_spec(family);
    const Task task = random_task(spec, {7, 1, 9}, 2);
    Model model = tiny_model(spec, GetParam(), 1);
    Model same = decoded(model);
    for (Model* one : {&model, &same})
      add_filled_lora(*one, {.rank = 3, .alpha = 6, .dropout = 0.25f}, 4);
    EXPECT_EQ(gradients_of(context_, model, task), gradients_of(context_, same, task)) << family;
  }
}

TEST_P(QuantisedModels, ReadAFolderAndKeepItsEmbeddingWhole) {
  const ArchSpec spec = tiny_spec("llama");
  const ScratchFolder folder;
  ASSERT_TRUE(tiny_model(spec, Precision::bf16, 1).save(folder.path(), Dtype::bf16));
  Model whole = Model::load(folder.path(), Precision::bf16).value();
  Model model = Model::load(folder.path(), GetParam()).value();
  std::vector<float> a(static_cast<std::size_t>(spec.hidden)), b(a);
  model.weights().embedding.copy_row(5, a.data());
  whole.weights().embedding.copy_row(5, b.data());
  EXPECT_EQ(a, b);
  model.weights().layers[0].q.weight.copy_row(1, a.data());
  whole.weights().layers[0].q.weight.copy_row(1, b.data());
  EXPECT_NE(a, b);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 0.2);
}

TEST_P(QuantisedModels, RefuseToBeSavedAndWeightsThatAreNotFinite) {
  const ArchSpec spec = tiny_spec("llama");
  const ScratchFolder folder;
  Model whole = tiny_model(spec, Precision::f32, 1);
  whole.weights().layers[1].up.weight.f32.data()[3] = NAN;
  ASSERT_TRUE(whole.save(folder.path(), Dtype::f32));
  const auto loaded = Model::load(folder.path(), GetParam());
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message().find("model.layers.1.mlp.up_proj.weight"), std::string::npos)
      << loaded.error().message();
  const auto saved = tiny_model(spec, GetParam(), 1).save(folder.path(), Dtype::bf16);
  ASSERT_FALSE(saved);
  EXPECT_NE(saved.error().message().find(precision_name(GetParam())), std::string::npos);
}

TEST(WeightBytes, AreThoseOfTheFormat) {
  ArchSpec spec = tiny_spec("llama");
  spec.hidden = 128, spec.heads = 4, spec.kv_heads = 2, spec.head_dim = 32, spec.intermediate = 256;
  const std::int64_t layer = 128 * 128 * 2 + 128 * 64 * 2 + 3 * 128 * 256;
  const std::int64_t others = weight_bytes(spec, Precision::bf16) - spec.layers * layer * 2;
  EXPECT_EQ(weight_bytes(spec, Precision::int8), others + spec.layers * (layer + layer / 16));
  EXPECT_EQ(weight_bytes(spec, Precision::nf4), others + spec.layers * (layer / 2 + layer / 16));
}

}  // namespace
}  // namespace attune::model::testing
