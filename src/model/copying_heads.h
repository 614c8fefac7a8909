// A start for a small model that is trained on little text: three attention circuits that copy are
// written into random weights, so that training begins with a model that can already continue a
// repeated passage, and only has to learn where to look.
//
//   Model model = Model::random(spec, Precision::bf16, seed);
//   ATTUNE_TRY_VOID(start_copying_heads(model, seed));
//
// The circuit is the induction head of Olsson et al. (2022, "In-context Learning and Induction
// Heads"): a head of the first layer looks one position back and leaves what stands there; a head
// of the third layer looks for a place that follows the token it stands on, and writes what it
// finds there towards the logits. That such structure can be given at the start instead of being
// found by training follows Trockman and Kolter (2023, "Mimetic Initialization of Self-Attention
// Layers"). bench figures: docs/performance.md.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "model/model.h"

namespace attune::model {

// Changes the embedding and one query head of each key/value group in layers 0 and 2. Refused:
// fewer than three layers, query/key norms, a width below three head groups.
Result<void> start_copying_heads(Model& model, std::uint64_t seed);

}  // namespace attune::model
