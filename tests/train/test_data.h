// Material for the training tests: random documents that own their memory, and a folder that goes
// away.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "io/temporary_folder.h"
#include "train/document.h"

namespace attune::train {

struct OwnedDocuments {
  std::vector<std::vector<std::int32_t>> tokens;
  std::vector<std::vector<float>> weights;
  std::vector<Document> views;

  void add(std::vector<std::int32_t> ids, std::vector<float> weight) {
    tokens.push_back(std::move(ids));
    weights.push_back(std::move(weight));
  }
  // Call once everything is added: the views point into the vectors.
  void finish() {
    views.clear();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      views.push_back({static_cast<std::int64_t>(i) + 1, tokens[i], weights[i]});
    }
  }
};

// Documents of 0 to max_length tokens; about half of the tokens are targets of weight 1, 0.5 or 2.
inline OwnedDocuments random_documents(std::int64_t count, std::int64_t max_length,
                                       std::int64_t vocabulary, std::uint64_t seed) {
  OwnedDocuments documents;
  const RandomStream stream{.seed = seed, .stream = stream_id("test documents")};
  std::uint64_t at = 0;
  for (std::int64_t d = 0; d < count; ++d) {
    const auto length = stream.below(at++, static_cast<std::uint64_t>(max_length) + 1);
    std::vector<std::int32_t> ids;
    std::vector<float> weights;
    for (std::uint64_t i = 0; i < length; ++i) {
      ids.push_back(
          static_cast<std::int32_t>(stream.below(at++, static_cast<std::uint64_t>(vocabulary))));
      constexpr float kWeights[] = {0, 0, 0, 1, 1, 0.5f, 2};
      weights.push_back(kWeights[stream.below(at++, 7)]);
    }
    documents.add(std::move(ids), std::move(weights));
  }
  documents.finish();
  return documents;
}

using testing_support::TemporaryFolder;

}  // namespace attune::train
