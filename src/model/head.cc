// The final norm, the head and the loss, a chunk of rows at a time, so that [T, V] is never in
// memory. Forward and backward of a chunk follow each other at once: its logits turn into their
// gradient in place.
#include <algorithm>

#include "model/layers.h"

namespace attune::model {

namespace {

void gather(const Pass& pass, std::span<const std::int64_t> rows, float* out) {
  const std::int64_t width = pass.spec().hidden;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(pass.buffers.output + rows[i] * width, width,
                out + static_cast<std::int64_t>(i) * width);
  }
}

// buffers.head_normed [rows, H] = norm(output rows)
void chunk_states(const Pass& pass, std::span<const std::int64_t> rows) {
  const Workspace::Buffers& buffers = pass.buffers;
  for (const std::int64_t row : rows)
    CHECK(row >= 0 && row < pass.tokens, "row {} of {}", row, pass.tokens);
  gather(pass, rows, buffers.head_input);
  norm_forward(pass, pass.weights.final_norm, buffers.head_input, buffers.head_normed,
               buffers.head_inverse, static_cast<std::int64_t>(rows.size()));
}

// logits [rows, V] = norm(output rows) head^T
void chunk_logits(const Pass& pass, std::span<const std::int64_t> rows, float* logits) {
  const Workspace::Buffers& buffers = pass.buffers;
  const Matrix& head = pass.weights.head();
  const auto count = static_cast<std::int64_t>(rows.size());
  chunk_states(pass, rows);
  pass.product(count, head.rows, head.columns, operand(buffers.head_normed, head.columns),
               head.operand(true), logits, false);
}

// logits -> losses, and with a gradient logits -> d_logits.
LossSums chunk_loss(const Pass& pass, std::span<const std::int64_t> rows, const Targets& targets,
                    float gradient_scale, bool with_gradient) {
  Workspace::Buffers& buffers = pass.buffers;
  const std::int64_t vocabulary = pass.spec().vocabulary;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(rows[i]);
    CHECK(targets.next[row] >= 0 && targets.next[row] < vocabulary,
          "target {} of a vocabulary of {}", targets.next[row], vocabulary);
    buffers.head_targets[i] = targets.next[row];
    buffers.head_scale[i] = gradient_scale * targets.weight[row];
  }
  pass.split_rows(static_cast<std::int64_t>(rows.size()), [&](Range range) {
    pass.ops().cross_entropy(buffers.logits + range.begin * vocabulary,
                             buffers.head_targets.data() + range.begin,
                             with_gradient ? buffers.head_scale + range.begin : nullptr,
                             buffers.head_nll.data() + range.begin,
                             buffers.head_best.data() + range.begin, range.size(), vocabulary);
  });
  LossSums sums;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto weight = static_cast<double>(targets.weight[static_cast<std::size_t>(rows[i])]);
    sums += {.weighted_nll = weight * buffers.head_nll[i],
             .weight = weight,
             .targets = 1,
             .correct = buffers.head_best[i] == buffers.head_targets[i] ? 1 : 0};
  }
  return sums;
}

// d_logits -> d_stream of the chunk's rows, and the gradients of head and final norm.
void chunk_backward(const Pass& pass, std::span<const std::int64_t> rows, Model::Weights& trained) {
  Workspace::Buffers& buffers = pass.buffers;
  Matrix& head = trained.head();
  const auto count = static_cast<std::int64_t>(rows.size());
  const std::int64_t width = head.columns;
  const float* d_logits = buffers.logits;
  pass.product(count, width, head.rows, operand(d_logits, head.rows), head.operand(false),
               buffers.d_head_normed, false);
  if (head.trained()) {
    pass.product(head.rows, width, count, operand(d_logits, head.rows, true),
                 operand(buffers.head_normed, width), head.gradient.data(), true);
  }
  std::fill_n(buffers.d_head_input, count * width, 0.0f);
  norm_backward(pass, trained.final_norm, buffers.d_head_normed, buffers.head_input,
                buffers.head_inverse, buffers.d_head_input, count);
  for (std::int64_t i = 0; i < count; ++i) {
    std::copy_n(buffers.d_head_input + i * width, width,
                buffers.d_stream + rows[static_cast<std::size_t>(i)] * width);
  }
}

}  // namespace

LossSums head_loss(const Pass& pass, const Targets& targets, float gradient_scale,
                   Model::Weights* trained, std::span<double> nll) {
  Workspace::Buffers& buffers = pass.buffers;
  CHECK(static_cast<std::int64_t>(targets.next.size()) == pass.tokens &&
            targets.weight.size() == targets.next.size(),
        "{} targets and {} weights for {} tokens", targets.next.size(), targets.weight.size(),
        pass.tokens);
  buffers.head_rows.clear();
  for (std::int64_t row = 0; row < pass.tokens; ++row) {
    if (targets.weight[static_cast<std::size_t>(row)] > 0) buffers.head_rows.push_back(row);
  }
  if (trained != nullptr) std::fill_n(buffers.d_stream, pass.tokens * pass.spec().hidden, 0.0f);
  const std::span<const std::int64_t> rows(buffers.head_rows);
  const auto chunk = static_cast<std::size_t>(buffers.chunk_rows);
  LossSums sums;
  std::fill(nll.begin(), nll.end(), 0.0);
  for (std::size_t begin = 0; begin < rows.size(); begin += chunk) {
    const auto part = rows.subspan(begin, std::min(chunk, rows.size() - begin));
    chunk_logits(pass, part, buffers.logits);
    sums += chunk_loss(pass, part, targets, gradient_scale, trained != nullptr);
    for (std::size_t i = 0; i < part.size() && !nll.empty(); ++i)
      nll[static_cast<std::size_t>(part[i])] = buffers.head_nll[i];
    if (trained != nullptr) chunk_backward(pass, part, *trained);
  }
  return sums;
}

void head_logits(const Pass& pass, std::span<const std::int64_t> rows, float* logits) {
  const auto chunk = static_cast<std::size_t>(pass.buffers.chunk_rows);
  for (std::size_t begin = 0; begin < rows.size(); begin += chunk) {
    const auto part = rows.subspan(begin, std::min(chunk, rows.size() - begin));
    chunk_logits(pass, part, logits + static_cast<std::int64_t>(begin) * pass.spec().vocabulary);
  }
}

void head_logits(const Pass& pass, std::span<const std::int64_t> rows,
                 const std::function<void(std::size_t first, std::span<float> logits)>& take) {
  const auto chunk = static_cast<std::size_t>(pass.buffers.chunk_rows);
  const auto width = static_cast<std::size_t>(pass.spec().vocabulary);
  for (std::size_t begin = 0; begin < rows.size(); begin += chunk) {
    const auto part = rows.subspan(begin, std::min(chunk, rows.size() - begin));
    chunk_logits(pass, part, pass.buffers.logits);
    take(begin, {pass.buffers.logits, part.size() * width});
  }
}

void head_states(const Pass& pass, std::span<const std::int64_t> rows,
                 const std::function<void(std::size_t first, std::span<float> states)>& take) {
  const auto chunk = static_cast<std::size_t>(pass.buffers.chunk_rows);
  const auto width = static_cast<std::size_t>(pass.spec().hidden);
  for (std::size_t begin = 0; begin < rows.size(); begin += chunk) {
    const auto part = rows.subspan(begin, std::min(chunk, rows.size() - begin));
    chunk_states(pass, part);
    take(begin, {pass.buffers.head_normed, part.size() * width});
  }
}

}  // namespace attune::model
