#include "tiny.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/random.h"
#include "model/weights.h"

namespace attune::model::testing {

ArchSpec tiny_spec(const std::string& family) {
  ArchSpec spec;
  spec.family = family;
  spec.hidden = 18;
  spec.layers = 2;
  spec.heads = 6;
  spec.kv_heads = 3;
  spec.head_dim = 6;
  spec.intermediate = 22;
  spec.vocabulary = 37;
  spec.max_positions = 64;
  spec.tied = family == "qwen2" || family == "qwen3";
  spec.qkv_bias = family == "qwen2";
  spec.qk_norm = family == "qwen3";
  if (family == "mistral") spec.sliding_window = 4;
  if (family == "llama") {
    spec.rope = {.theta = 100.0f,
                 .kind = RopeKind::llama3,
                 .factor = 8.0f,
                 .low_frequency_factor = 1.0f,
                 .high_frequency_factor = 4.0f,
                 .original_positions = 32};
    spec.qkv_bias = spec.o_bias = spec.mlp_bias = true;
  }
  return spec;
}

Model tiny_model(const ArchSpec& spec, Precision precision, std::uint64_t seed) {
  Model model = Model::random(spec, precision, seed);
  Model::Weights& weights = model.weights();
  const auto fill = [&](const std::string& name, Buffer<float>& values, float middle) {
    const RandomStream stream{.seed = seed, .stream = stream_id("tiny" + name), .step = 0};
    for (std::size_t i = 0; i < values.span().size(); ++i)
      values.span()[i] = middle + 0.3f * stream.normal(i);
  };
  for (Matrix* matrix : matrices(weights)) {
    matrix->convert_to_f32();
    fill(matrix->name, matrix->f32, 0.0f);
    matrix->convert_to_frozen();
  }
  for (Vector* vector : vectors(weights)) {
    fill(vector->name, vector->value, vector->name.ends_with(".bias") ? 0.0f : 1.0f);
  }
  return model;
}

void add_filled_lora(Model& model, const LoraConfig& config, std::uint64_t seed) {
  const Result<void> added = model.add_lora(config, seed);
  EXPECT_TRUE(added) << added.error().message();
  for (Parameter& parameter : model.parameters()) {
    const RandomStream stream{
        .seed = seed, .stream = stream_id("filled" + parameter.name), .step = 0};
    if (!parameter.name.ends_with("lora_B.weight")) continue;
    for (std::size_t i = 0; i < parameter.value.size(); ++i)
      parameter.value[i] = 0.3f * stream.normal(i);
  }
}

Task random_task(const ArchSpec& spec, const std::vector<std::int64_t>& lengths,
                 std::uint64_t seed) {
  const RandomStream draw{.seed = seed, .stream = stream_id("task"), .step = 0};
  const auto vocabulary = static_cast<std::uint64_t>(spec.vocabulary);
  Task task;
  task.batch.document_starts = {0};
  std::uint64_t index = 0;
  for (const std::int64_t length : lengths) {
    for (std::int64_t i = 0; i < length; ++i, ++index) {
      task.batch.tokens.push_back(static_cast<std::int32_t>(draw.below(3 * index, vocabulary)));
      task.targets.next.push_back(static_cast<std::int32_t>(draw.below(3 * index + 1, vocabulary)));
      task.targets.weight.push_back(0.5f * static_cast<float>(draw.below(3 * index + 2, 3)));
    }
    task.batch.document_starts.push_back(static_cast<std::int64_t>(task.batch.tokens.size()));
  }
  return task;
}

std::vector<float> gradients_of(const kernels::Context& context, Model& model, const Task& task,
                                const PassOptions& options) {
  Workspace workspace(model, static_cast<std::int64_t>(task.batch.tokens.size()), true);
  model.zero_gradients();
  train_pass(context, model, workspace, task.batch, task.targets, 1.0f, options);
  std::vector<float> all;
  for (const Parameter& parameter : model.parameters()) {
    all.insert(all.end(), parameter.gradient.begin(), parameter.gradient.end());
  }
  return all;
}

ScratchFolder::ScratchFolder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "attune_model_test_XXXXXX").string();
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace attune::model::testing
