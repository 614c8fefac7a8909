// A training document: token ids, and for each token how much it counts as a target.
//
// Documents are views: the tokens and weights belong to the caller and outlive the training run, so
// that a mapped token file of any size is trained from in place.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune::train {

struct Document {
  std::int64_t row = 0;  // where it came from: line of the data file, or running number
  std::span<const std::int32_t> tokens;
  std::span<const float> weights;  // one a token, 0 or more; empty: every token has weight 1

  float weight(std::size_t index) const { return weights.empty() ? 1.0f : weights[index]; }
};

// What training takes from one document when a batch row may see at most `context` tokens. Of its
// first context + 1 tokens the last is only ever predicted, so it needs no input row. Token 0 has
// nothing before it and is never a target. Tokens behind the last target would be computed for
// nothing and get no row either.
//   tokens == trained + masked + cut
struct DocumentUse {
  std::int64_t tokens = 0;
  std::int64_t trained = 0;      // targets
  std::int64_t masked = 0;       // kept as context only
  std::int64_t cut = 0;          // behind the context's end: not seen at all
  std::int64_t cut_targets = 0;  // of those, tokens that would have been targets
  std::int64_t inputs = 0;       // rows in a batch; 0 when there is nothing to train
  double weight = 0;             // sum of the targets' weights, in order
};

DocumentUse measure_document(const Document& document, std::int64_t context);
std::vector<DocumentUse> measure_documents(std::span<const Document> documents,
                                           std::int64_t context);

}  // namespace attune::train
