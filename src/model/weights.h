// What a Model owns: its matrices and vectors in the order of the computation, with the names that
// they have in files. Only the model layer includes this.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/gemm.h"
#include "model/adapter.h"
#include "model/model.h"
#include "tensor/buffer.h"

namespace attune::model {

// Standard deviation of random weights.
inline constexpr float kInitialDeviation = 0.02f;

// A matrix [rows, columns] as f32, as bf16 or quantised: exactly one of the first three is filled.
struct Matrix {
  std::string name;
  std::int64_t rows = 0, columns = 0;
  Dtype frozen = Dtype::f32;  // how it is held while it is not trained: f32, bf16, i8 or nf4
  Buffer<float> f32;
  Buffer<bf16> half;
  struct {
    Buffer<std::byte> values;
    Buffer<float> scales;
  } quantised;
  bool in_panels = false;  // bf16 and quantised: as kernels/panels.h says, not by rows
  Buffer<float> gradient;  // filled while the matrix is trained

  std::int64_t elements() const { return rows * columns; }
  bool is_half() const { return half.size() > 0; }
  bool is_quantised() const { return quantised.values.size() > 0; }
  bool trained() const { return gradient.size() > 0; }
  // Elements from a stored row to the next.
  std::int64_t stride() const;
  kernels::GemmOperand operand(bool transposed) const;
  std::int64_t frozen_bytes() const;
  // Copies one row as f32.
  void copy_row(std::int64_t row, float* out) const;
  // Memory for the frozen form, to be filled by set_rows; it lets go of any other.
  void allocate_frozen();
  // Rows from `first` on, rounded to the frozen form. False where a quantised matrix is given a
  // value that is no finite number.
  bool set_rows(std::int64_t first, std::int64_t count, const float* values);
  void convert_to_f32();
  void convert_to_frozen();
  // From rows to panels, what is frozen and not f32. Only the forward product and copy_row are
  // possible then.
  void arrange_in_panels();
};

// A norm's scale or a bias, always f32; empty when the architecture has none.
struct Vector {
  std::string name;
  std::int64_t size = 0;
  Buffer<float> value;
  Buffer<float> gradient;

  bool present() const { return size > 0; }
  bool trained() const { return gradient.size() > 0; }
};

// y += scale * (dropout(x) A^T) B^T
struct Lora {
  std::int64_t rank = 0;
  float alpha = 0;
  float scale = 0;
  std::uint32_t dropout_stream = 0;  // stream_id of A's name
  Buffer<float> a, b;                // [R, K], [N, R]
  Buffer<float> a_gradient, b_gradient;
};

// y = x W^T (+ bias) (+ LoRA). The name is the module's path, as "model.layers.0.self_attn.q_proj".
struct Linear {
  std::string name;
  std::size_t place = 0;  // layer * 7 + LinearIndex: where an Adapter keeps what belongs here
  Matrix weight;          // [N, K]
  Vector bias;
  std::optional<Lora> lora;

  std::int64_t inputs() const { return weight.columns; }
  std::int64_t outputs() const { return weight.rows; }
};

struct Layer {
  Vector attention_norm;  // [H]
  Linear q, k, v, o;
  Vector q_norm, k_norm;  // [D] with qk_norm
  Vector mlp_norm;        // [H]
  Linear gate, up, down;

  std::array<Linear*, 7> linears() { return {&q, &k, &v, &o, &gate, &up, &down}; }
  std::array<const Linear*, 7> linears() const { return {&q, &k, &v, &o, &gate, &up, &down}; }
};

// The order of linears() and kLinearNames.
enum LinearIndex : std::size_t { kQ, kK, kV, kO, kGate, kUp, kDown };

inline constexpr std::array<std::string_view, 7> kLinearNames = {
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};

struct Model::Weights {
  ArchSpec spec;
  Precision precision = Precision::f32;
  Matrix embedding;  // [V, H]
  std::vector<Layer> layers;
  Vector final_norm;                     // [H]
  std::optional<Matrix> untied_head;     // [V, H]
  std::vector<float> inverse_frequency;  // [D / 2]
  bool base_trained = false;
  std::optional<LoraConfig> lora;
  std::vector<Parameter> parameters;

  Matrix& head() { return untied_head ? *untied_head : embedding; }
  const Matrix& head() const { return untied_head ? *untied_head : embedding; }
};

struct Adapter::Weights {
  std::vector<std::optional<Lora>> parts;  // by Linear::place, without gradients
};

// All names and sizes of the architecture. The buffers are empty: whoever fills them has checked
// the sizes first.
Model::Weights lay_out_weights(const ArchSpec& spec, Precision precision);

// Every matrix and vector that the architecture has, in the order of files and of parameters().
std::vector<Matrix*> matrices(Model::Weights& weights);
std::vector<Vector*> vectors(Model::Weights& weights);

// lora.cc. Stops training the base, drops adapters and empties the list of parameters.
void freeze_base(Model::Weights& weights);
// An adapter of zeros for `linear`, without gradients.
Lora make_lora(const Linear& linear, std::int64_t rank, float alpha, bool rank_stabilised);
// Makes `lora` the adapter of `linear`, with gradients.
void attach_lora(Linear& linear, Lora lora);
// Lists A and B of every adapted linear as the parameters.
void list_lora_parameters(Model::Weights& weights);
std::string lora_tensor_name(const Linear& linear,
                             std::string_view which);  // which: "lora_A" or "lora_B"

// peft.cc. An adapter folder that fits `weights`: its settings and, by Linear::place, its parts.
struct StoredAdapter {
  LoraConfig config;
  std::vector<std::optional<Lora>> parts;
};
Result<StoredAdapter> read_adapter(const Path& folder, const Model::Weights& weights);

}  // namespace attune::model
