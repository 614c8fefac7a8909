// Causal attention of one key/value head over one document, with the query heads that share it.
//
//   S[i, j] = scale * q_i . k_j      for j <= keys - queries + i  (and, with a window w > 0, j >
//   position(i) - w) P = softmax(S),  out_i = sum_j P[i, j] v_j,  lse_i = log sum_j exp(S[i, j])
//
// The queries are the last `queries` rows of the document: queries == keys in training, 1 in
// decoding, and in between for a prompt that continues a cached prefix. No [keys, keys] matrix is
// stored; work goes in blocks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::kernels {

struct AttentionArgs {
  std::int64_t queries = 0, keys = 0;
  std::int64_t head_dim = 0;
  std::int64_t group = 1;  // query heads that share this key/value head
  float scale = 1.0f;
  std::int64_t window = 0;  // 0: none
  const float* q =
      nullptr;  // [queries, group * head_dim], rows q_stride apart (first head of the group)
  const float* k = nullptr;  // [keys, head_dim], rows kv_stride apart
  const float* v = nullptr;  // [keys, head_dim], rows kv_stride apart
  float* out = nullptr;      // as q, rows out_stride apart
  float* lse =
      nullptr;  // [queries, group], rows lse_stride apart; may be null when no backward follows
  std::int64_t q_stride = 0, kv_stride = 0, out_stride = 0, lse_stride = 0;
  std::byte* scratch = nullptr;  // kAttentionScratchBytes, 64-byte aligned, one a thread
};

// Backward recomputes P from q, k and lse. dq, dk, dv are overwritten. queries == keys is required.
struct AttentionGradArgs {
  AttentionArgs forward;         // the arguments of the forward call; forward.out holds its result
  const float* d_out = nullptr;  // as out, rows forward.out_stride apart
  float* d_q = nullptr;          // as q, rows forward.q_stride apart
  float* d_k = nullptr;          // as k, rows forward.kv_stride apart
  float* d_v = nullptr;          // as v, rows forward.kv_stride apart
};

// Enough for head_dim <= 256 at any length.
inline constexpr std::int64_t kAttentionScratchBytes = 2 << 20;
inline constexpr std::int64_t kMaxHeadDim = 256;

}  // namespace attune::kernels
