#include "model/measure.h"

#include "model/layers.h"

namespace attune::model {

LossSums measure_tokens(const kernels::Context& context, const Model& model, Workspace& workspace,
                        const Batch& batch, const Targets& targets, std::span<double> nll,
                        std::span<const std::int64_t> state_rows, const TakeStates& take_states,
                        const PassOptions& options) {
  CHECK(nll.size() == batch.tokens.size(), "{} losses for {} tokens", nll.size(),
        batch.tokens.size());
  const Pass pass = run_documents(context, model, workspace, batch, options);
  head_states(pass, state_rows, take_states);
  return head_loss(pass, targets, 0.0f, nullptr, nll);
}

}  // namespace attune::model
