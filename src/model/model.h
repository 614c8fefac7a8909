// A transformer's weights, its adapter, and which of them are trained.
//
//   ATTUNE_TRY(Model model, Model::load(folder, Precision::bf16));
//   ATTUNE_TRY_VOID(model.add_lora({.rank = 16, .alpha = 32, .targets = {"all-linear"}}, seed));
//   for (Parameter& p : model.parameters()) ...   // what the optimiser sees
//
// forward.h computes with it. A Model is not thread-safe while it is trained; computing with it
// only reads.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/result.h"
#include "io/file.h"
#include "kernels/gemm.h"
#include "model/arch_spec.h"

namespace attune::model {

// f32: weights and products in f32. bf16: weights rounded to bf16, operands of every product
// rounded to bf16, sums, activations between products, adapters' masters, gradients and optimiser
// state in f32. int8, nf4: as bf16, but the weights of the layers' linears are held in 8 or 4 bits
// (kernels/quantised.h) and decoded where they are multiplied; such a base cannot be trained
// itself.
enum class Precision { f32, bf16, int8, nf4 };
inline constexpr std::array kPrecisions = {Precision::f32, Precision::bf16, Precision::int8,
                                           Precision::nf4};

std::string_view precision_name(Precision precision);
std::optional<Precision> precision_named(std::string_view name);
constexpr bool is_quantised(Precision precision) {
  return precision == Precision::int8 || precision == Precision::nf4;
}
constexpr kernels::GemmMath math_of(Precision precision) {
  return precision == Precision::f32 ? kernels::GemmMath::f32 : kernels::GemmMath::bf16;
}
// Bytes of all weights of a model as they are held while nothing of the base is trained.
std::int64_t weight_bytes(const ArchSpec& spec, Precision precision);

struct LoraConfig {
  std::int64_t rank = 16;
  float alpha = 32;
  float dropout = 0;
  bool rank_stabilised = false;  // scale = alpha / sqrt(rank) instead of alpha / rank
  // Module names (q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj) or "all-linear".
  std::vector<std::string> targets = {"all-linear"};
};

// One trainable tensor. value and gradient live as long as the model.
struct Parameter {
  std::string name;  // Hugging Face or PEFT tensor name
  std::vector<std::int64_t> shape;
  std::span<float> value;
  std::span<float> gradient;
  bool decay = true;  // weight decay applies: matrices yes, norms and biases no
};

class Model {
 public:
  // A Hugging Face folder: config.json and safetensors. A missing, extra-shaped or truncated tensor
  // is an error that names it.
  static Result<Model> load(const Path& folder, Precision precision);
  // Random weights: N(0, 0.02), output projections scaled by 1/sqrt(2 layers), norms 1, biases 0.
  static Model random(const ArchSpec& spec, Precision precision, std::uint64_t seed);
  // Names and sizes without values, to plan memory with. It can compute after fill_stand_in().
  static Model outline(const ArchSpec& spec, Precision precision);
  // Values of the deviation that random() has, from one block of numbers written over and over:
  // what a measurement of speed needs of weights, in a second or two even for billions.
  void fill_stand_in();
  // Writes config.json and model.safetensors in `stored` type (f32 or bf16): the base weights,
  // without the adapter.
  Result<void> save(const Path& folder, Dtype stored) const;

  const ArchSpec& spec() const;
  Precision precision() const;

  // A fresh adapter: A ~ U(+-1/sqrt(in)), B = 0 (PEFT's initialisation). Replaces any adapter;
  // freezes the base.
  Result<void> add_lora(const LoraConfig& config, std::uint64_t seed);
  // PEFT folder: adapter_config.json and adapter_model.safetensors. Unknown arithmetic (DoRA, bias,
  // ...) is refused.
  Result<void> load_adapter(const Path& folder);
  Result<void> save_adapter(const Path& folder, const std::string& base_model_name) const;
  bool has_adapter() const;
  // Adds scale * B A to the weights, summed in f32 and rounded once, and drops the adapter. Nothing
  // without one.
  void merge_adapter();
  const std::optional<LoraConfig>& lora() const;

  // Makes every base weight trainable (full-parameter training); f32 masters are kept in both
  // precisions. An adapter is merged first.
  void train_all_weights();

  // Lays frozen weights in the order in which answering reads them (kernels/panels.h): the same
  // bits, more tokens a second. The model is then neither trained, merged nor saved. f32 stays.
  void arrange_for_answers();

  // The trainable tensors in a fixed order; empty when nothing is trained.
  std::span<Parameter> parameters();
  std::span<const Parameter> parameters() const;
  void zero_gradients();

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  struct Weights;  // weights.h
  const Weights& weights() const { return *weights_; }
  Weights& weights() { return *weights_; }

 private:
  explicit Model(std::unique_ptr<Weights> weights);
  std::unique_ptr<Weights> weights_;
};

}  // namespace attune::model
