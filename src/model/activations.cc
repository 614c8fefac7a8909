#include "model/activations.h"

#include <algorithm>

#include "model/dropout.h"
#include "tensor/memory_plan.h"

namespace attune::model {

namespace {

// The head works on at most this many rows at a time, and on at most this many logits: the product
// is then large enough to run at full rate and the [C, V] scratch stays bounded.
constexpr std::int64_t kMostChunkRows = 512;
constexpr std::int64_t kMostChunkLogits = std::int64_t{32} << 20;
constexpr std::int64_t kFewestChunkRows = 16;

// What an adapted linear keeps.
void plan_lora(MemoryPlan& plan, LoraActivations& kept, std::int64_t rank, std::int64_t inputs,
               bool dropout, std::int64_t tokens) {
  plan.add(&kept.inner, tokens * rank);
  plan.add(&kept.mask, dropout ? DropoutMask::floats_needed(tokens, inputs) : 0);
}

// Of the linears from `first` on.
void plan_layer_lora(MemoryPlan& plan, LayerActivations& layer, const Layer& weights, bool dropout,
                     std::int64_t tokens, std::size_t first) {
  const auto linears = weights.linears();
  for (std::size_t i = first; i < linears.size(); ++i) {
    if (!linears[i]->lora) continue;
    plan_lora(plan, layer.lora[i], linears[i]->lora->rank, linears[i]->inputs(), dropout, tokens);
  }
}

// For every layer in turn: each linear's largest rank.
void plan_shared_lora(MemoryPlan& plan, LayerActivations& shared, const Model::Weights& weights,
                      bool dropout, std::int64_t tokens) {
  for (std::size_t i = 0; i < kDown; ++i) {  // what the last linear keeps is kept by each layer
    std::int64_t rank = 0, inputs = 0;
    for (const Layer& layer : weights.layers) {
      const Linear& linear = *layer.linears()[i];
      inputs = linear.inputs();
      rank = std::max(rank, linear.lora ? linear.lora->rank : 0);
    }
    if (rank > 0) plan_lora(plan, shared.lora[i], rank, inputs, dropout, tokens);
  }
}

// What the attention half leaves.
void plan_attention(MemoryPlan& plan, LayerActivations& layer, const ArchSpec& spec,
                    std::int64_t tokens) {
  plan.add(&layer.attention_inverse, tokens);
  plan.add(&layer.q_raw, spec.qk_norm ? tokens * spec.q_width() : 0);
  plan.add(&layer.k_raw, spec.qk_norm ? tokens * spec.kv_width() : 0);
  plan.add(&layer.q_inverse, spec.qk_norm ? tokens * spec.heads : 0);
  plan.add(&layer.k_inverse, spec.qk_norm ? tokens * spec.kv_heads : 0);
  plan.add(&layer.q, tokens * spec.q_width());
  plan.add(&layer.k, tokens * spec.kv_width());
  plan.add(&layer.v, tokens * spec.kv_width());
  plan.add(&layer.attention, tokens * spec.q_width());
  plan.add(&layer.lse, tokens * spec.heads);
  plan.add(&layer.middle, tokens * spec.hidden);
  plan.add(&layer.mlp_inverse, tokens);
}

void plan_gate_up(MemoryPlan& plan, LayerActivations& layer, const ArchSpec& spec,
                  std::int64_t tokens) {
  plan.add(&layer.gate, tokens * spec.intermediate);
  plan.add(&layer.up, tokens * spec.intermediate);
}

// What follows from the rest element by element.
void plan_elementwise(MemoryPlan& plan, LayerActivations& layer, const ArchSpec& spec,
                      std::int64_t tokens) {
  plan.add(&layer.attention_normed, tokens * spec.hidden);
  plan.add(&layer.mlp_normed, tokens * spec.hidden);
  plan.add(&layer.mlp, tokens * spec.intermediate);
}

// The layers' own memory, and in buffers.shared what they do not keep.
void plan_layers(MemoryPlan& plan, Workspace::Buffers& buffers, const Model::Weights& weights,
                 bool dropout) {
  const ArchSpec& spec = weights.spec;
  const std::int64_t tokens = buffers.max_tokens;
  const auto keeps = [&](Recompute least) {
    return buffers.training && buffers.recompute <= least;
  };
  for (std::size_t i = 0; i < weights.layers.size() && buffers.training; ++i) {
    LayerActivations& layer = buffers.layers[i];
    plan.add(&layer.input, tokens * spec.hidden);
    // The last product of a block never runs again, so what its adapter keeps is kept always.
    plan_layer_lora(plan, layer, weights.layers[i], dropout, tokens,
                    keeps(Recompute::mlp) ? kQ : kDown);
    if (!keeps(Recompute::mlp)) continue;
    plan_attention(plan, layer, spec, tokens);
    if (keeps(Recompute::elementwise)) plan_gate_up(plan, layer, spec, tokens);
    if (keeps(Recompute::nothing)) plan_elementwise(plan, layer, spec, tokens);
  }
  LayerActivations& shared = buffers.shared;
  if (!buffers.training) plan.add(&shared.input, tokens * spec.hidden);
  if (!keeps(Recompute::mlp)) plan_attention(plan, shared, spec, tokens);
  if (buffers.training && !keeps(Recompute::mlp))
    plan_shared_lora(plan, shared, weights, dropout, tokens);
  if (!keeps(Recompute::elementwise)) plan_gate_up(plan, shared, spec, tokens);
  if (keeps(Recompute::nothing)) return;
  plan.add(&shared.mlp_normed, tokens * spec.hidden);
  plan.add(&shared.mlp, tokens * spec.intermediate);
}

constexpr float* LayerActivations::*kLayerArrays[] = {
    &LayerActivations::input,       &LayerActivations::attention_inverse,
    &LayerActivations::q_raw,       &LayerActivations::k_raw,
    &LayerActivations::q_inverse,   &LayerActivations::k_inverse,
    &LayerActivations::q,           &LayerActivations::k,
    &LayerActivations::v,           &LayerActivations::attention,
    &LayerActivations::lse,         &LayerActivations::middle,
    &LayerActivations::mlp_inverse, &LayerActivations::gate,
    &LayerActivations::up,          &LayerActivations::attention_normed,
    &LayerActivations::mlp_normed,  &LayerActivations::mlp};

// What the layer does not keep lies in `shared`.
void take_shared(LayerActivations& layer, const LayerActivations& shared) {
  for (float* LayerActivations::*array : kLayerArrays) {
    if (layer.*array == nullptr) layer.*array = shared.*array;
  }
  for (std::size_t i = 0; i < layer.lora.size(); ++i) {
    if (layer.lora[i].inner == nullptr) layer.lora[i] = shared.lora[i];
  }
}

void plan_gradients(MemoryPlan& plan, Workspace::Buffers& buffers, const ArchSpec& spec) {
  const std::int64_t tokens = buffers.max_tokens;
  plan.add(&buffers.d_head_normed, buffers.chunk_rows * spec.hidden);
  plan.add(&buffers.d_head_input, buffers.chunk_rows * spec.hidden);
  plan.add(&buffers.d_stream, tokens * spec.hidden);
  plan.add(&buffers.d_normed, tokens * spec.hidden);
  plan.add(&buffers.d_q, tokens * spec.q_width());
  plan.add(&buffers.d_k, tokens * spec.kv_width());
  plan.add(&buffers.d_v, tokens * spec.kv_width());
  plan.add(&buffers.d_q_raw, spec.qk_norm ? tokens * spec.q_width() : 0);
  plan.add(&buffers.d_k_raw, spec.qk_norm ? tokens * spec.kv_width() : 0);
  plan.add(&buffers.d_attention, tokens * spec.q_width());
  plan.add(&buffers.d_mlp, tokens * spec.intermediate);
}

void plan_shared(MemoryPlan& plan, Workspace::Buffers& buffers, const Model::Weights& weights,
                 bool dropout) {
  const ArchSpec& spec = weights.spec;
  const std::int64_t tokens = buffers.max_tokens, chunk = buffers.chunk_rows;
  const std::int64_t widest = std::max({spec.hidden, spec.q_width(), spec.intermediate});
  plan.add(&buffers.output, tokens * spec.hidden);
  plan.add(&buffers.cosine, tokens * spec.head_dim / 2);
  plan.add(&buffers.sine, tokens * spec.head_dim / 2);
  plan.add(&buffers.dropped, dropout ? tokens * widest : 0);
  plan.add(&buffers.lora_inner, tokens * buffers.max_rank);
  plan.add(&buffers.head_input, chunk * spec.hidden);
  plan.add(&buffers.head_inverse, chunk);
  plan.add(&buffers.head_normed, chunk * spec.hidden);
  plan.add(&buffers.head_scale, chunk);
  plan.add(&buffers.logits, chunk * spec.vocabulary);
}

std::int64_t largest_rank(const Model::Weights& weights) {
  std::int64_t rank = 0;
  for (const Layer& layer : weights.layers) {
    for (const Linear* linear : layer.linears())
      rank = std::max(rank, linear->lora ? linear->lora->rank : 0);
  }
  return rank;
}

// Registers every array of a pass over buffers.max_tokens tokens.
MemoryPlan plan_pass(Workspace::Buffers& buffers, const Model::Weights& weights) {
  buffers.chunk_rows = head_chunk_rows(weights.spec.vocabulary, buffers.max_tokens);
  buffers.layers.resize(weights.layers.size());
  const bool dropout = buffers.training && weights.lora && weights.lora->dropout > 0;
  MemoryPlan plan;
  plan_layers(plan, buffers, weights, dropout);
  plan_shared(plan, buffers, weights, dropout);
  if (buffers.training) plan_gradients(plan, buffers, weights.spec);
  return plan;
}

}  // namespace

std::int64_t head_chunk_rows(std::int64_t vocabulary, std::int64_t tokens) {
  const std::int64_t rows =
      std::clamp(kMostChunkLogits / vocabulary, kFewestChunkRows, kMostChunkRows);
  return std::min(rows, tokens);
}

RecomputePlan plan_recompute(const Model& model, std::int64_t tokens, std::int64_t free_bytes) {
  RecomputePlan result;
  result.fits = false;
  for (const Recompute policy : kRecomputePolicies) {
    Workspace::Buffers buffers;
    buffers.max_tokens = tokens;
    buffers.max_rank = largest_rank(model.weights());
    buffers.training = true;
    buffers.recompute = policy;
    const std::int64_t bytes = plan_pass(buffers, model.weights()).bytes();
    result.workspace_bytes[static_cast<std::size_t>(policy)] = bytes;
    if (result.fits) continue;
    result.choice = policy;
    result.fits = bytes <= free_bytes;
  }
  return result;
}

Workspace::Workspace(const Model& model, std::int64_t max_tokens, bool training,
                     std::int64_t adapter_rank, Recompute recompute)
    : buffers_(std::make_unique<Buffers>()) {
  CHECK(max_tokens > 0, "a workspace for {} tokens", max_tokens);
  Buffers& buffers = *buffers_;
  buffers.max_tokens = max_tokens;
  buffers.max_rank = std::max(largest_rank(model.weights()), adapter_rank);
  buffers.training = training;
  buffers.recompute = recompute;
  buffers.memory = plan_pass(buffers, model.weights()).allocate();
  if (buffers.shared.mlp_normed != nullptr)
    buffers.shared.attention_normed = buffers.shared.mlp_normed;
  for (LayerActivations& layer : buffers.layers) take_shared(layer, buffers.shared);

  const auto tokens = static_cast<std::size_t>(max_tokens),
             chunk = static_cast<std::size_t>(buffers.chunk_rows);
  buffers.sequences.reserve(tokens);
  buffers.positions.resize(tokens);
  buffers.tokens.reserve(tokens);
  buffers.head_rows.reserve(tokens);
  buffers.head_targets.resize(chunk);
  buffers.head_best.resize(chunk);
  buffers.head_nll.resize(chunk);
}

Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;

std::int64_t Workspace::bytes() const { return buffers_->memory.bytes(); }
Recompute Workspace::recompute() const { return buffers_->recompute; }

void Pass::split_rows(std::int64_t rows, FunctionRef<void(Range)> body) const {
  constexpr std::int64_t kGrain = 8;  // fewer rows are not worth waking a thread
  context.pool().split(rows, kGrain, [&](Range range, int) { body(range); });
}

void Pass::product(std::int64_t m, std::int64_t n, std::int64_t k, kernels::GemmOperand a,
                   kernels::GemmOperand b, float* c, bool accumulate, float alpha) const {
  kernels::parallel_gemm(context, {.m = m,
                                   .n = n,
                                   .k = k,
                                   .a = a,
                                   .b = b,
                                   .c = c,
                                   .c_stride = n,
                                   .alpha = alpha,
                                   .accumulate = accumulate,
                                   .math = math_of(weights.precision),
                                   .scratch = nullptr});
}

kernels::GemmOperand operand(const float* data, std::int64_t stride, bool transposed) {
  return {.data = data, .stride = stride, .dtype = Dtype::f32, .transposed = transposed};
}

}  // namespace attune::model
