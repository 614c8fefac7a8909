// The mirror of forward.cc: from the loss back to the embedding, with d_ names. Frozen weights get
// no gradient, and nothing is computed below the lowest trained weight.
#include <algorithm>
#include <optional>

#include "model/forward.h"
#include "model/layers.h"
#include "model/linear.h"

namespace attune::model {

namespace {

// What is trained in a layer, from its output down to its input.
struct TrainedParts {
  bool down = false, gate_up = false, o = false, qkv = false;
  bool any() const { return down || gate_up || o || qkv; }
};

TrainedParts trained_parts(const Pass& pass, const Layer& layer) {
  return {
      .down = is_trained(pass, layer.down),
      .gate_up = is_trained(pass, layer.gate) || is_trained(pass, layer.up),
      .o = is_trained(pass, layer.o),
      .qkv = is_trained(pass, layer.q) || is_trained(pass, layer.k) || is_trained(pass, layer.v)};
}

void swiglu_backward(const Pass& pass, const LayerActivations& acts) {
  const std::int64_t width = pass.spec().intermediate;
  pass.split_rows(pass.tokens, [&](Range rows) {
    const std::int64_t first = rows.begin * width;
    pass.ops().swiglu_backward(pass.buffers.d_mlp + first, acts.gate + first, acts.up + first,
                               acts.gate + first, acts.up + first, rows.size() * width);
  });
}

// Computes what the layer's forward left and later layers have overwritten.
void recompute_layer(const Pass& pass, std::size_t index) {
  const Recompute policy = pass.buffers.recompute;
  if (index + 1 == pass.buffers.layers.size()) return;  // nothing came after it
  if (policy == Recompute::block) attention_half_forward(pass, index);
  if (policy >= Recompute::mlp) gate_up_forward(pass, index);
  if (policy != Recompute::nothing) swiglu_forward(pass, pass.buffers.layers[index]);
}

// Where the outputs of the two norms share their memory: that of the attention's norm, again.
void recompute_attention_normed(const Pass& pass, const Layer& layer,
                                const LayerActivations& acts) {
  if (pass.buffers.recompute == Recompute::nothing) return;
  norm_forward(pass, layer.attention_norm, acts.input, acts.attention_normed,
               acts.attention_inverse, pass.tokens);
}

// That of the MLP's norm, where gate_up_forward has not just written it.
void recompute_mlp_normed(const Pass& pass, const Layer& layer, const LayerActivations& acts) {
  if (pass.buffers.recompute != Recompute::elementwise) return;
  norm_forward(pass, layer.mlp_norm, acts.middle, acts.mlp_normed, acts.mlp_inverse, pass.tokens);
}

// d_stream holds the gradient of the layer's output; afterwards that of its middle. `below`:
// something under the MLP is trained.
void mlp_backward(const Pass& pass, Layer& layer, const LayerActivations& acts,
                  const TrainedParts& trained, bool below) {
  Workspace::Buffers& buffers = pass.buffers;
  const auto& lora = acts.lora;
  const bool above_down_only = !trained.gate_up && !below;
  linear_backward(pass, layer.down, acts.mlp, buffers.d_stream,
                  above_down_only ? nullptr : buffers.d_mlp, lora[kDown]);
  if (above_down_only) return;
  swiglu_backward(pass, acts);
  const float* d_gate = acts.gate;
  const float* d_up = acts.up;
  recompute_mlp_normed(pass, layer, acts);
  float* d_normed = below ? buffers.d_normed : nullptr;
  linear_backward(pass, layer.gate, acts.mlp_normed, d_gate, d_normed, lora[kGate]);
  linear_backward(pass, layer.up, acts.mlp_normed, d_up, d_normed, lora[kUp], true);
  if (!below) return;
  norm_backward(pass, layer.mlp_norm, d_normed, acts.middle, acts.mlp_inverse, buffers.d_stream,
                pass.tokens);
}

// d_attention -> d_q, d_k, d_v. One task computes all that a key/value head receives, so sums have
// a fixed order.
void attend_backward(const Pass& pass, std::size_t index) {
  const Workspace::Buffers& buffers = pass.buffers;
  const LayerActivations& acts = buffers.layers[index];
  const auto sequences = static_cast<std::int64_t>(buffers.sequences.size());
  const std::int64_t kv_heads = pass.spec().kv_heads;
  pass.context.pool().run(sequences * kv_heads, [&](std::int64_t task, int worker) {
    const Sequence& sequence = buffers.sequences[static_cast<std::size_t>(task / kv_heads)];
    const kernels::AttentionArgs forward =
        attention_of(pass, index, sequence, task % kv_heads, pass.context.scratch(worker));
    pass.ops().attention_backward({.forward = forward,
                                   .d_out = buffers.d_attention + (forward.out - acts.attention),
                                   .d_q = buffers.d_q + (forward.q - acts.q),
                                   .d_k = buffers.d_k + (forward.k - acts.k),
                                   .d_v = buffers.d_v + (forward.v - acts.v)});
  });
}

// The inverse of rotate_heads on the gradients. Returns where the gradients of the projections'
// outputs are.
struct HeadGradients {
  const float* q;
  const float* k;
};
HeadGradients rotate_heads_backward(const Pass& pass, Layer& layer, const LayerActivations& acts) {
  const ArchSpec& spec = pass.spec();
  const Workspace::Buffers& buffers = pass.buffers;
  pass.split_rows(pass.tokens, [&](Range rows) {
    const float* cosine = buffers.cosine + rows.begin * spec.head_dim / 2;
    const float* sine = buffers.sine + rows.begin * spec.head_dim / 2;
    pass.ops().rope(buffers.d_q + rows.begin * spec.q_width(), cosine, sine, rows.size(),
                    spec.heads, spec.head_dim, spec.head_dim, true);
    pass.ops().rope(buffers.d_k + rows.begin * spec.kv_width(), cosine, sine, rows.size(),
                    spec.kv_heads, spec.head_dim, spec.head_dim, true);
  });
  if (!spec.qk_norm) return {buffers.d_q, buffers.d_k};
  std::fill_n(buffers.d_q_raw, pass.tokens * spec.q_width(), 0.0f);
  std::fill_n(buffers.d_k_raw, pass.tokens * spec.kv_width(), 0.0f);
  norm_backward(pass, layer.q_norm, buffers.d_q, acts.q_raw, acts.q_inverse, buffers.d_q_raw,
                pass.tokens * spec.heads);
  norm_backward(pass, layer.k_norm, buffers.d_k, acts.k_raw, acts.k_inverse, buffers.d_k_raw,
                pass.tokens * spec.kv_heads);
  return {buffers.d_q_raw, buffers.d_k_raw};
}

// d_stream holds the gradient of the layer's middle; afterwards that of its input, if something
// below is trained.
void attention_backward(const Pass& pass, Layer& layer, std::size_t index,
                        const TrainedParts& trained, bool below) {
  Workspace::Buffers& buffers = pass.buffers;
  const LayerActivations& acts = buffers.layers[index];
  const auto& lora = acts.lora;
  const bool above_o_only = !trained.qkv && !below;
  linear_backward(pass, layer.o, acts.attention, buffers.d_stream,
                  above_o_only ? nullptr : buffers.d_attention, lora[kO]);
  if (above_o_only) return;
  attend_backward(pass, index);
  const HeadGradients d_heads = rotate_heads_backward(pass, layer, acts);
  recompute_attention_normed(pass, layer, acts);
  float* d_normed = below ? buffers.d_normed : nullptr;
  linear_backward(pass, layer.q, acts.attention_normed, d_heads.q, d_normed, lora[kQ]);
  linear_backward(pass, layer.k, acts.attention_normed, d_heads.k, d_normed, lora[kK], true);
  linear_backward(pass, layer.v, acts.attention_normed, buffers.d_v, d_normed, lora[kV], true);
  if (!below) return;
  norm_backward(pass, layer.attention_norm, d_normed, acts.input, acts.attention_inverse,
                buffers.d_stream, pass.tokens);
}

// Each thread owns a range of columns and adds the tokens in their order, so sums have a fixed
// order.
void embed_backward(const Pass& pass, Matrix& embedding, std::span<const std::int32_t> tokens) {
  const std::int64_t width = embedding.columns;
  pass.split_rows(width, [&](Range columns) {
    for (std::int64_t row = 0; row < pass.tokens; ++row) {
      const float* d_row = pass.buffers.d_stream + row * width;
      float* gradient = embedding.gradient.data() + tokens[static_cast<std::size_t>(row)] * width;
      for (std::int64_t i = columns.begin; i < columns.end; ++i) gradient[i] += d_row[i];
    }
  });
}

// The lowest layer with something trained; nothing when no layer has.
std::optional<std::size_t> lowest_trained_layer(const Pass& pass) {
  for (std::size_t index = 0; index < pass.weights.layers.size(); ++index) {
    if (trained_parts(pass, pass.weights.layers[index]).any()) return index;
  }
  return std::nullopt;
}

void layers_backward(const Pass& pass, Model::Weights& weights, std::size_t lowest) {
  for (std::size_t index = weights.layers.size(); index-- > lowest;) {
    Layer& layer = weights.layers[index];
    const TrainedParts trained = trained_parts(pass, layer);
    const bool below = index > lowest || weights.base_trained;
    const bool through_attention = below || trained.o || trained.qkv;
    recompute_layer(pass, index);
    mlp_backward(pass, layer, pass.buffers.layers[index], trained, through_attention);
    if (through_attention) attention_backward(pass, layer, index, trained, below);
  }
}

}  // namespace

void norm_backward(const Pass& pass, Vector& weight, const float* d_y, const float* x,
                   const float* inverse, float* d_x, std::int64_t rows) {
  pass.split_rows(rows, [&](Range range) {
    const std::int64_t first = range.begin * weight.size;
    pass.ops().rms_norm_backward(d_y + first, x + first, weight.value.data(), inverse + range.begin,
                                 d_x + first, range.size(), weight.size);
  });
  if (!weight.trained()) return;
  pass.split_rows(weight.size, [&](Range columns) {
    pass.ops().rms_norm_backward_weight(d_y, x, inverse, weight.gradient.data(), rows, weight.size,
                                        columns.begin, columns.end);
  });
}

LossSums train_pass(const kernels::Context& context, Model& model, Workspace& workspace,
                    const Batch& batch, const Targets& targets, float gradient_scale,
                    const PassOptions& options) {
  Model::Weights& weights = model.weights();
  CHECK(workspace.buffers().training, "the workspace was planned without training");
  const Pass pass{.context = context,
                  .weights = weights,
                  .buffers = workspace.buffers(),
                  .options = options,
                  .tokens = static_cast<std::int64_t>(batch.tokens.size()),
                  .training = true};
  take_documents(pass, batch);
  run_layers(pass, batch.tokens);
  const LossSums sums = head_loss(pass, targets, gradient_scale, &weights);
  const std::optional<std::size_t> lowest = lowest_trained_layer(pass);
  if (lowest) layers_backward(pass, weights, *lowest);
  if (weights.base_trained) embed_backward(pass, weights.embedding, batch.tokens);
  return sums;
}

}  // namespace attune::model
