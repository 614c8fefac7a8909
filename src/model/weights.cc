#include "model/weights.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/rope.h"

namespace attune::model {

kernels::GemmOperand Matrix::operand(bool transposed) const {
  const void* data = is_half() ? static_cast<const void*>(half.data()) : f32.data();
  return {.data = data,
          .stride = columns,
          .dtype = is_half() ? Dtype::bf16 : Dtype::f32,
          .transposed = transposed};
}

void Matrix::copy_row(std::int64_t row, float* out) const {
  if (!is_half()) {
    std::copy_n(f32.data() + row * columns, columns, out);
    return;
  }
  const bf16* source = half.data() + row * columns;
  for (std::int64_t i = 0; i < columns; ++i) out[i] = to_float(source[i]);
}

void Matrix::convert_to_f32() {
  if (!is_half()) return;
  f32 = Buffer<float>(elements());
  for (std::int64_t row = 0; row < rows; ++row) copy_row(row, f32.data() + row * columns);
  half = Buffer<bf16>();
}

void Matrix::convert_to_half() {
  if (is_half()) return;
  half = Buffer<bf16>(elements());
  std::transform(f32.data(), f32.data() + elements(), half.data(),
                 [](float x) { return to_bf16(x); });
  f32 = Buffer<float>();
}

namespace {

Vector lay_out_vector(std::string name, std::int64_t size) {
  Vector vector;
  vector.name = std::move(name);
  vector.size = size;
  return vector;
}

Matrix lay_out_matrix(std::string name, std::int64_t rows, std::int64_t columns) {
  Matrix matrix;
  matrix.name = std::move(name);
  matrix.rows = rows;
  matrix.columns = columns;
  return matrix;
}

Linear lay_out_linear(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                      bool bias) {
  Linear linear;
  linear.name = name;
  linear.weight = lay_out_matrix(name + ".weight", outputs, inputs);
  if (bias) linear.bias = lay_out_vector(name + ".bias", outputs);
  return linear;
}

void number_linears(Layer& layer, std::int64_t index) {
  auto place = static_cast<std::size_t>(index) * kLinearNames.size();
  for (Linear* linear : layer.linears()) linear->place = place++;
}

Layer lay_out_layer(const ArchSpec& spec, std::int64_t index) {
  const std::string prefix = fmt::format("model.layers.{}.", index);
  const std::string attention = prefix + "self_attn.", mlp = prefix + "mlp.";
  Layer layer;
  layer.attention_norm = lay_out_vector(prefix + "input_layernorm.weight", spec.hidden);
  layer.q = lay_out_linear(attention + "q_proj", spec.q_width(), spec.hidden, spec.qkv_bias);
  layer.k = lay_out_linear(attention + "k_proj", spec.kv_width(), spec.hidden, spec.qkv_bias);
  layer.v = lay_out_linear(attention + "v_proj", spec.kv_width(), spec.hidden, spec.qkv_bias);
  layer.o = lay_out_linear(attention + "o_proj", spec.hidden, spec.q_width(), spec.o_bias);
  if (spec.qk_norm) {
    layer.q_norm = lay_out_vector(attention + "q_norm.weight", spec.head_dim);
    layer.k_norm = lay_out_vector(attention + "k_norm.weight", spec.head_dim);
  }
  layer.mlp_norm = lay_out_vector(prefix + "post_attention_layernorm.weight", spec.hidden);
  layer.gate = lay_out_linear(mlp + "gate_proj", spec.intermediate, spec.hidden, spec.mlp_bias);
  layer.up = lay_out_linear(mlp + "up_proj", spec.intermediate, spec.hidden, spec.mlp_bias);
  layer.down = lay_out_linear(mlp + "down_proj", spec.hidden, spec.intermediate, spec.mlp_bias);
  number_linears(layer, index);
  return layer;
}

}  // namespace

Model::Weights lay_out_weights(const ArchSpec& spec, Precision precision) {
  Model::Weights weights;
  weights.spec = spec;
  weights.precision = precision;
  weights.embedding = lay_out_matrix("model.embed_tokens.weight", spec.vocabulary, spec.hidden);
  for (std::int64_t i = 0; i < spec.layers; ++i) weights.layers.push_back(lay_out_layer(spec, i));
  weights.final_norm = lay_out_vector("model.norm.weight", spec.hidden);
  if (!spec.tied)
    weights.untied_head = lay_out_matrix("lm_head.weight", spec.vocabulary, spec.hidden);
  weights.inverse_frequency = inverse_frequencies(spec.rope, spec.head_dim);
  return weights;
}

std::vector<Matrix*> matrices(Model::Weights& weights) {
  std::vector<Matrix*> result{&weights.embedding};
  for (Layer& layer : weights.layers) {
    for (Linear* linear : layer.linears()) result.push_back(&linear->weight);
  }
  if (weights.untied_head) result.push_back(&*weights.untied_head);
  return result;
}

std::vector<Vector*> vectors(Model::Weights& weights) {
  std::vector<Vector*> result;
  for (Layer& layer : weights.layers) {
    result.push_back(&layer.attention_norm);
    for (Linear* linear : layer.linears()) result.push_back(&linear->bias);
    for (Vector* norm : {&layer.q_norm, &layer.k_norm, &layer.mlp_norm}) result.push_back(norm);
  }
  result.push_back(&weights.final_norm);
  std::erase_if(result, [](const Vector* vector) { return !vector->present(); });
  return result;
}

}  // namespace attune::model
