#include "model/weights.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "model/rope.h"

namespace attune::model {

std::int64_t Matrix::stride() const {
  if (in_panels) return kernels::panel_stride(frozen, columns);
  return is_quantised() ? kernels::quantised_stride(columns) : columns;
}

kernels::GemmOperand Matrix::operand(bool transposed) const {
  CHECK(transposed || !in_panels, "{} is arranged for answering: it has no way back", name);
  kernels::GemmOperand operand{.data = f32.data(),
                               .stride = stride(),
                               .dtype = Dtype::f32,
                               .transposed = transposed,
                               .panels = in_panels};
  if (is_quantised()) {
    operand.data = quantised.values.data();
    operand.dtype = frozen;
    operand.scales = quantised.scales.data();
  } else if (is_half()) {
    operand.data = half.data();
    operand.dtype = Dtype::bf16;
  }
  return operand;
}

std::int64_t Matrix::frozen_bytes() const {
  if (!kernels::is_quantised(frozen)) return elements() * dtype_bytes(frozen);
  const std::int64_t stored = rows * kernels::quantised_stride(columns);
  return kernels::stored_bytes(frozen, stored) + stored / kernels::kQuantBlock * 4;
}

void Matrix::copy_row(std::int64_t row, float* out) const {
  const kernels::GemmOperand weights = operand(true);
  for (std::int64_t i = 0; i < columns; ++i) out[i] = kernels::stored_element(weights, i, row);
}

void Matrix::allocate_frozen() {
  in_panels = false;
  f32 = Buffer<float>(frozen == Dtype::f32 ? elements() : 0);
  half = Buffer<bf16>(frozen == Dtype::bf16 ? elements() : 0);
  const bool packs = kernels::is_quantised(frozen);
  const std::int64_t stored = packs ? rows * kernels::quantised_stride(columns) : 0;
  quantised.values = Buffer<std::byte>(packs ? kernels::stored_bytes(frozen, stored) : 0);
  quantised.scales = Buffer<float>(stored / kernels::kQuantBlock);
}

bool Matrix::set_rows(std::int64_t first, std::int64_t count, const float* values) {
  CHECK(!in_panels, "{} is arranged for answering: it does not change", name);
  const float* end = values + count * columns;
  if (frozen == Dtype::f32) {
    std::copy(values, end, f32.data() + first * columns);
  } else if (frozen == Dtype::bf16) {
    std::transform(values, end, half.data() + first * columns, [](float x) { return to_bf16(x); });
  } else {
    for (std::int64_t row = first; row < first + count; ++row, values += columns) {
      const std::int64_t place = row * stride();
      if (!kernels::quantise_row(frozen, values, columns,
                                 quantised.values.data() + kernels::stored_bytes(frozen, place),
                                 quantised.scales.data() + place / kernels::kQuantBlock))
        return false;
    }
  }
  return true;
}

void Matrix::convert_to_f32() {
  if (f32.size() > 0) return;
  Buffer<float> wide(elements());
  for (std::int64_t row = 0; row < rows; ++row) copy_row(row, wide.data() + row * columns);
  half = Buffer<bf16>();
  quantised = {};
  in_panels = false;
  f32 = std::move(wide);
}

void Matrix::convert_to_frozen() {
  if (frozen == Dtype::f32 || f32.size() == 0) return;
  const Buffer<float> wide = std::move(f32);
  allocate_frozen();
  CHECK(set_rows(0, rows, wide.data()), "{} holds a value that is no finite number", name);
}

void Matrix::arrange_in_panels() {
  if (in_panels || !(is_half() || is_quantised())) return;
  const std::int64_t wide = kernels::panel_stride(frozen, columns);
  const std::int64_t stored = kernels::panel_rows(rows) * wide;
  const auto arrange = [&]<class T>(Buffer<T>& held) {
    const auto size = [&](std::int64_t elements) {
      return kernels::stored_bytes(frozen, elements) / static_cast<std::int64_t>(sizeof(T));
    };
    if (stored != rows * stride()) {
      Buffer<T> panels(size(stored));
      kernels::arrange_in_panels(frozen, held.data(), rows, columns, panels.data());
      held = std::move(panels);
      return;
    }
    Buffer<T> panel(size(kernels::kPanelRows * wide));  // each takes the place of its rows
    for (T* at = held.data(); at != held.data() + held.size(); at += panel.size()) {
      kernels::arrange_in_panels(frozen, at, kernels::kPanelRows, columns, panel.data());
      std::copy_n(panel.data(), panel.size(), at);
    }
  };
  if (is_half()) {
    arrange(half);
  } else {
    arrange(quantised.values);
    Buffer<float> scales(stored / kernels::kQuantBlock);
    kernels::arrange_scales_in_panels(quantised.scales.data(), rows, columns, scales.data());
    quantised.scales = std::move(scales);
  }
  in_panels = true;
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

// How matrices are held: those of the layers' linears, and the embedding and the head.
Dtype dtype_of_linears(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return Dtype::f32;
    case Precision::bf16:
      return Dtype::bf16;
    case Precision::int8:
      return Dtype::i8;
    case Precision::nf4:
      return Dtype::nf4;
  }
  return Dtype::f32;
}

void choose_dtypes(Model::Weights& weights) {
  const Dtype others = weights.precision == Precision::f32 ? Dtype::f32 : Dtype::bf16;
  for (Matrix* matrix : matrices(weights)) matrix->frozen = others;
  for (Layer& layer : weights.layers) {
    for (Linear* linear : layer.linears())
      linear->weight.frozen = dtype_of_linears(weights.precision);
  }
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
  choose_dtypes(weights);
  return weights;
}

std::string_view precision_name(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
    case Precision::nf4:
      return "nf4";
  }
  return "";
}

std::optional<Precision> precision_named(std::string_view name) {
  const auto* found = std::ranges::find(kPrecisions, name, precision_name);
  return found == kPrecisions.end() ? std::nullopt : std::optional(*found);
}

std::int64_t weight_bytes(const ArchSpec& spec, Precision precision) {
  Model::Weights weights = lay_out_weights(spec, precision);
  std::int64_t bytes = 0;
  for (const Matrix* matrix : matrices(weights)) bytes += matrix->frozen_bytes();
  for (const Vector* vector : vectors(weights)) bytes += vector->size * 4;
  return bytes;
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
