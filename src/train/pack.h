// Packing: documents back to back into micro-batches without padding.
//
// An optimiser step takes the next `documents_per_step` documents of a shuffled epoch; inside the
// step they are packed best-fit-decreasing into micro-batches of at most `tokens_per_batch` tokens.
// Which documents a step trains therefore depends on seed and epoch alone: tokens_per_batch trades
// memory for speed and never changes what is learnt.
//
//   std::vector<DocumentUse> uses = measure_documents(documents, context);
//   Plan plan = plan_epochs(uses, {.documents_per_step = 8, .epochs = 3, .seed = 7});
//   for (int64_t step = 0; step < plan.steps(); ++step)
//     for (const auto& members : pack_documents(plan.documents_of(step), uses, tokens_per_batch))
//       fill_batch(documents, uses, members, batch);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/forward.h"
#include "train/document.h"

namespace attune::train {

// The documents of every optimiser step of a run, by index.
struct Plan {
  std::vector<std::int64_t> order;              // document indices in order of use
  std::vector<std::int64_t> step_starts = {0};  // [steps + 1], into order
  std::vector<std::int64_t> epoch_of_step;      // [steps], from 0

  std::int64_t steps() const { return static_cast<std::int64_t>(epoch_of_step.size()); }
  std::int64_t epochs() const { return epoch_of_step.empty() ? 0 : epoch_of_step.back() + 1; }
  std::span<const std::int64_t> documents_of(std::int64_t step) const;
  bool ends_epoch(std::int64_t step) const;
};

struct PlanOptions {
  std::int64_t documents_per_step = 8;
  std::int64_t epochs = 1;     // passes over the data; 0: as many as max_steps needs
  std::int64_t max_steps = 0;  // 0: no limit but epochs
  std::uint64_t seed = 0;
};

// Every document with a target once an epoch, in an order drawn from (seed, epoch). A step never
// crosses the border of an epoch, so the last step of an epoch may hold fewer documents.
Plan plan_epochs(std::span<const DocumentUse> uses, const PlanOptions& options);

// Best-fit-decreasing: longest first, each into the fullest micro-batch that still holds it. Ties
// keep the order of `members`. Each member must fit into capacity on its own.
std::vector<std::vector<std::int64_t>> pack_documents(std::span<const std::int64_t> members,
                                                      std::span<const DocumentUse> uses,
                                                      std::int64_t capacity);

struct PackedBatch {
  model::Batch batch;
  model::Targets targets;  // the next token of the same document, with that token's weight
};

// Writes the members into `out`, reusing its memory.
void fill_batch(std::span<const Document> documents, std::span<const DocumentUse> uses,
                std::span<const std::int64_t> members, PackedBatch& out);

}  // namespace attune::train
