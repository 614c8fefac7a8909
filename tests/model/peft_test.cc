// Adapter folders of PEFT: in, out, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "golden.h"
#include "model/peft_config.h"
#include "model/weights.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

using ::testing::HasSubstr;

const std::string kConfig = "adapter_config.json";

std::vector<std::vector<float>> values_of(const Model& model) {
  std::vector<std::vector<float>> values;
  for (const Parameter& p : model.parameters()) values.emplace_back(p.value.begin(), p.value.end());
  return values;
}

std::vector<std::string> names_of(const Model& model) {
  std::vector<std::string> names;
  for (const Parameter& p : model.parameters()) names.push_back(p.name);
  return names;
}

TEST(Adapters, SavedReadBackToTheSameBitsAndSettings) {
  const ScratchFolder folder;
  const std::vector<LoraConfig> configs = {{.rank = 4, .alpha = 8, .targets = {"all-linear"}},
                                           {.rank = 3,
                                            .alpha = 2.5f,
                                            .dropout = 0.05f,
                                            .rank_stabilised = true,
                                            .targets = {"q_proj", "down_proj"}},
                                           {.rank = 1, .alpha = 1, .targets = {"o_proj"}}};
  for (const LoraConfig& config : configs) {
    const ArchSpec spec = tiny_spec("qwen2");
    Model model = tiny_model(spec, Precision::f32, 1), other = tiny_model(spec, Precision::f32, 1);
    add_filled_lora(model, config, 2);
    ASSERT_TRUE(model.save_adapter(folder.path(), "models/base"));
    const Result<void> loaded = other.load_adapter(folder.path());
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(values_of(other), values_of(model));
    EXPECT_EQ(names_of(other), names_of(model));
    EXPECT_EQ(other.lora()->rank, config.rank);
    EXPECT_EQ(other.lora()->alpha, config.alpha);
    EXPECT_EQ(other.lora()->dropout, config.dropout);
    EXPECT_EQ(other.lora()->rank_stabilised, config.rank_stabilised);
    const Json json = *read_json(folder.path() / kConfig);
    EXPECT_EQ(json["base_model_name_or_path"], "models/base");
  }
}

TEST(Adapters, OfPeftSavedAgainHoldTheSameTensors) {
  const Golden golden = read_golden("llama3");
  const ScratchFolder folder;
  for (const char* name : {"adapter", "adapter-rslora"}) {
    Model model = load(golden.folder, Precision::f32);
    ASSERT_TRUE(model.load_adapter(golden.folder / name));
    ASSERT_TRUE(model.save_adapter(folder.path(), "base"));
    const Safetensors theirs =
        *Safetensors::open(golden.folder / name / "adapter_model.safetensors");
    const Safetensors ours = *Safetensors::open(folder.path() / "adapter_model.safetensors");
    ASSERT_EQ(ours.tensors().size(), theirs.tensors().size());
    for (const StoredTensor& tensor : theirs.tensors()) {
      const StoredTensor* same = ours.find(tensor.name);
      ASSERT_NE(same, nullptr) << tensor.name;
      EXPECT_EQ(same->shape, tensor.shape);
      EXPECT_TRUE(std::equal(same->bytes.begin(), same->bytes.end(), tensor.bytes.begin(),
                             tensor.bytes.end()));
    }
  }
}

TEST(Adapters, FreshOnesStartAsTheBase) {
  const ArchSpec spec = tiny_spec("qwen3");
  const Batch batch = random_task(spec, {9}, 3).batch;
  const kernels::Context context(Isa::scalar, 1);
  Model model = tiny_model(spec, Precision::f32, 4);
  ASSERT_TRUE(model.add_lora({.rank = 8, .alpha = 16}, 5));
  EXPECT_EQ(model.parameters().size(), 2U * 7U * 2U);
  EXPECT_EQ(all_logits(context, model, batch), all_logits(context, model, batch, false));
  const Parameter& a = model.parameters()[0];
  EXPECT_EQ(a.name, "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
  EXPECT_EQ(a.shape, (std::vector<std::int64_t>{8, 18}));
  const float bound = 1.0f / std::sqrt(18.0f);
  for (const float x : a.value) EXPECT_LE(std::abs(x), bound);
  EXPECT_GT(*std::max_element(a.value.begin(), a.value.end()), 0.9f * bound);
}

TEST(Adapters, WithImpossibleSettingsAreRefused) {
  Model model = tiny_model(tiny_spec("llama"), Precision::f32, 1);
  EXPECT_THAT(model.add_lora({.rank = 0}, 1).error().message(), HasSubstr("rank"));
  EXPECT_THAT(model.add_lora({.alpha = -1}, 1).error().message(), HasSubstr("alpha"));
  EXPECT_THAT(model.add_lora({.dropout = 1}, 1).error().message(), HasSubstr("dropout"));
  EXPECT_THAT(model.add_lora({.targets = {"lm_head"}}, 1).error().message(), HasSubstr("lm_head"));
  EXPECT_THAT(model.add_lora({.targets = {}}, 1).error().message(), HasSubstr("targets"));
  EXPECT_FALSE(model.has_adapter());
}

// An adapter folder whose configuration is changed and loaded again.
class ChangedAdapter : public ::testing::Test {
 protected:
  void SetUp() override {
    add_filled_lora(model_, {.rank = 2, .alpha = 4, .targets = {"q_proj", "up_proj"}}, 1);
    ASSERT_TRUE(model_.save_adapter(folder_.path(), "base"));
    config_ = *read_json(folder_.path() / kConfig);
  }
  Result<void> load_with(const Json& changes) {
    Json config = config_;
    config.update(changes);
    EXPECT_TRUE(write_file_atomic(folder_.path() / kConfig, config.dump()));
    return model_.load_adapter(folder_.path());
  }
  std::string refusal(const Json& changes) {
    const Result<void> loaded = load_with(changes);
    EXPECT_FALSE(loaded) << changes.dump();
    return loaded ? "" : loaded.error().message();
  }

  ScratchFolder folder_;
  Model model_ = tiny_model(tiny_spec("mistral"), Precision::f32, 1);
  Json config_;
};

TEST_F(ChangedAdapter, TakesEveryWayToNameTheSameModules) {
  const std::vector<std::string> names = names_of(model_);
  const std::vector<Json> ways = {
      Json::array({"up_proj", "q_proj"}),
      Json::array({"mlp.up_proj", "self_attn.q_proj"}),
      Json::array({"model.layers.0.self_attn.q_proj", "layers.1.self_attn.q_proj", "up_proj"}),
      ".*\\.(q_proj|up_proj)",
      "model\\.layers\\.\\d+\\.(self_attn\\.q|mlp\\.up)_proj",
  };
  for (const Json& way : ways) {
    const Result<void> loaded = load_with({{"target_modules", way}});
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(names_of(model_), names);
  }
  ASSERT_TRUE(load_with(
      {{"target_modules", "all-linear"}, {"exclude_modules", ".*(k|v|o|gate|down)_proj"}}));
  EXPECT_EQ(names_of(model_), names);
  ASSERT_TRUE(load_with({{"layers_to_transform", {0, 1}}, {"layers_pattern", "layers"}}));
  EXPECT_EQ(names_of(model_), names);
}

TEST_F(ChangedAdapter, RefusesOtherArithmeticByName) {
  struct Case {
    Json changes;
    std::string word;
  };
  const std::vector<Case> cases = {
      {{{"use_dora", true}}, "use_dora"},
      {{{"bias", "all"}}, "bias"},
      {{{"lora_bias", true}}, "lora_bias"},
      {{{"modules_to_save", {"lm_head"}}}, "modules_to_save"},
      {{{"fan_in_fan_out", true}}, "fan_in_fan_out"},
      {{{"trainable_token_indices", {1, 2}}}, "trainable_token_indices"},
      {{{"target_parameters", {"x"}}}, "target_parameters"},
      {{{"layer_replication", {{0, 1}}}}, "layer_replication"},
      {{{"use_qalora", true}}, "use_qalora"},
      {{{"a_field_of_tomorrow", 0.5}}, "a_field_of_tomorrow"},
      {{{"init_lora_weights", "pissa"}}, "init_lora_weights"},
      {{{"peft_type", "LOHA"}}, "LOHA"},
      {{{"task_type", "SEQ_CLS"}}, "SEQ_CLS"},
      {{{"layers_pattern", "blocks"}}, "layers_pattern"},
      {{{"r", 0}}, "r"},
      {{{"r", 3}}, "shape"},
      {{{"lora_alpha", "big"}}, "lora_alpha"},
      {{{"lora_dropout", 1.5}}, "lora_dropout"},
      {{{"target_modules", nullptr}}, "target_modules"},
      {{{"target_modules", {"q_proj"}}}, "up_proj"},
      {{{"target_modules", {"q_proj", "up_proj", "v_proj"}}}, "v_proj"},
      {{{"target_modules", {"c_attn"}}}, "target_modules"},
      {{{"target_modules", "(q_proj"}}, "regular expression"},
      {{{"target_modules", "((.*)*)*x"}}, "target_modules"},
      {{{"layers_to_transform", {0}}}, "layers.1"},
      {{{"layers_to_transform", "all"}}, "layers_to_transform"},
      {{{"rank_pattern", {{"q_proj", 0}}}}, "rank_pattern"},
  };
  const auto before = values_of(model_);
  for (const Case& c : cases) {
    EXPECT_THAT(refusal(c.changes), HasSubstr(c.word)) << c.changes.dump();
    EXPECT_EQ(values_of(model_), before) << "a refused adapter changed the model";
  }
}

TEST_F(ChangedAdapter, IgnoresFieldsThatChangeNothing) {
  EXPECT_TRUE(load_with({{"megatron_core", "megatron.core"},
                         {"qalora_group_size", 16},
                         {"use_dora", false},
                         {"a_field_of_tomorrow", nullptr},
                         {"another", Json::array()},
                         {"peft_version", "0.18.0"},
                         {"inference_mode", true}}));
}

TEST_F(ChangedAdapter, PatternsOfRankAndAlphaAreUsedAndWrittenBack) {
  ASSERT_TRUE(load_with({{"alpha_pattern", {{"layers\\.1\\.mlp\\.up_proj", 12}}}}));
  const auto scale = [&](std::size_t layer) {
    return model_.weights().layers[layer].up.lora->scale;
  };
  EXPECT_EQ(scale(0), 2.0f);
  EXPECT_EQ(scale(1), 6.0f);
  ASSERT_TRUE(load_with({{"r", 9}, {"rank_pattern", {{"q_proj", 2}, {"up_proj", 2}}}}));
  EXPECT_EQ(scale(1), 2.0f);
  ASSERT_TRUE(load_with({{"alpha_pattern", {{"q_proj", 12}}}}));
  ASSERT_TRUE(model_.save_adapter(folder_.path(), "base"));
  ASSERT_TRUE(model_.load_adapter(folder_.path()));
  EXPECT_EQ(model_.weights().layers[1].q.lora->scale, 6.0f);
  EXPECT_EQ(scale(1), 2.0f);
}

TEST_F(ChangedAdapter, RefusesBrokenOrMissingFiles) {
  const std::filesystem::path weights = folder_.path() / "adapter_model.safetensors";
  std::filesystem::resize_file(weights, std::filesystem::file_size(weights) - 1);
  EXPECT_THAT(refusal(Json::object()), HasSubstr("adapter_model.safetensors"));
  std::filesystem::remove(weights);
  EXPECT_THAT(refusal(Json::object()), HasSubstr("adapter_model.safetensors"));
  std::filesystem::remove(folder_.path() / kConfig);
  EXPECT_THAT(model_.load_adapter(folder_.path()).error().message(), HasSubstr(kConfig));
}

TEST_F(ChangedAdapter, RefusesTheAdapterOfAModelOfOtherSizes) {
  ArchSpec spec = tiny_spec("mistral");
  spec.intermediate = 24;
  Model other = tiny_model(spec, Precision::f32, 1);
  const Result<void> loaded = other.load_adapter(folder_.path());
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message(), HasSubstr("up_proj.lora_B.weight"));
}

}  // namespace
}  // namespace attune::model::testing
