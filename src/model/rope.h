// Rotary position embedding: reading its settings, its frequencies, and the cosines and sines of a
// pass.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "model/arch_spec.h"
#include "model/config_fields.h"

namespace attune::model {

// From `rope_theta` and `rope_scaling` (transformers 4) or `rope_parameters` (transformers 5).
// Types whose arithmetic we do not have (dynamic, yarn, longrope, ...) are refused by name.
Result<RopeSpec> parse_rope(const ConfigFields& config, std::int64_t max_positions);
// Writes the fields of transformers 4, which version 5 reads too.
void write_rope(const RopeSpec& rope, Json& config);

// inverse_frequency[i], i < head_dim / 2.
std::vector<float> inverse_frequencies(const RopeSpec& rope, std::int64_t head_dim);

// cosine and sine [T, D/2] of the angle position * inverse_frequency. The angle is an f32 product,
// as in the reference implementation; its cosine and sine are taken in double and rounded once.
void fill_rotations(ThreadPool& pool, std::span<const float> inverse_frequency,
                    std::span<const std::int32_t> positions, float* cosine, float* sine);

}  // namespace attune::model
