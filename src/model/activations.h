// The memory of a pass: what forward leaves for backward, scratch, and the key/value cache. Planned
// once by Workspace; a pass only writes into it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/adapter.h"
#include "model/forward.h"
#include "model/weights.h"
#include "tensor/buffer.h"

namespace attune::model {

// What an adapted linear keeps for backward; null without training or adapter.
struct LoraActivations {
  float* inner = nullptr;  // [T, R] dropout(x) A^T
  float* mask = nullptr;   // a bit for each element of x; see dropout.h. Null without dropout.
};

// Rows of the head that are computed at a time.
std::int64_t head_chunk_rows(std::int64_t vocabulary, std::int64_t tokens);

// What one layer's forward leaves behind. What the workspace's Recompute does not keep is memory
// that all layers share; without training that is everything.
struct LayerActivations {
  float* input = nullptr;               // [T, H] residual stream before attention
  float* attention_inverse = nullptr;   // [T] 1 / rms of it
  float* attention_normed = nullptr;    // [T, H]; where it is not kept, the memory of mlp_normed
  float* q_raw = nullptr;               // [T, Q*D] before qk-norm; null without qk-norm
  float* k_raw = nullptr;               // [T, KV*D]
  float* q_inverse = nullptr;           // [T, Q] 1 / rms of each head
  float* k_inverse = nullptr;           // [T, KV]
  float* q = nullptr;                   // [T, Q*D] after rotation
  float* k = nullptr;                   // [T, KV*D] after rotation
  float* v = nullptr;                   // [T, KV*D]
  float* attention = nullptr;           // [T, Q*D]
  float* lse = nullptr;                 // [T, Q]
  float* middle = nullptr;              // [T, H] residual stream between attention and MLP
  float* mlp_inverse = nullptr;         // [T]
  float* mlp_normed = nullptr;          // [T, H]
  float* gate = nullptr;                // [T, I]; backward overwrites it with its gradient
  float* up = nullptr;                  // [T, I]; likewise
  float* mlp = nullptr;                 // [T, I] silu(gate) * up
  std::array<LoraActivations, 7> lora;  // of each linear, by LinearIndex
};

// One sequence's rows in a pass. `slot` is its place in `cache`, which is null in passes without
// one.
struct Sequence {
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  std::int64_t first_position = 0;
  std::int64_t slot = -1;
  KvCache::Storage* cache = nullptr;
};

// Neighbouring rows that share an adapter of extend.h.
struct AdapterRows {
  const Adapter::Weights* adapter = nullptr;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
};

struct Workspace::Buffers {
  std::int64_t max_tokens = 0;
  std::int64_t max_rank = 0;    // of the adapter for which the scratch was planned
  std::int64_t chunk_rows = 0;  // C, rows that go through the head at a time
  bool training = false;
  Recompute recompute = Recompute::elementwise;
  Buffer<float> memory;

  std::vector<Sequence> sequences;      // capacity max_tokens
  std::vector<AdapterRows> adapters;    // none outside extend.h
  std::vector<std::int32_t> positions;  // [T]
  std::vector<std::int32_t> tokens;     // of a cached pass, end to end; capacity max_tokens
  std::vector<std::int64_t> head_rows;  // rows that reach the head, capacity max_tokens
  std::vector<LayerActivations> layers;
  LayerActivations shared;   // what every layer overwrites
  float* output = nullptr;   // [T, H] residual stream after the last layer
  float* cosine = nullptr;   // [T, D/2]
  float* sine = nullptr;     // [T, D/2]
  float* dropped = nullptr;  // [T, widest input] dropout(x), or the gradient of it
  float* lora_inner =
      nullptr;  // [T, R] dropout(x) A^T where no layer keeps it, or the gradient of it

  // The head, a chunk at a time.
  float* head_input = nullptr;                        // [C, H]
  float* head_inverse = nullptr;                      // [C]
  float* head_normed = nullptr;                       // [C, H]
  float* head_scale = nullptr;                        // [C] gradient scale of each row
  float* logits = nullptr;                            // [C, V]
  std::vector<std::int32_t> head_targets, head_best;  // [C]
  std::vector<double> head_nll;                       // [C]
  float* d_head_normed = nullptr;                     // [C, H]
  float* d_head_input = nullptr;                      // [C, H]

  // Gradients of the layer at hand; only with training.
  float* d_stream = nullptr;     // [T, H] of the residual stream
  float* d_normed = nullptr;     // [T, H]
  float* d_q = nullptr;          // [T, Q*D]
  float* d_k = nullptr;          // [T, KV*D]
  float* d_v = nullptr;          // [T, KV*D]
  float* d_q_raw = nullptr;      // [T, Q*D] with qk-norm
  float* d_k_raw = nullptr;      // [T, KV*D]
  float* d_attention = nullptr;  // [T, Q*D]
  float* d_mlp = nullptr;        // [T, I]
};

// Keys and values of every layer: [layers, slots, positions, KV*D].
struct KvCache::Storage {
  std::int64_t slots = 0, positions = 0, width = 0;
  std::vector<std::int64_t> lengths;
  Buffer<float> keys, values;

  std::int64_t offset(std::int64_t layer, std::int64_t slot) const {
    return (layer * slots + slot) * positions * width;
  }
  std::int64_t layers() const { return offset(1, 0) == 0 ? 0 : keys.size() / offset(1, 0); }
};

// Everything that the steps of one pass share.
struct Pass {
  const kernels::Context& context;
  const Model::Weights& weights;
  Workspace::Buffers& buffers;
  const PassOptions& options;
  std::int64_t tokens = 0;  // T
  bool training = false;    // dropout is drawn

  const ArchSpec& spec() const { return weights.spec; }
  const kernels::Kernels& ops() const { return context.ops(); }
  // One contiguous range of rows a thread.
  void split_rows(std::int64_t rows, FunctionRef<void(Range)> body) const;
  // C = alpha op(A) op(B) (+ C), with the pass's arithmetic.
  void product(std::int64_t m, std::int64_t n, std::int64_t k, kernels::GemmOperand a,
               kernels::GemmOperand b, float* c, bool accumulate, float alpha = 1.0f) const;
};

// An f32 matrix whose rows are `stride` apart, for Pass::product.
kernels::GemmOperand operand(const float* data, std::int64_t stride, bool transposed = false);

}  // namespace attune::model
