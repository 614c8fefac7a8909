#include "model/model.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/random.h"
#include "model/weights.h"

namespace attune::model {

namespace {

// Each tensor draws from a stream of its own, so the weights do not depend on the order of filling.
void fill_normal(Matrix& matrix, std::uint64_t seed, float deviation) {
  const RandomStream stream{.seed = seed, .stream = stream_id(matrix.name), .step = 0};
  matrix.f32 = Buffer<float>(matrix.elements());
  for (std::int64_t i = 0; i < matrix.elements(); ++i) {
    matrix.f32.data()[i] = deviation * stream.normal(static_cast<std::uint64_t>(i));
  }
}

bool writes_residual(const Matrix& matrix) {
  return matrix.name.ends_with("o_proj.weight") || matrix.name.ends_with("down_proj.weight");
}

bool is_norm(const Vector& vector) { return !vector.name.ends_with(".bias"); }

void fill_vectors(Model::Weights& weights) {
  for (Vector* vector : vectors(weights)) {
    vector->value = Buffer<float>(vector->size);
    std::fill_n(vector->value.data(), vector->size, is_norm(*vector) ? 1.0f : 0.0f);
  }
}

void train_matrix(Matrix& matrix, std::vector<Parameter>& parameters) {
  matrix.convert_to_f32();
  matrix.gradient = Buffer<float>(matrix.elements());
  parameters.push_back({.name = matrix.name,
                        .shape = {matrix.rows, matrix.columns},
                        .value = matrix.f32.span(),
                        .gradient = matrix.gradient.span(),
                        .decay = true});
}

void train_vector(Vector& vector, std::vector<Parameter>& parameters) {
  vector.gradient = Buffer<float>(vector.size);
  parameters.push_back({.name = vector.name,
                        .shape = {vector.size},
                        .value = vector.value.span(),
                        .gradient = vector.gradient.span(),
                        .decay = false});
}

}  // namespace

Model::Model(std::unique_ptr<Weights> weights) : weights_(std::move(weights)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::random(const ArchSpec& spec, Precision precision, std::uint64_t seed) {
  auto weights = std::make_unique<Weights>(lay_out_weights(spec, precision));
  const float into_residual = kInitialDeviation / std::sqrt(2.0f * static_cast<float>(spec.layers));
  for (Matrix* matrix : matrices(*weights)) {
    fill_normal(*matrix, seed, writes_residual(*matrix) ? into_residual : kInitialDeviation);
    matrix->convert_to_frozen();
  }
  fill_vectors(*weights);
  return Model(std::move(weights));
}

Model Model::outline(const ArchSpec& spec, Precision precision) {
  return Model(std::make_unique<Weights>(lay_out_weights(spec, precision)));
}

void Model::fill_stand_in() {
  constexpr std::int64_t kBlock = 65521;  // a prime, so that no neighbouring rows are alike
  const float into_residual =
      kInitialDeviation / std::sqrt(2.0f * static_cast<float>(weights_->spec.layers));
  const RandomStream stream{.seed = 1, .stream = stream_id("stand-in"), .step = 0};
  std::vector<float> block(kBlock);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = stream.normal(i);
  for (Matrix* matrix : matrices(*weights_)) {
    const float deviation = writes_residual(*matrix) ? into_residual : kInitialDeviation;
    const std::int64_t first = stream_id(matrix->name) % kBlock;
    const auto value = [&](std::int64_t i) {
      return deviation * block[static_cast<std::size_t>((first + i) % kBlock)];
    };
    matrix->allocate_frozen();
    std::vector<float> line(static_cast<std::size_t>(matrix->columns));
    for (std::int64_t row = 0; row < matrix->rows; ++row) {
      for (std::int64_t i = 0; i < matrix->columns; ++i)
        line[static_cast<std::size_t>(i)] = value(row * matrix->columns + i);
      matrix->set_rows(row, 1, line.data());
    }
  }
  fill_vectors(*weights_);
}

const ArchSpec& Model::spec() const { return weights_->spec; }
Precision Model::precision() const { return weights_->precision; }
bool Model::has_adapter() const { return weights_->lora.has_value(); }
const std::optional<LoraConfig>& Model::lora() const { return weights_->lora; }

void Model::train_all_weights() {
  CHECK(!is_quantised(precision()), "a base held as {} cannot be trained",
        precision_name(precision()));
  merge_adapter();
  std::vector<Parameter> parameters;
  for (Matrix* matrix : matrices(*weights_)) train_matrix(*matrix, parameters);
  for (Vector* vector : vectors(*weights_)) train_vector(*vector, parameters);
  weights_->parameters = std::move(parameters);
  weights_->base_trained = true;
}

void Model::arrange_for_answers() {
  CHECK(!weights_->base_trained, "weights in training are read both ways");
  for (Matrix* matrix : matrices(*weights_)) {
    const bool only_read_by_rows = matrix == &weights_->embedding && !weights_->spec.tied;
    if (!only_read_by_rows) matrix->arrange_in_panels();
  }
}

std::span<Parameter> Model::parameters() { return weights_->parameters; }
std::span<const Parameter> Model::parameters() const { return weights_->parameters; }

void Model::zero_gradients() {
  for (Parameter& parameter : weights_->parameters) {
    std::fill(parameter.gradient.begin(), parameter.gradient.end(), 0.0f);
  }
}

}  // namespace attune::model
