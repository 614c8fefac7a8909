// What a pass says about single tokens: the loss of each target, and the state behind each token.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "model/forward.h"

namespace attune::model {

// Gets the final norm's output of some of the wanted rows, [count, H]; `first` is the index of the
// first of them in the list of wanted rows.
using TakeStates = std::function<void(std::size_t first, std::span<float> states)>;

// One forward pass over a packed batch. nll [T] gets -log p in nats of every token with a positive
// weight, 0 elsewhere; take_states gets the final norm's output of `state_rows`. The batch fits
// into the workspace. A document's numbers do not depend on its neighbours in the batch.
LossSums measure_tokens(const kernels::Context& context, const Model& model, Workspace& workspace,
                        const Batch& batch, const Targets& targets, std::span<double> nll,
                        std::span<const std::int64_t> state_rows, const TakeStates& take_states,
                        const PassOptions& options);

}  // namespace attune::model
