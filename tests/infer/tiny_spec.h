// A two-layer model that answers in milliseconds.
#pragma once

#include "model/arch_spec.h"

namespace attune::infer {

inline model::ArchSpec tiny_spec(std::int64_t vocabulary, std::int64_t max_positions) {
  model::ArchSpec spec;
  spec.family = "llama";
  spec.hidden = 32;
  spec.layers = 2;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 8;
  spec.intermediate = 48;
  spec.vocabulary = vocabulary;
  spec.max_positions = max_positions;
  return spec;
}

}  // namespace attune::infer
