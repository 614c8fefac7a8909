// The steps that forward.cc and backward.cc share.
#pragma once

#include <functional>

#include "model/activations.h"

namespace attune::model {

// Embeds the tokens and runs every layer; buffers.output holds the residual stream [T, H] after the
// last. pass.buffers.sequences says where each sequence lies.
void run_layers(const Pass& pass, std::span<const std::int32_t> tokens);

// Sets buffers.sequences to the batch's documents. The batch is the caller's to keep within limits.
void take_documents(const Pass& pass, const Batch& batch);

// The pass over a batch of whole documents with a model's weights, run up to the last layer. What
// it is given must outlive it.
Pass run_documents(const kernels::Context& context, const Model& model, Workspace& workspace,
                   const Batch& batch, const PassOptions& options);

// Where one (sequence, key/value head) pair's attention reads and writes.
kernels::AttentionArgs attention_of(const Pass& pass, std::size_t layer, const Sequence& sequence,
                                    std::int64_t kv_head, std::byte* scratch);

// The halves of a layer, which backward runs again where their results are not kept:
// input -> attention_normed, q, k, v, attention, middle
void attention_half_forward(const Pass& pass, std::size_t index);
// middle -> mlp_normed, gate, up
void gate_up_forward(const Pass& pass, std::size_t index);

// The residual stream that a layer writes: the next layer's input, or the output.
float* stream_after(const Workspace::Buffers& buffers, std::size_t layer);

// y = x / rms(x) * weight over rows of the weight's size, and 1 / rms.
void norm_forward(const Pass& pass, const Vector& weight, const float* x, float* y, float* inverse,
                  std::int64_t rows);
// d_x += the gradient through norm_forward; adds the weight's gradient when it is trained.
void norm_backward(const Pass& pass, Vector& weight, const float* d_y, const float* x,
                   const float* inverse, float* d_x, std::int64_t rows);
// mlp = silu(gate) * up
void swiglu_forward(const Pass& pass, const LayerActivations& layer);

// head.cc: the loss of the rows whose weight is positive, a chunk of rows at a time. With
// `trained`, also the gradient of gradient_scale * sum(weight * nll): buffers.d_stream becomes that
// of buffers.output, and the gradients of the head and the final norm are added where they are
// trained. `nll`, where given, gets the loss of each token [T], 0 of those that are no targets.
LossSums head_loss(const Pass& pass, const Targets& targets, float gradient_scale,
                   Model::Weights* trained, std::span<double> nll = {});
// head.cc: logits of the given rows of buffers.output, a chunk at a time: take(first, logits) gets
// those of rows[first] onwards, [count, V], to use until it returns.
void head_logits(const Pass& pass, std::span<const std::int64_t> rows,
                 const std::function<void(std::size_t first, std::span<float> logits)>& take);
// head.cc: the final norm's output for the given rows likewise, [count, H].
void head_states(const Pass& pass, std::span<const std::int64_t> rows,
                 const std::function<void(std::size_t first, std::span<float> states)>& take);
// head.cc: logits [rows, V] of the given rows of buffers.output.
void head_logits(const Pass& pass, std::span<const std::int64_t> rows, float* logits);

}  // namespace attune::model
