// The speed of generation on a model of random weights: a prompt computed at once, then one token
// after the other.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernels/context.h"
#include "model/model.h"

namespace attune::bench {

struct GenerateSpeedOptions {
  std::int64_t prompt = 512;  // tokens
  std::int64_t tokens = 32;   // generated after it
  std::int64_t repeats = 3;   // of the whole; medians count
  model::Precision precision = model::Precision::bf16;
};

struct GenerateSpeed {
  double prefill_seconds = 0, token_seconds = 0;  // medians; token_seconds of one token
  double prefill_tokens_per_second = 0, decode_tokens_per_second = 0;
  double prefill_flops_per_second = 0;
  double bytes_a_token = 0;  // weights and cached keys and values that one token reads
};

// Refused when the model does not fit into the free memory.
Result<GenerateSpeed> measure_generation(const kernels::Context& context,
                                         const model::ArchSpec& spec,
                                         const GenerateSpeedOptions& options);

}  // namespace attune::bench
