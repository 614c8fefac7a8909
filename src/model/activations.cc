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

std::int64_t chunk_rows_for(std::int64_t vocabulary, std::int64_t tokens) {
  const std::int64_t rows =
      std::clamp(kMostChunkLogits / vocabulary, kFewestChunkRows, kMostChunkRows);
  return std::min(rows, tokens);
}

void plan_lora(MemoryPlan& plan, LayerActivations& layer, const Layer& weights, bool dropout,
               std::int64_t tokens) {
  const auto linears = weights.linears();
  for (std::size_t i = 0; i < linears.size(); ++i) {
    if (!linears[i]->lora) continue;
    plan.add(&layer.lora[i].inner, tokens * linears[i]->lora->rank);
    plan.add(&layer.lora[i].mask,
             dropout ? DropoutMask::floats_needed(tokens, linears[i]->inputs()) : 0);
  }
}

void plan_layer(MemoryPlan& plan, LayerActivations& layer, const ArchSpec& spec,
                std::int64_t tokens) {
  plan.add(&layer.input, tokens * spec.hidden);
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
  plan.add(&layer.gate, tokens * spec.intermediate);
  plan.add(&layer.up, tokens * spec.intermediate);
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
  plan.add(&buffers.normed, tokens * spec.hidden);
  plan.add(&buffers.mlp, tokens * spec.intermediate);
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

}  // namespace

Workspace::Workspace(const Model& model, std::int64_t max_tokens, bool training,
                     std::int64_t adapter_rank)
    : buffers_(std::make_unique<Buffers>()) {
  CHECK(max_tokens > 0, "a workspace for {} tokens", max_tokens);
  const Model::Weights& weights = model.weights();
  Buffers& buffers = *buffers_;
  buffers.max_tokens = max_tokens;
  buffers.max_rank = std::max(largest_rank(weights), adapter_rank);
  buffers.chunk_rows = chunk_rows_for(weights.spec.vocabulary, max_tokens);
  buffers.training = training;
  buffers.layers.resize(weights.layers.size());
  const bool dropout = training && weights.lora && weights.lora->dropout > 0;
  MemoryPlan plan;
  const std::size_t planned = training ? buffers.layers.size() : 1;
  for (std::size_t i = 0; i < planned; ++i) {
    plan_layer(plan, buffers.layers[i], weights.spec, max_tokens);
    if (training) plan_lora(plan, buffers.layers[i], weights.layers[i], dropout, max_tokens);
  }
  plan_shared(plan, buffers, weights, dropout);
  if (training) plan_gradients(plan, buffers, weights.spec);
  buffers.memory = plan.allocate();
  for (std::size_t i = planned; i < buffers.layers.size(); ++i)
    buffers.layers[i] = buffers.layers[0];

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

void Pass::split_rows(std::int64_t rows, const std::function<void(Range)>& body) const {
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
                                   .math = weights.math(),
                                   .scratch = nullptr});
}

kernels::GemmOperand operand(const float* data, std::int64_t stride, bool transposed) {
  return {.data = data, .stride = stride, .dtype = Dtype::f32, .transposed = transposed};
}

}  // namespace attune::model
