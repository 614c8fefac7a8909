// Long texts cut into documents, held-out parts, and the order in which several sources are mixed.
//
//   Corpus corpus = cut_corpus(files, {.context = 512, .validation_share = 0.01, .seed = 1});
//   Plan plan = plan_mixture(corpus, uses, shares,
//                            {.documents_per_step = 64, .tokens = 50'000'000, .seed = 1});
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/document.h"
#include "train/pack.h"
#include "train/token_file.h"

namespace attune::train {

struct CorpusOptions {
  std::int64_t context = 512;
  double validation_share = 0.005;
  // Of all sources together, in proportion to their size.
  std::int64_t most_validation_tokens = 100'000;
  std::uint64_t seed = 0;
};

// Views into the token files. A text is cut into pieces of context + 1 tokens, each beginning with
// the last token of the piece before it, so that every token but a text's first is a target exactly
// once. Held out are runs of neighbouring pieces, so that little of a validation text is seen in
// training.
struct Corpus {
  std::vector<Document> train;
  std::vector<std::int64_t> source_of_train;  // [train.size()]
  std::vector<Document> validation;
};

Corpus cut_corpus(std::span<const TokenFile> sources, const CorpusOptions& options);

struct MixtureOptions {
  std::int64_t documents_per_step = 64;
  // Input tokens of the whole run, reached by the last step; 0: as many as the data has.
  std::int64_t tokens = 0;
  std::uint64_t seed = 0;
};

// Each source runs through its own documents, shuffled anew in each of its passes; the next
// document always comes from the source that is furthest behind its share of the tokens so far. A
// share of 0 stands for the source's size.
Plan plan_mixture(const Corpus& corpus, std::span<const DocumentUse> uses,
                  std::span<const double> shares, const MixtureOptions& options);

}  // namespace attune::train
