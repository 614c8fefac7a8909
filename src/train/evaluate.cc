#include "train/evaluate.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "train/pack.h"

namespace attune::train {

namespace {
// Enough documents for a tight packing, few enough that choosing places stays cheap.
constexpr std::int64_t kWindow = 256;
}  // namespace

model::LossSums evaluate_documents(const kernels::Context& context, const model::Model& model,
                                   model::Workspace& workspace, std::span<const Document> documents,
                                   std::span<const DocumentUse> uses, std::int64_t tokens_per_batch,
                                   bool use_adapter) {
  std::vector<std::int64_t> members;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (uses[i].inputs > 0) members.push_back(static_cast<std::int64_t>(i));
  }
  model::LossSums total;
  model::PassOptions options;
  options.use_adapter = use_adapter;
  PackedBatch packed;
  const auto count = static_cast<std::int64_t>(members.size());
  for (std::int64_t begin = 0; begin < count; begin += kWindow) {
    const auto window =
        std::span(members).subspan(static_cast<std::size_t>(begin),
                                   static_cast<std::size_t>(std::min(kWindow, count - begin)));
    for (const auto& micro_batch : pack_documents(window, uses, tokens_per_batch)) {
      fill_batch(documents, uses, micro_batch, packed);
      total +=
          model::evaluate_loss(context, model, workspace, packed.batch, packed.targets, options);
    }
  }
  return total;
}

}  // namespace attune::train
