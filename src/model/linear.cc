#include "model/linear.h"

#include <optional>

#include "model/dropout.h"

namespace attune::model {

namespace {

bool adapts(const Pass& pass, const Linear& linear) {
  if (!linear.lora || !pass.options.use_adapter) return false;
  CHECK(linear.lora->rank <= pass.buffers.max_rank,
        "the workspace was made before the adapter of rank {}", linear.lora->rank);
  return true;
}

// The mask of this linear's dropout; nothing when nothing is dropped.
std::optional<DropoutMask> mask_of(const Pass& pass, const Linear& linear,
                                   const LoraActivations& kept) {
  if (!pass.training || pass.weights.lora->dropout == 0) return std::nullopt;
  CHECK(kept.mask != nullptr && pass.buffers.dropped != nullptr,
        "the workspace was made before the dropout");
  return DropoutMask(pass.weights.lora->dropout, linear.inputs(), kept.mask);
}

RandomStream dropout_stream(const Pass& pass, const Linear& linear) {
  const RandomStream& given = pass.options.dropout;
  return {.seed = given.seed, .stream = linear.lora->dropout_stream, .step = given.step};
}

// dropout(x), or x itself without dropout.
const float* drop(const Pass& pass, const std::optional<DropoutMask>& mask, const float* x) {
  if (!mask) return x;
  pass.split_rows(pass.tokens,
                  [&](Range rows) { mask->apply(pass.ops(), x, pass.buffers.dropped, rows); });
  return pass.buffers.dropped;
}

void lora_forward(const Pass& pass, const Linear& linear, const float* x, float* y,
                  const LoraActivations& kept) {
  const Lora& lora = *linear.lora;
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs(), rank = lora.rank;
  CHECK(kept.inner != nullptr || !pass.training, "the workspace was made before the adapter");
  float* inner = kept.inner != nullptr ? kept.inner : pass.buffers.lora_inner;
  std::optional<DropoutMask> mask = mask_of(pass, linear, kept);
  if (mask) {
    const RandomStream stream = dropout_stream(pass, linear);
    pass.split_rows(pass.tokens, [&](Range rows) { mask->draw(pass.ops(), stream, rows); });
  }
  const float* dropped = drop(pass, mask, x);
  pass.product(pass.tokens, rank, inputs, operand(dropped, inputs),
               operand(lora.a.data(), inputs, true), inner, false);
  pass.product(pass.tokens, outputs, rank, operand(inner, rank), operand(lora.b.data(), rank, true),
               y, true, lora.scale);
}

// Rows with an adapter of their own on the base.
void mixed_lora_forward(const Pass& pass, const Linear& linear, const float* x, float* y) {
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs();
  for (const AdapterRows& run : pass.buffers.adapters) {
    const std::optional<Lora>& lora = run.adapter->parts[linear.place];
    if (!lora) continue;
    const std::int64_t rank = lora->rank;
    float* inner = pass.buffers.lora_inner;
    pass.product(run.rows, rank, inputs, operand(x + run.first_row * inputs, inputs),
                 operand(lora->a.data(), inputs, true), inner, false);
    pass.product(run.rows, outputs, rank, operand(inner, rank), operand(lora->b.data(), rank, true),
                 y + run.first_row * outputs, true, lora->scale);
  }
}

// d_x += mask * (d_inner A)
void add_input_gradient(const Pass& pass, const Linear& linear,
                        const std::optional<DropoutMask>& mask, const float* d_inner, float* d_x) {
  const std::int64_t inputs = linear.inputs(), rank = linear.lora->rank;
  float* d_dropped = mask ? pass.buffers.dropped : d_x;
  pass.product(pass.tokens, inputs, rank, operand(d_inner, rank),
               operand(linear.lora->a.data(), inputs), d_dropped, !mask);
  if (mask)
    pass.split_rows(pass.tokens, [&](Range rows) { mask->add(pass.ops(), d_dropped, d_x, rows); });
}

void lora_backward(const Pass& pass, Linear& linear, const float* x, const float* d_y, float* d_x,
                   const LoraActivations& kept) {
  Lora& lora = *linear.lora;
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs(), rank = lora.rank;
  float* d_inner = pass.buffers.lora_inner;
  pass.product(outputs, rank, pass.tokens, operand(d_y, outputs, true), operand(kept.inner, rank),
               lora.b_gradient.data(), true, lora.scale);
  pass.product(pass.tokens, rank, outputs, operand(d_y, outputs), operand(lora.b.data(), rank),
               d_inner, false, lora.scale);
  const std::optional<DropoutMask> mask = mask_of(pass, linear, kept);
  const float* dropped = drop(pass, mask, x);
  pass.product(rank, inputs, pass.tokens, operand(d_inner, rank, true), operand(dropped, inputs),
               lora.a_gradient.data(), true);
  if (d_x != nullptr) add_input_gradient(pass, linear, mask, d_inner, d_x);
}

}  // namespace

bool is_trained(const Pass& pass, const Linear& linear) {
  return linear.weight.trained() || adapts(pass, linear);
}

void linear_forward(const Pass& pass, const Linear& linear, const float* x, float* y,
                    const LoraActivations& kept, bool accumulate) {
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs();
  pass.product(pass.tokens, outputs, inputs, operand(x, inputs), linear.weight.operand(true), y,
               accumulate);
  if (linear.bias.present()) {
    pass.split_rows(pass.tokens, [&](Range rows) {
      pass.ops().bias_add(y + rows.begin * outputs, linear.bias.value.data(), rows.size(), outputs);
    });
  }
  if (adapts(pass, linear)) lora_forward(pass, linear, x, y, kept);
  mixed_lora_forward(pass, linear, x, y);
}

void linear_backward(const Pass& pass, Linear& linear, const float* x, const float* d_y, float* d_x,
                     const LoraActivations& kept, bool accumulate) {
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs();
  if (d_x != nullptr) {
    pass.product(pass.tokens, inputs, outputs, operand(d_y, outputs), linear.weight.operand(false),
                 d_x, accumulate);
  }
  if (adapts(pass, linear)) lora_backward(pass, linear, x, d_y, d_x, kept);
  if (linear.weight.trained()) {
    pass.product(outputs, inputs, pass.tokens, operand(d_y, outputs, true), operand(x, inputs),
                 linear.weight.gradient.data(), true);
  }
  if (linear.bias.trained()) {
    pass.split_rows(outputs, [&](Range columns) {
      pass.ops().column_sum(d_y, linear.bias.gradient.data(), pass.tokens, outputs, columns.begin,
                            columns.end);
    });
  }
}

}  // namespace attune::model
