#include "model/arch_spec.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/rope.h"

namespace attune::model {
namespace {

using ::testing::HasSubstr;

// A small config of a family, with fields replaced by `changes`; a change to null counts as absent.
Json config_of(const std::string& family, const Json& changes = Json::object()) {
  Json config = {{"model_type", family},     {"hidden_size", 64},        {"num_hidden_layers", 4},
                 {"num_attention_heads", 8}, {"intermediate_size", 128}, {"vocab_size", 100}};
  config.update(changes);
  return config;
}

ArchSpec parsed(const Json& config) {
  const Result<ArchSpec> spec = parse_arch_spec(config, "config.json");
  EXPECT_TRUE(spec) << spec.error().message();
  return spec.value_or(ArchSpec{});
}

std::string refusal(const Json& config) {
  const Result<ArchSpec> spec = parse_arch_spec(config, "config.json");
  EXPECT_FALSE(spec);
  return spec ? "" : spec.error().message();
}

TEST(ArchSpec, FillsInWhatEachFamilysClassFillsIn) {
  const ArchSpec llama = parsed(config_of("llama"));
  EXPECT_EQ(llama.kv_heads, 8);
  EXPECT_EQ(llama.head_dim, 8);
  EXPECT_EQ(llama.max_positions, 2048);
  EXPECT_EQ(llama.norm_epsilon, 1e-6f);
  EXPECT_EQ(llama.rope, RopeSpec{});
  EXPECT_EQ(llama.sliding_window, 0);
  EXPECT_FALSE(llama.tied || llama.qkv_bias || llama.o_bias || llama.mlp_bias || llama.qk_norm);

  const ArchSpec mistral = parsed(config_of("mistral"));
  EXPECT_EQ(mistral.kv_heads, 8);
  EXPECT_EQ(mistral.max_positions, 131072);
  EXPECT_EQ(mistral.sliding_window, 4096);

  const ArchSpec qwen2 = parsed(config_of("qwen2", {{"num_attention_heads", 32}, {"head_dim", 4}}));
  EXPECT_EQ(qwen2.kv_heads, 32);
  EXPECT_TRUE(qwen2.qkv_bias);
  EXPECT_FALSE(qwen2.o_bias);
  EXPECT_EQ(qwen2.sliding_window, 0);

  const ArchSpec qwen3 = parsed(config_of("qwen3", {{"num_key_value_heads", 2}}));
  EXPECT_EQ(qwen3.head_dim, 128);
  EXPECT_TRUE(qwen3.qk_norm);
  EXPECT_FALSE(qwen3.qkv_bias);
}

TEST(ArchSpec, TakesANullNumberOfKeyValueHeadsAsOneForEachHead) {
  EXPECT_EQ(
      parsed(config_of("mistral", {{"num_key_value_heads", nullptr}, {"num_attention_heads", 4}}))
          .kv_heads,
      4);
}

TEST(ArchSpec, ReadsBiasesOnlyWhereTheFamilyHasThem) {
  const Json biases = {{"attention_bias", true}, {"mlp_bias", true}};
  const ArchSpec llama = parsed(config_of("llama", biases));
  EXPECT_TRUE(llama.qkv_bias && llama.o_bias && llama.mlp_bias);
  const ArchSpec mistral = parsed(config_of("mistral", biases));
  EXPECT_FALSE(mistral.qkv_bias || mistral.o_bias || mistral.mlp_bias);
  const ArchSpec qwen3 =
      parsed(config_of("qwen3", {{"attention_bias", true}, {"num_key_value_heads", 2}}));
  EXPECT_TRUE(qwen3.qkv_bias && qwen3.o_bias);
  EXPECT_FALSE(qwen3.mlp_bias);
}

TEST(ArchSpec, ReadsEndTokensAsOneOrAsAList) {
  EXPECT_EQ(parsed(config_of("llama", {{"eos_token_id", 7}})).end_tokens,
            (std::vector<std::int64_t>{7}));
  EXPECT_EQ(parsed(config_of("llama", {{"eos_token_id", {7, 9}}})).end_tokens,
            (std::vector<std::int64_t>{7, 9}));
  EXPECT_TRUE(parsed(config_of("llama", {{"eos_token_id", nullptr}})).end_tokens.empty());
}

TEST(ArchSpec, ReadsRopeSettingsOfTransformers4And5) {
  const Json llama3 = {{"rope_type", "llama3"},
                       {"factor", 8.0},
                       {"low_freq_factor", 1.0},
                       {"high_freq_factor", 4.0},
                       {"original_max_position_embeddings", 8192}};
  Json with_theta = llama3;
  with_theta["rope_theta"] = 500000.0;
  const RopeSpec old_form =
      parsed(config_of("llama", {{"rope_theta", 500000.0}, {"rope_scaling", llama3}})).rope;
  const RopeSpec new_form = parsed(config_of("llama", {{"rope_parameters", with_theta}})).rope;
  EXPECT_EQ(old_form, new_form);
  EXPECT_EQ(old_form.kind, RopeKind::llama3);
  EXPECT_EQ(old_form.theta, 500000.0f);
  EXPECT_EQ(old_form.factor, 8.0f);
  const RopeSpec linear =
      parsed(config_of("llama", {{"rope_scaling", {{"type", "linear"}, {"factor", 4}}}})).rope;
  EXPECT_EQ(linear.kind, RopeKind::linear);
  EXPECT_EQ(linear.factor, 4.0f);
  const Json plain = {{"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 77.0}}}};
  EXPECT_EQ(parsed(config_of("llama", plain)).rope, (RopeSpec{.theta = 77.0f}));
}

TEST(ArchSpec, AppliesTheWindowRulesOfEachFamily) {
  struct Case {
    std::string family;
    Json changes;
    std::int64_t window;
  };
  const Json sliding = Json::array(
      {"sliding_attention", "sliding_attention", "sliding_attention", "sliding_attention"});
  const Json full =
      Json::array({"full_attention", "full_attention", "full_attention", "full_attention"});
  const std::vector<Case> cases = {
      {"llama", {{"sliding_window", 5}}, 0},
      {"mistral", {{"sliding_window", nullptr}}, 0},
      {"mistral", {{"sliding_window", 5}}, 5},
      {"qwen2", {{"sliding_window", 5}}, 0},
      {"qwen2", {{"sliding_window", 5}, {"use_sliding_window", true}}, 0},
      {"qwen2", {{"sliding_window", 5}, {"use_sliding_window", true}, {"max_window_layers", 0}}, 5},
      {"qwen2", {{"sliding_window", 5}, {"use_sliding_window", true}, {"layer_types", sliding}}, 5},
      {"qwen3", {{"sliding_window", 5}, {"use_sliding_window", true}, {"layer_types", full}}, 0},
      {"qwen3", {{"sliding_window", nullptr}, {"layer_types", full}}, 0},
  };
  for (const Case& c : cases) {
    Json config = config_of(c.family, c.changes);
    config["num_key_value_heads"] = 4;
    EXPECT_EQ(parsed(config).sliding_window, c.window) << c.family << " " << c.changes.dump();
  }
}

TEST(ArchSpec, RefusesWhatItDoesNotComputeByName) {
  struct Case {
    std::string family;
    Json changes;
    std::vector<std::string> words;
  };
  const Json mixed =
      Json::array({"sliding_attention", "full_attention", "full_attention", "full_attention"});
  const std::vector<Case> cases = {
      {"gemma2", Json::object(), {"model_type", "gemma2"}},
      {"qwen3_moe", Json::object(), {"model_type", "qwen3_moe"}},
      {"llama", {{"quantization_config", {{"bits", 4}}}}, {"quantization_config"}},
      {"mistral", {{"num_local_experts", 8}}, {"num_local_experts", "8"}},
      {"llama", {{"hidden_act", "gelu"}}, {"hidden_act", "gelu"}},
      {"llama", {{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}}}, {"yarn"}},
      {"llama", {{"rope_scaling", {{"type", "dynamic"}, {"factor", 4.0}}}}, {"dynamic"}},
      {"llama",
       {{"rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}}},
       {"full_attention"}},
      {"llama", {{"rope_scaling", {{"rope_type", "linear"}}}}, {"factor", "missing"}},
      {"llama", {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 0}}}}, {"factor"}},
      {"llama", {{"partial_rotary_factor", 0.5}}, {"partial_rotary_factor"}},
      {"mistral", {{"rope_parameters", {{"llama_4_scaling_beta", 0.1}}}}, {"llama_4_scaling_beta"}},
      {"qwen2",
       {{"use_sliding_window", true}, {"max_window_layers", 2}, {"num_key_value_heads", 4}},
       {"2 of 4 layers"}},
      {"qwen2",
       {{"use_sliding_window", true}, {"layer_types", mixed}, {"num_key_value_heads", 4}},
       {"1 of 4 layers"}},
      {"qwen3",
       {{"layer_types", {"linear_attention"}}, {"num_key_value_heads", 4}},
       {"layer_types"}},
  };
  for (const Case& c : cases) {
    const std::string message = refusal(config_of(c.family, c.changes));
    for (const std::string& word : c.words) EXPECT_THAT(message, HasSubstr(word));
    EXPECT_THAT(message, HasSubstr("config.json"));
  }
}

TEST(ArchSpec, RefusesMissingAndImpossibleSizes) {
  for (const char* name : {"model_type", "hidden_size", "num_hidden_layers", "num_attention_heads",
                           "intermediate_size", "vocab_size"}) {
    Json config = config_of("llama");
    config.erase(name);
    EXPECT_THAT(refusal(config), HasSubstr(name));
  }
  const std::vector<Json> impossible = {
      {{"hidden_size", 0}},
      {{"hidden_size", -64}},
      {{"hidden_size", 1e30}},
      {{"hidden_size", 64.5}},
      {{"hidden_size", "64"}},
      {{"hidden_size", 18446744073709551615ULL}},
      {{"hidden_size", 4}},
      {{"num_hidden_layers", 100000000}},
      {{"num_key_value_heads", 3}},
      {{"head_dim", 7}},
      {{"head_dim", 512}},
      {{"rms_norm_eps", 0}},
      {{"rms_norm_eps", "small"}},
      {{"tie_word_embeddings", "yes"}},
      {{"eos_token_id", {1, "end"}}},
      {{"rope_scaling", {1, 2}}},
      {{"rope_theta", -1}},
  };
  for (const Json& changes : impossible) {
    const std::string name = changes.begin().key();
    EXPECT_THAT(refusal(config_of("llama", changes)),
                HasSubstr(name == "hidden_size" && changes[name] == 4 ? "head_dim" : name))
        << changes.dump();
  }
  EXPECT_THAT(refusal(Json::array()), HasSubstr("object"));
}

TEST(ArchSpec, ReadsBackWhatItWrites) {
  const std::vector<Json> configs = {
      config_of("llama", {{"rope_scaling",
                           {{"rope_type", "llama3"},
                            {"factor", 32.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 8192}}},
                          {"tie_word_embeddings", true},
                          {"attention_bias", true},
                          {"rms_norm_eps", 1e-5},
                          {"bos_token_id", 0},
                          {"eos_token_id", {1, 2}}}),
      config_of("mistral",
                {{"sliding_window", nullptr}, {"num_key_value_heads", 2}, {"head_dim", 16}}),
      config_of("mistral", {{"sliding_window", 9}}),
      config_of("qwen2", {{"sliding_window", 9},
                          {"use_sliding_window", true},
                          {"max_window_layers", 0},
                          {"num_key_value_heads", 4}}),
      config_of("qwen2", {{"num_key_value_heads", 4},
                          {"rope_scaling", {{"type", "linear"}, {"factor", 2.5}}}}),
      config_of("qwen3",
                {{"num_key_value_heads", 4}, {"attention_bias", true}, {"mlp_bias", true}}),
  };
  for (const Json& config : configs) {
    const ArchSpec spec = parsed(config);
    EXPECT_EQ(parsed(to_config(spec)), spec) << to_config(spec).dump();
  }
}

TEST(ArchSpec, CountsParameters) {
  Json config = config_of("llama", {{"num_key_value_heads", 2}});
  // Two embeddings, four layers of q, k, v, o, three MLP matrices and two norms, and the last norm.
  const std::int64_t layer = 64 * 64 * 2 + 64 * 16 * 2 + 3 * 64 * 128 + 2 * 64;
  EXPECT_EQ(parsed(config).parameters(), 2 * 100 * 64 + 4 * layer + 64);
  config["tie_word_embeddings"] = true;
  EXPECT_EQ(parsed(config).parameters(), 100 * 64 + 4 * layer + 64);
}

TEST(Rope, Llama3KeepsShortWavesStretchesLongOnesAndBlendsBetween) {
  const RopeSpec rope{.theta = 500000.0f,
                      .kind = RopeKind::llama3,
                      .factor = 8.0f,
                      .low_frequency_factor = 1.0f,
                      .high_frequency_factor = 4.0f,
                      .original_positions = 8192};
  const std::vector<float> plain = inverse_frequencies({.theta = 500000.0f}, 128);
  const std::vector<float> scaled = inverse_frequencies(rope, 128);
  ASSERT_EQ(scaled.size(), 64U);
  EXPECT_EQ(scaled.front(), plain.front());
  EXPECT_FLOAT_EQ(scaled.back(), plain.back() / 8.0f);
  int between = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    const double wavelength = 2.0 * std::acos(-1.0) / static_cast<double>(plain[i]);
    if (wavelength <= 2048 || wavelength >= 8192) continue;
    ++between;
    EXPECT_LT(scaled[i], plain[i]);
    EXPECT_GT(scaled[i], plain[i] / 8.0f);
  }
  EXPECT_GT(between, 0);
}

}  // namespace
}  // namespace attune::model
