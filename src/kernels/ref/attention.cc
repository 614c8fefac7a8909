// Attention row by row, in double: the formulas of attention.h without blocks.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/ref/ref.h"

namespace attune::kernels::ref {
namespace {

// The keys that query i sees: [first, last).
struct KeyRange {
  std::int64_t first, last;
};

KeyRange visible_keys(const AttentionArgs& args, std::int64_t i) {
  const std::int64_t position = args.keys - args.queries + i;
  const std::int64_t first =
      args.window > 0 ? std::max<std::int64_t>(0, position - args.window + 1) : 0;
  return {first, position + 1};
}

double dot(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t d = 0; d < n; ++d) sum += static_cast<double>(a[d]) * b[d];
  return sum;
}

void forward_row(const AttentionArgs& args, std::int64_t i, std::int64_t head) {
  const std::int64_t dim = args.head_dim;
  const float* q = args.q + i * args.q_stride + head * dim;
  const auto [first, last] = visible_keys(args, i);

  double largest = -INFINITY;
  for (std::int64_t j = first; j < last; ++j) {
    largest = std::max(largest, args.scale * dot(q, args.k + j * args.kv_stride, dim));
  }
  double total = 0;
  double sum[kMaxHeadDim] = {};
  for (std::int64_t j = first; j < last; ++j) {
    const double p = std::exp(args.scale * dot(q, args.k + j * args.kv_stride, dim) - largest);
    const float* v = args.v + j * args.kv_stride;
    total += p;
    for (std::int64_t d = 0; d < dim; ++d) sum[d] += p * v[d];
  }
  float* out = args.out + i * args.out_stride + head * dim;
  for (std::int64_t d = 0; d < dim; ++d) out[d] = static_cast<float>(sum[d] / total);
  if (args.lse != nullptr) {
    args.lse[i * args.lse_stride + head] = static_cast<float>(largest + std::log(total));
  }
}

// P and dS of one score.
struct ScoreGrad {
  double p, ds;
};

ScoreGrad score_grad(const AttentionGradArgs& args, std::int64_t i, std::int64_t head,
                     std::int64_t j) {
  const AttentionArgs& f = args.forward;
  const std::int64_t dim = f.head_dim;
  const float* d_out = args.d_out + i * f.out_stride + head * dim;
  const double delta = dot(d_out, f.out + i * f.out_stride + head * dim, dim);
  const double s = f.scale * dot(f.q + i * f.q_stride + head * dim, f.k + j * f.kv_stride, dim);
  const double p = std::exp(s - f.lse[i * f.lse_stride + head]);
  return {p, p * (dot(d_out, f.v + j * f.kv_stride, dim) - delta)};
}

void query_grad(const AttentionGradArgs& args, std::int64_t i, std::int64_t head) {
  const AttentionArgs& f = args.forward;
  double sum[kMaxHeadDim] = {};
  const auto [first, last] = visible_keys(f, i);
  for (std::int64_t j = first; j < last; ++j) {
    const double ds = score_grad(args, i, head, j).ds;
    for (std::int64_t d = 0; d < f.head_dim; ++d) sum[d] += ds * f.k[j * f.kv_stride + d];
  }
  float* d_q = args.d_q + i * f.q_stride + head * f.head_dim;
  for (std::int64_t d = 0; d < f.head_dim; ++d) d_q[d] = static_cast<float>(f.scale * sum[d]);
}

void key_value_grad(const AttentionGradArgs& args, std::int64_t j) {
  const AttentionArgs& f = args.forward;
  double key_sum[kMaxHeadDim] = {};
  double value_sum[kMaxHeadDim] = {};
  for (std::int64_t i = 0; i < f.queries; ++i) {
    const auto [first, last] = visible_keys(f, i);
    if (j < first || j >= last) continue;
    for (std::int64_t head = 0; head < f.group; ++head) {
      const auto [p, ds] = score_grad(args, i, head, j);
      const float* q = f.q + i * f.q_stride + head * f.head_dim;
      const float* d_out = args.d_out + i * f.out_stride + head * f.head_dim;
      for (std::int64_t d = 0; d < f.head_dim; ++d) {
        key_sum[d] += ds * q[d];
        value_sum[d] += p * d_out[d];
      }
    }
  }
  for (std::int64_t d = 0; d < f.head_dim; ++d) {
    args.d_k[j * f.kv_stride + d] = static_cast<float>(f.scale * key_sum[d]);
    args.d_v[j * f.kv_stride + d] = static_cast<float>(value_sum[d]);
  }
}

}  // namespace

void attention_forward(const AttentionArgs& args) {
  for (std::int64_t i = 0; i < args.queries; ++i) {
    for (std::int64_t head = 0; head < args.group; ++head) forward_row(args, i, head);
  }
}

void attention_backward(const AttentionGradArgs& args) {
  for (std::int64_t i = 0; i < args.forward.queries; ++i) {
    for (std::int64_t head = 0; head < args.forward.group; ++head) query_grad(args, i, head);
  }
  for (std::int64_t j = 0; j < args.forward.keys; ++j) key_value_grad(args, j);
}

}  // namespace attune::kernels::ref
