// Validation: mean loss and token accuracy over a set of documents, in a fixed order and packing.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/context.h"
#include "model/forward.h"
#include "train/document.h"

namespace attune::train {

// The workspace holds at least tokens_per_batch tokens, and every document fits into it.
model::LossSums evaluate_documents(const kernels::Context& context, const model::Model& model,
                                   model::Workspace& workspace, std::span<const Document> documents,
                                   std::span<const DocumentUse> uses, std::int64_t tokens_per_batch,
                                   bool use_adapter = true);

}  // namespace attune::train
