#include "model/extend.h"

#include <vector>

#include "model/layers.h"

namespace attune::model {

namespace {

// Lays the extensions out as rows of one pass.
void take_extensions(Workspace::Buffers& buffers, std::span<const Extension> extensions) {
  buffers.sequences.clear();
  buffers.adapters.clear();
  buffers.tokens.clear();
  for (const Extension& extension : extensions) {
    KvCache::Storage& cache = extension.cache->storage();
    const auto count = static_cast<std::int64_t>(extension.tokens.size());
    const auto row = static_cast<std::int64_t>(buffers.tokens.size());
    CHECK(count > 0 && cache.lengths.front() + count <= cache.positions,
          "{} tokens after {} in a cache of {} positions", count, cache.lengths.front(),
          cache.positions);
    CHECK(row + count <= buffers.max_tokens, "{} tokens in a workspace for {}", row + count,
          buffers.max_tokens);
    buffers.sequences.push_back({.first_row = row,
                                 .rows = count,
                                 .first_position = cache.lengths.front(),
                                 .slot = 0,
                                 .cache = &cache});
    buffers.tokens.insert(buffers.tokens.end(), extension.tokens.begin(), extension.tokens.end());
    if (extension.adapter == nullptr) continue;
    CHECK(extension.adapter->rank() <= buffers.max_rank,
          "an adapter of rank {} in a workspace for {}", extension.adapter->rank(),
          buffers.max_rank);
    const Adapter::Weights* adapter = &extension.adapter->weights();
    AdapterRows* last = buffers.adapters.empty() ? nullptr : &buffers.adapters.back();
    if (last != nullptr && last->adapter == adapter && last->first_row + last->rows == row) {
      last->rows += count;
    } else {
      buffers.adapters.push_back({.adapter = adapter, .first_row = row, .rows = count});
    }
  }
}

// The rows of which logits or states are wanted, and where they come from.
struct Selection {
  std::vector<std::int64_t> rows;
  std::vector<Origin> origins;

  void add(const Sequence& sequence, std::size_t extension, std::int64_t first) {
    for (std::int64_t token = first; token < sequence.rows; ++token) {
      rows.push_back(sequence.first_row + token);
      origins.push_back({.extension = extension, .token = token});
    }
  }
  std::span<const Origin> part(std::size_t first, std::size_t values, std::int64_t width) const {
    return std::span(origins).subspan(first, values / static_cast<std::size_t>(width));
  }
};

}  // namespace

void extend_sequences(const kernels::Context& context, const Model& model, Workspace& workspace,
                      std::span<const Extension> extensions, const TakeRows& take_logits,
                      const TakeRows& take_states) {
  Workspace::Buffers& buffers = workspace.buffers();
  take_extensions(buffers, extensions);
  const PassOptions options{.use_adapter = false, .dropout = {}};
  const Pass pass{.context = context,
                  .weights = model.weights(),
                  .buffers = buffers,
                  .options = options,
                  .tokens = static_cast<std::int64_t>(buffers.tokens.size())};
  run_layers(pass, buffers.tokens);
  Selection logits, states;
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const Sequence& sequence = buffers.sequences[i];
    sequence.cache->lengths.front() += sequence.rows;
    const Wanted wanted = extensions[i].wanted;
    if (wanted == Wanted::last_logits) logits.add(sequence, i, sequence.rows - 1);
    if (wanted == Wanted::all_logits) logits.add(sequence, i, 0);
    if (wanted == Wanted::states) states.add(sequence, i, 0);
  }
  head_logits(pass, logits.rows, [&](std::size_t first, std::span<float> rows) {
    take_logits(logits.part(first, rows.size(), pass.spec().vocabulary), rows);
  });
  head_states(pass, states.rows, [&](std::size_t first, std::span<float> rows) {
    take_states(states.part(first, rows.size(), pass.spec().hidden), rows);
  });
}

}  // namespace attune::model
