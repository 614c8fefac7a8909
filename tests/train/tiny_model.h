// A two-layer model that trains in milliseconds, and rows that it can learn by heart.
#pragma once

#include <vector>

#include "model/model.h"
#include "train/test_data.h"

namespace attune::train {

inline model::ArchSpec tiny_spec() {
  model::ArchSpec spec;
  spec.family = "llama";
  spec.hidden = 32;
  spec.layers = 2;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 8;
  spec.intermediate = 48;
  spec.vocabulary = 61;
  spec.max_positions = 64;
  spec.tied = true;
  return spec;
}

inline model::Model tiny_model(model::Precision precision = model::Precision::f32) {
  return model::Model::random(tiny_spec(), precision, 11);
}

inline model::Model tiny_lora_model(model::Precision precision = model::Precision::f32,
                                    float dropout = 0) {
  model::Model model = tiny_model(precision);
  const auto added = model.add_lora({.rank = 4, .alpha = 8, .dropout = dropout}, 5);
  if (!added) std::abort();
  return model;
}

// The trained values, one after the other: equal vectors are equal models to the bit.
inline std::vector<float> values_of(const model::Model& model) {
  std::vector<float> values;
  for (const model::Parameter& parameter : model.parameters()) {
    values.insert(values.end(), parameter.value.begin(), parameter.value.end());
  }
  return values;
}

}  // namespace attune::train
