#include "train/pack.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/narrow.h"
#include "base/random.h"

namespace attune::train {

std::span<const std::int64_t> Plan::documents_of(std::int64_t step) const {
  const auto at = static_cast<std::size_t>(step);
  const auto begin = static_cast<std::size_t>(step_starts[at]);
  const auto end = static_cast<std::size_t>(step_starts[at + 1]);
  return std::span(order).subspan(begin, end - begin);
}

bool Plan::ends_epoch(std::int64_t step) const {
  const auto at = static_cast<std::size_t>(step);
  return at + 1 == epoch_of_step.size() || epoch_of_step[at + 1] != epoch_of_step[at];
}

Plan plan_epochs(std::span<const DocumentUse> uses, const PlanOptions& options) {
  std::vector<std::int64_t> trainable;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (uses[i].inputs > 0) trainable.push_back(static_cast<std::int64_t>(i));
  }
  Plan plan;
  if (trainable.empty()) return plan;
  for (std::int64_t epoch = 0; options.epochs == 0 || epoch < options.epochs; ++epoch) {
    std::vector<std::int64_t> shuffled = trainable;
    shuffle_indices(shuffled, {.seed = options.seed,
                               .stream = stream_id("document order"),
                               .step = narrow<std::uint32_t>(epoch)});
    const auto count = static_cast<std::int64_t>(shuffled.size());
    for (std::int64_t begin = 0; begin < count; begin += options.documents_per_step) {
      if (options.max_steps > 0 && plan.steps() == options.max_steps) return plan;
      const std::int64_t end = std::min(count, begin + options.documents_per_step);
      plan.order.insert(plan.order.end(), shuffled.begin() + begin, shuffled.begin() + end);
      plan.step_starts.push_back(static_cast<std::int64_t>(plan.order.size()));
      plan.epoch_of_step.push_back(epoch);
    }
    if (options.epochs == 0 && options.max_steps == 0) return plan;
  }
  return plan;
}

std::vector<std::vector<std::int64_t>> pack_documents(std::span<const std::int64_t> members,
                                                      std::span<const DocumentUse> uses,
                                                      std::int64_t capacity) {
  std::vector<std::int64_t> longest_first(members.begin(), members.end());
  const auto length = [&](std::int64_t index) {
    return uses[static_cast<std::size_t>(index)].inputs;
  };
  std::stable_sort(longest_first.begin(), longest_first.end(),
                   [&](std::int64_t a, std::int64_t b) { return length(a) > length(b); });
  std::vector<std::vector<std::int64_t>> batches;
  std::vector<std::int64_t> room;
  for (const std::int64_t index : longest_first) {
    CHECK(length(index) <= capacity, "a document of {} tokens does not fit a micro-batch of {}",
          length(index), capacity);
    std::size_t best = batches.size();
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (room[i] >= length(index) && (best == batches.size() || room[i] < room[best])) best = i;
    }
    if (best == batches.size()) {
      batches.emplace_back();
      room.push_back(capacity);
    }
    batches[best].push_back(index);
    room[best] -= length(index);
  }
  return batches;
}

void fill_batch(std::span<const Document> documents, std::span<const DocumentUse> uses,
                std::span<const std::int64_t> members, PackedBatch& out) {
  out.batch.tokens.clear();
  out.batch.document_starts.assign(1, 0);
  out.targets.next.clear();
  out.targets.weight.clear();
  for (const std::int64_t member : members) {
    const Document& document = documents[static_cast<std::size_t>(member)];
    const auto inputs = static_cast<std::size_t>(uses[static_cast<std::size_t>(member)].inputs);
    for (std::size_t i = 0; i < inputs; ++i) {
      out.batch.tokens.push_back(document.tokens[i]);
      out.targets.next.push_back(document.tokens[i + 1]);
      out.targets.weight.push_back(std::max(0.0f, document.weight(i + 1)));
    }
    out.batch.document_starts.push_back(static_cast<std::int64_t>(out.batch.tokens.size()));
  }
}

}  // namespace attune::train
