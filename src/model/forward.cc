// The model, read from top to bottom.
#include "model/forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "model/layers.h"
#include "model/linear.h"
#include "model/rope.h"

namespace attune::model {

namespace {

void embed(const Pass& pass, std::span<const std::int32_t> tokens, float* stream) {
  const Matrix& embedding = pass.weights.embedding;
  for (const std::int32_t token : tokens) {
    CHECK(token >= 0 && token < embedding.rows, "token {} of a vocabulary of {}", token,
          embedding.rows);
  }
  pass.split_rows(pass.tokens, [&](Range rows) {
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      embedding.copy_row(tokens[static_cast<std::size_t>(row)], stream + row * embedding.columns);
    }
  });
}

void copy_rows(const Pass& pass, const float* from, float* to, std::int64_t width) {
  pass.split_rows(pass.tokens, [&](Range rows) {
    std::copy_n(from + rows.begin * width, rows.size() * width, to + rows.begin * width);
  });
}

void fill_positions(const Pass& pass) {
  Workspace::Buffers& buffers = pass.buffers;
  for (const Sequence& sequence : buffers.sequences) {
    const auto first = buffers.positions.begin() + sequence.first_row;
    std::iota(first, first + sequence.rows, static_cast<std::int32_t>(sequence.first_position));
  }
  fill_rotations(pass.context.pool(), pass.weights.inverse_frequency,
                 std::span(buffers.positions).first(static_cast<std::size_t>(pass.tokens)),
                 buffers.cosine, buffers.sine);
}

// The q and k heads, normalised if the family does, then turned by their positions.
void rotate_heads(const Pass& pass, const Layer& layer, const LayerActivations& acts) {
  const ArchSpec& spec = pass.spec();
  if (spec.qk_norm) {
    norm_forward(pass, layer.q_norm, acts.q_raw, acts.q, acts.q_inverse, pass.tokens * spec.heads);
    norm_forward(pass, layer.k_norm, acts.k_raw, acts.k, acts.k_inverse,
                 pass.tokens * spec.kv_heads);
  }
  pass.split_rows(pass.tokens, [&](Range rows) {
    const float* cosine = pass.buffers.cosine + rows.begin * spec.head_dim / 2;
    const float* sine = pass.buffers.sine + rows.begin * spec.head_dim / 2;
    pass.ops().rope(acts.q + rows.begin * spec.q_width(), cosine, sine, rows.size(), spec.heads,
                    spec.head_dim, spec.head_dim, false);
    pass.ops().rope(acts.k + rows.begin * spec.kv_width(), cosine, sine, rows.size(), spec.kv_heads,
                    spec.head_dim, spec.head_dim, false);
  });
}

void append_to_cache(const Pass& pass, std::size_t layer) {
  const LayerActivations& acts = pass.buffers.layers[layer];
  for (const Sequence& sequence : pass.buffers.sequences) {
    if (sequence.cache == nullptr) continue;
    KvCache::Storage& cache = *sequence.cache;
    const std::int64_t to = cache.offset(static_cast<std::int64_t>(layer), sequence.slot) +
                            sequence.first_position * cache.width;
    const std::int64_t from = sequence.first_row * cache.width, count = sequence.rows * cache.width;
    std::copy_n(acts.k + from, count, cache.keys.data() + to);
    std::copy_n(acts.v + from, count, cache.values.data() + to);
  }
}

void attend(const Pass& pass, std::size_t layer) {
  const auto sequences = static_cast<std::int64_t>(pass.buffers.sequences.size());
  const std::int64_t kv_heads = pass.spec().kv_heads;
  pass.context.pool().run(sequences * kv_heads, [&](std::int64_t task, int worker) {
    const Sequence& sequence = pass.buffers.sequences[static_cast<std::size_t>(task / kv_heads)];
    pass.ops().attention_forward(
        attention_of(pass, layer, sequence, task % kv_heads, pass.context.scratch(worker)));
  });
}

void layer_forward(const Pass& pass, std::size_t index) {
  const Layer& layer = pass.weights.layers[index];
  const LayerActivations& acts = pass.buffers.layers[index];
  attention_half_forward(pass, index);
  gate_up_forward(pass, index);
  swiglu_forward(pass, acts);
  float* output = stream_after(pass.buffers, index);
  copy_rows(pass, acts.middle, output, pass.spec().hidden);
  linear_forward(pass, layer.down, acts.mlp, output, acts.lora[kDown], true);
}

// Lays the appended tokens out as rows; returns them end to end in `tokens`.
void take_appends(const Pass& pass, KvCache::Storage& cache, std::span<const Append> appends) {
  std::vector<Sequence>& sequences = pass.buffers.sequences;
  sequences.clear();
  pass.buffers.adapters.clear();
  std::int64_t row = 0;
  for (const Append& append : appends) {
    const auto count = static_cast<std::int64_t>(append.tokens.size());
    CHECK(count > 0 && append.slot >= 0 && append.slot < cache.slots, "{} tokens for slot {}",
          count, append.slot);
    const std::int64_t length = cache.lengths[static_cast<std::size_t>(append.slot)];
    CHECK(length + count <= cache.positions, "{} tokens after {} in a cache of {} positions", count,
          length, cache.positions);
    sequences.push_back({.first_row = row,
                         .rows = count,
                         .first_position = length,
                         .slot = append.slot,
                         .cache = &cache});
    row += count;
  }
}

}  // namespace

LossSums& LossSums::operator+=(const LossSums& other) {
  weighted_nll += other.weighted_nll;
  weight += other.weight;
  targets += other.targets;
  correct += other.correct;
  return *this;
}

void norm_forward(const Pass& pass, const Vector& weight, const float* x, float* y, float* inverse,
                  std::int64_t rows) {
  pass.split_rows(rows, [&](Range range) {
    const std::int64_t first = range.begin * weight.size;
    pass.ops().rms_norm_forward(x + first, weight.value.data(), y + first, inverse + range.begin,
                                range.size(), weight.size, pass.spec().norm_epsilon);
  });
}

void swiglu_forward(const Pass& pass, const LayerActivations& layer) {
  const std::int64_t width = pass.spec().intermediate;
  pass.split_rows(pass.tokens, [&](Range rows) {
    const std::int64_t first = rows.begin * width;
    pass.ops().swiglu_forward(layer.gate + first, layer.up + first, layer.mlp + first,
                              rows.size() * width);
  });
}

void attention_half_forward(const Pass& pass, std::size_t index) {
  const Layer& layer = pass.weights.layers[index];
  const LayerActivations& acts = pass.buffers.layers[index];
  const auto& lora = acts.lora;
  float* normed = acts.attention_normed;
  const bool qk_norm = pass.spec().qk_norm;

  norm_forward(pass, layer.attention_norm, acts.input, normed, acts.attention_inverse, pass.tokens);
  linear_forward(pass, layer.q, normed, qk_norm ? acts.q_raw : acts.q, lora[kQ]);
  linear_forward(pass, layer.k, normed, qk_norm ? acts.k_raw : acts.k, lora[kK]);
  linear_forward(pass, layer.v, normed, acts.v, lora[kV]);
  rotate_heads(pass, layer, acts);
  append_to_cache(pass, index);
  attend(pass, index);
  copy_rows(pass, acts.input, acts.middle, pass.spec().hidden);
  linear_forward(pass, layer.o, acts.attention, acts.middle, lora[kO], true);
}

void gate_up_forward(const Pass& pass, std::size_t index) {
  const Layer& layer = pass.weights.layers[index];
  const LayerActivations& acts = pass.buffers.layers[index];
  norm_forward(pass, layer.mlp_norm, acts.middle, acts.mlp_normed, acts.mlp_inverse, pass.tokens);
  linear_forward(pass, layer.gate, acts.mlp_normed, acts.gate, acts.lora[kGate]);
  linear_forward(pass, layer.up, acts.mlp_normed, acts.up, acts.lora[kUp]);
}

kernels::AttentionArgs attention_of(const Pass& pass, std::size_t layer, const Sequence& sequence,
                                    std::int64_t kv_head, std::byte* scratch) {
  const ArchSpec& spec = pass.spec();
  const LayerActivations& acts = pass.buffers.layers[layer];
  const KvCache::Storage* cache = sequence.cache;
  const std::int64_t group = spec.heads / spec.kv_heads, width = spec.kv_width();
  const std::int64_t q_offset =
      sequence.first_row * spec.q_width() + kv_head * group * spec.head_dim;
  const std::int64_t kv_offset =
      kv_head * spec.head_dim +
      (cache == nullptr ? sequence.first_row * width
                        : cache->offset(static_cast<std::int64_t>(layer), sequence.slot));
  const float* keys = cache == nullptr ? acts.k : cache->keys.data();
  const float* values = cache == nullptr ? acts.v : cache->values.data();
  return {.queries = sequence.rows,
          .keys = sequence.first_position + sequence.rows,
          .head_dim = spec.head_dim,
          .group = group,
          .scale = 1.0f / std::sqrt(static_cast<float>(spec.head_dim)),
          .window = spec.sliding_window,
          .q = acts.q + q_offset,
          .k = keys + kv_offset,
          .v = values + kv_offset,
          .out = acts.attention + q_offset,
          .lse = acts.lse + sequence.first_row * spec.heads + kv_head * group,
          .q_stride = spec.q_width(),
          .kv_stride = width,
          .out_stride = spec.q_width(),
          .lse_stride = spec.heads,
          .scratch = scratch};
}

float* stream_after(const Workspace::Buffers& buffers, std::size_t layer) {
  return layer + 1 < buffers.layers.size() ? buffers.layers[layer + 1].input : buffers.output;
}

void take_documents(const Pass& pass, const Batch& batch) {
  const auto tokens = static_cast<std::int64_t>(batch.tokens.size());
  const std::vector<std::int64_t>& starts = batch.document_starts;
  CHECK(tokens <= pass.buffers.max_tokens, "{} tokens in a workspace for {}", tokens,
        pass.buffers.max_tokens);
  CHECK(!starts.empty() && starts.front() == 0 && starts.back() == tokens &&
            std::is_sorted(starts.begin(), starts.end()),
        "document starts do not tile the {} tokens", tokens);
  pass.buffers.sequences.clear();
  pass.buffers.adapters.clear();
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    if (starts[i] == starts[i + 1]) continue;
    pass.buffers.sequences.push_back({.first_row = starts[i], .rows = starts[i + 1] - starts[i]});
  }
}

void run_layers(const Pass& pass, std::span<const std::int32_t> tokens) {
  fill_positions(pass);
  embed(pass, tokens, pass.buffers.layers.front().input);
  for (std::size_t index = 0; index < pass.weights.layers.size(); ++index)
    layer_forward(pass, index);
}

Pass run_documents(const kernels::Context& context, const Model& model, Workspace& workspace,
                   const Batch& batch, const PassOptions& options) {
  const Pass pass{.context = context,
                  .weights = model.weights(),
                  .buffers = workspace.buffers(),
                  .options = options,
                  .tokens = static_cast<std::int64_t>(batch.tokens.size())};
  take_documents(pass, batch);
  run_layers(pass, batch.tokens);
  return pass;
}

LossSums evaluate_loss(const kernels::Context& context, const Model& model, Workspace& workspace,
                       const Batch& batch, const Targets& targets, const PassOptions& options) {
  const Pass pass = run_documents(context, model, workspace, batch, options);
  return head_loss(pass, targets, 0.0f, nullptr);
}

void compute_logits(const kernels::Context& context, const Model& model, Workspace& workspace,
                    const Batch& batch, std::span<const std::int64_t> rows, float* logits,
                    const PassOptions& options) {
  const Pass pass = run_documents(context, model, workspace, batch, options);
  head_logits(pass, rows, logits);
}

void forward_cached(const kernels::Context& context, const Model& model, Workspace& workspace,
                    KvCache& cache, std::span<const Append> appends, bool all_logits, float* logits,
                    const PassOptions& options) {
  Workspace::Buffers& buffers = workspace.buffers();
  std::int64_t count = 0;
  for (const Append& append : appends) count += static_cast<std::int64_t>(append.tokens.size());
  CHECK(count <= buffers.max_tokens, "{} tokens in a workspace for {}", count, buffers.max_tokens);
  const Pass pass{.context = context,
                  .weights = model.weights(),
                  .buffers = buffers,
                  .options = options,
                  .tokens = count};
  take_appends(pass, cache.storage(), appends);
  buffers.tokens.clear();
  buffers.head_rows.clear();
  for (const Append& append : appends) {
    for (const std::int32_t token : append.tokens) {
      if (all_logits) buffers.head_rows.push_back(static_cast<std::int64_t>(buffers.tokens.size()));
      buffers.tokens.push_back(token);
    }
    if (!all_logits)
      buffers.head_rows.push_back(static_cast<std::int64_t>(buffers.tokens.size()) - 1);
  }
  run_layers(pass, buffers.tokens);
  for (const Sequence& sequence : buffers.sequences) {
    sequence.cache->lengths[static_cast<std::size_t>(sequence.slot)] += sequence.rows;
  }
  head_logits(pass, buffers.head_rows, logits);
}

}  // namespace attune::model
