// Model folders, whole and broken.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "golden.h"
#include "model/weights.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

using ::testing::HasSubstr;

const std::string kEmbedding = "model.embed_tokens.weight", kHead = "lm_head.weight";

// A folder with a tiny model, and its tensors to change and write again.
class ModelFolder : public ::testing::Test {
 protected:
  void write(const std::string& family) {
    spec_ = tiny_spec(family);
    ASSERT_TRUE(tiny_model(spec_, Precision::f32, 1).save(folder_.path(), Dtype::f32));
    tensors_.clear();
    const Safetensors file = *Safetensors::open(weights_path());
    for (const StoredTensor& tensor : file.tensors()) {
      tensors_.push_back({tensor.name, tensor.shape,
                          std::vector<float>(static_cast<std::size_t>(tensor.elements()))});
      ASSERT_TRUE(copy_to_f32(tensor, tensors_.back().values));
    }
  }

  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<float> values;
  };

  Tensor& tensor(const std::string& name) {
    const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                    [&](const Tensor& t) { return t.name == name; });
    EXPECT_NE(found, tensors_.end()) << name;
    return *found;
  }
  void remove(const std::string& name) {
    std::erase_if(tensors_, [&](const Tensor& t) { return t.name == name; });
  }
  void rewrite() const {
    std::vector<TensorToWrite> list;
    for (const Tensor& t : tensors_) {
      list.push_back({t.name, Dtype::f32, t.shape, std::as_bytes(std::span(t.values))});
    }
    ASSERT_TRUE(write_safetensors(weights_path(), std::move(list), {}));
  }
  std::string refusal() const {
    const Result<Model> model = Model::load(folder_.path(), Precision::f32);
    EXPECT_FALSE(model);
    return model ? "" : model.error().message();
  }
  std::filesystem::path weights_path() const { return folder_.path() / "model.safetensors"; }
  std::filesystem::path config_path() const { return folder_.path() / "config.json"; }

  ScratchFolder folder_;
  ArchSpec spec_;
  std::vector<Tensor> tensors_;
};

std::vector<std::vector<float>> all_values(Model model) {
  std::vector<std::vector<float>> values;
  model.train_all_weights();
  for (const Parameter& p : model.parameters()) values.emplace_back(p.value.begin(), p.value.end());
  return values;
}

TEST_F(ModelFolder, SavedInF32AndBf16ReadsBackToTheSameValues) {
  for (const char* family : {"llama", "mistral", "qwen2", "qwen3"}) {
    const ArchSpec spec = tiny_spec(family);
    ASSERT_TRUE(tiny_model(spec, Precision::f32, 2).save(folder_.path(), Dtype::f32));
    EXPECT_EQ(all_values(load(folder_.path(), Precision::f32)),
              all_values(tiny_model(spec, Precision::f32, 2)));
    EXPECT_EQ(load(folder_.path(), Precision::f32).spec(), spec);
    ASSERT_TRUE(load(folder_.path(), Precision::bf16).save(folder_.path(), Dtype::bf16));
    const auto halves = all_values(load(folder_.path(), Precision::bf16));
    EXPECT_EQ(halves, all_values(load(folder_.path(), Precision::f32)));
    const auto wanted = all_values(tiny_model(spec, Precision::f32, 2));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      for (std::size_t j = 0; j < wanted[i].size(); ++j)
        ASSERT_EQ(halves[i][j], round_to_bf16(wanted[i][j]));
    }
  }
}

TEST_F(ModelFolder, KeepsItsWeightsWhenSavingFails) {
  write("llama");
  const Model model = load(folder_.path(), Precision::f32);
  std::ofstream(folder_.path() / "file") << "in the way";
  const Result<void> saved = model.save(folder_.path() / "file" / "inner", Dtype::f32);
  ASSERT_FALSE(saved);
  EXPECT_EQ(exit_code(saved.error()), 4);
  EXPECT_FALSE(model.save(folder_.path(), Dtype::i32));
  EXPECT_TRUE(Model::load(folder_.path(), Precision::f32));
}

TEST_F(ModelFolder, RefusesAMissingTensorByName) {
  const std::vector<std::string> names = {kEmbedding,
                                          kHead,
                                          "model.norm.weight",
                                          "model.layers.1.self_attn.k_proj.weight",
                                          "model.layers.0.self_attn.q_proj.bias",
                                          "model.layers.1.mlp.down_proj.bias",
                                          "model.layers.0.post_attention_layernorm.weight"};
  for (const std::string& name : names) {
    write("llama");
    remove(name);
    rewrite();
    EXPECT_THAT(refusal(), HasSubstr(name));
  }
}

TEST_F(ModelFolder, RefusesATensorOfAnotherShapeByName) {
  for (const std::string& name : {std::string("model.layers.0.mlp.up_proj.weight"), kEmbedding}) {
    write("llama");
    std::swap(tensor(name).shape[0], tensor(name).shape[1]);
    rewrite();
    const std::string message = refusal();
    EXPECT_THAT(message, HasSubstr(name));
    EXPECT_THAT(message, HasSubstr("18"));
  }
  write("qwen3");
  tensor("model.layers.1.self_attn.q_norm.weight").shape = {2, 3};
  rewrite();
  EXPECT_THAT(refusal(), HasSubstr("q_norm.weight"));
}

TEST_F(ModelFolder, RefusesATensorThatTheArchitectureDoesNotHave) {
  write("mistral");
  tensors_.push_back({"model.layers.0.self_attn.q_proj.bias", {36}, std::vector<float>(36)});
  rewrite();
  EXPECT_THAT(refusal(), HasSubstr("model.layers.0.self_attn.q_proj.bias"));
  remove("model.layers.0.self_attn.q_proj.bias");
  tensors_.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", {3}, std::vector<float>(3)});
  rewrite();
  EXPECT_TRUE(Model::load(folder_.path(), Precision::f32));
}

TEST_F(ModelFolder, RefusesATruncatedFile) {
  write("qwen2");
  const auto size = std::filesystem::file_size(weights_path());
  for (const std::uintmax_t kept : {size - 1, size / 2, std::uintmax_t{20}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(weights_path(), kept);
    EXPECT_THAT(refusal(), HasSubstr("model.safetensors"));
  }
}

TEST_F(ModelFolder, RefusesAFolderWithoutConfigOrWeights) {
  EXPECT_THAT(refusal(), HasSubstr("config.json"));
  write("llama");
  std::filesystem::remove(weights_path());
  EXPECT_THAT(refusal(), HasSubstr("safetensors"));
  std::ofstream(config_path()) << "{\"model_type\": ";
  EXPECT_THAT(refusal(), HasSubstr("config.json"));
}

TEST_F(ModelFolder, RefusesAnEnormousConfigBeforeItTakesMemory) {
  write("llama");
  Json config = *read_json(config_path());
  config["num_hidden_layers"] = 4096;
  config["hidden_size"] = 1 << 20;
  config["intermediate_size"] = 1 << 20;
  std::ofstream(config_path()) << config.dump();
  EXPECT_THAT(refusal(), HasSubstr("shape"));
}

TEST_F(ModelFolder, ATiedModelMayHoldEitherNameOrBoth) {
  write("qwen3");
  const Batch batch = random_task(spec_, {7}, 3).batch;
  const kernels::Context context(Isa::scalar, 1);
  const std::vector<float> wanted =
      all_logits(context, load(folder_.path(), Precision::f32), batch);
  Tensor head = tensor(kEmbedding);
  head.name = kHead;
  tensors_.push_back(head);
  rewrite();
  EXPECT_EQ(all_logits(context, load(folder_.path(), Precision::f32), batch), wanted);
  remove(kEmbedding);
  rewrite();
  EXPECT_EQ(all_logits(context, load(folder_.path(), Precision::f32), batch), wanted);
  tensor(kHead).shape = {18, 37};
  rewrite();
  EXPECT_THAT(refusal(), HasSubstr(kHead));
  remove(kHead);
  rewrite();
  EXPECT_THAT(refusal(), HasSubstr(kEmbedding));
}

TEST(RandomModel, HasTheDocumentedSpreadAndDependsOnTheSeedAlone) {
  ArchSpec spec = tiny_spec("llama");
  spec.hidden = 128;
  spec.intermediate = 256;
  const Model model = Model::random(spec, Precision::f32, 1);
  const auto deviation = [](const Matrix& matrix) {
    double sum = 0;
    for (const float x : matrix.f32.span()) sum += static_cast<double>(x) * static_cast<double>(x);
    return std::sqrt(sum / static_cast<double>(matrix.elements()));
  };
  const Layer& layer = model.weights().layers[0];
  EXPECT_NEAR(deviation(layer.gate.weight), 0.02, 0.0005);
  EXPECT_NEAR(deviation(layer.down.weight), 0.01, 0.0005);
  EXPECT_NEAR(deviation(layer.o.weight), 0.01, 0.0005);
  EXPECT_EQ(layer.attention_norm.value.span()[5], 1.0f);
  EXPECT_EQ(layer.q.bias.value.span()[5], 0.0f);
  EXPECT_EQ(all_values(Model::random(spec, Precision::f32, 1)),
            all_values(Model::random(spec, Precision::f32, 1)));
  EXPECT_NE(all_values(Model::random(spec, Precision::f32, 1)),
            all_values(Model::random(spec, Precision::f32, 2)));
}

}  // namespace
}  // namespace attune::model::testing
