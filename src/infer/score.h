// The log-probability that a model gives each token of a text: parity checks and perplexity.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/forward.h"

namespace attune::infer {

// Natural logarithms, one for each token after the first: log p(tokens[i] | tokens[0..i-1]).
Result<std::vector<double>> score_tokens(const kernels::Context& context, const model::Model& model,
                                         std::span<const std::int32_t> tokens, bool use_adapter);

}  // namespace attune::infer
