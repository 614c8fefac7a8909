#include "train/document.h"

#include <algorithm>

namespace attune::train {

DocumentUse measure_document(const Document& document, std::int64_t context) {
  DocumentUse use;
  use.tokens = static_cast<std::int64_t>(document.tokens.size());
  const std::int64_t kept = std::min(use.tokens, context + 1);
  use.cut = use.tokens - kept;
  for (std::int64_t i = 1; i < use.tokens; ++i) {
    const float weight = document.weight(static_cast<std::size_t>(i));
    if (weight <= 0) continue;
    if (i >= kept) {
      ++use.cut_targets;
      continue;
    }
    ++use.trained;
    use.weight += static_cast<double>(weight);
    use.inputs = i;
  }
  use.masked = kept - use.trained;
  return use;
}

std::vector<DocumentUse> measure_documents(std::span<const Document> documents,
                                           std::int64_t context) {
  std::vector<DocumentUse> uses;
  uses.reserve(documents.size());
  for (const Document& document : documents) uses.push_back(measure_document(document, context));
  return uses;
}

}  // namespace attune::train
