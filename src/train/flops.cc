#include "train/flops.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace attune::train {

namespace {

struct Linear {
  std::int64_t inputs, outputs;
  bool adapted;
  int stage;  // 0: q, k, v; 1: o; 2: gate, up; 3: down. Attention lies between 0 and 1.
};

std::array<Linear, 7> linears_of(const FlopRules& rules) {
  const model::ArchSpec& spec = rules.spec;
  return {{{spec.hidden, spec.q_width(), rules.adapts_qkv[0], 0},
           {spec.hidden, spec.kv_width(), rules.adapts_qkv[1], 0},
           {spec.hidden, spec.kv_width(), rules.adapts_qkv[2], 0},
           {spec.q_width(), spec.hidden, rules.adapts_o, 1},
           {spec.hidden, spec.intermediate, rules.adapts_gate, 2},
           {spec.hidden, spec.intermediate, rules.adapts_up, 2},
           {spec.intermediate, spec.hidden, rules.adapts_down, 3}}};
}

double product(std::int64_t a, std::int64_t b, std::int64_t c) {
  return 2.0 * static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
}

// 2 P Hq D: one product over the attention pairs.
double attention_product(const FlopRules& rules, const PassShape& shape) {
  return product(shape.pairs, rules.spec.heads, rules.spec.head_dim);
}

double head_product(const FlopRules& rules, const PassShape& shape) {
  return product(shape.targets, rules.spec.hidden, rules.spec.vocabulary);
}

// Backward of one block. `lowest_stage`: the first stage that has anything to do, -1 when the
// block's input needs its gradient too (every block but the first, or a trained base).
double block_backward(const FlopRules& rules, const PassShape& shape, int lowest_stage) {
  double total = 0;
  for (const Linear& linear : linears_of(rules)) {
    if (linear.stage < lowest_stage) continue;
    const bool needs_input_gradient = linear.stage > lowest_stage;
    if (needs_input_gradient) total += product(shape.tokens, linear.inputs, linear.outputs);
    if (rules.trains_base) total += product(shape.tokens, linear.inputs, linear.outputs);
    if (!linear.adapted || rules.rank == 0) continue;
    total += 2 * product(shape.tokens, rules.rank, linear.outputs);  // v = dy B, dB = dy^T u
    total += product(shape.tokens, rules.rank, linear.inputs);       // dA = v^T x
    if (needs_input_gradient) total += product(shape.tokens, rules.rank, linear.inputs);
  }
  if (lowest_stage <= 0) total += 4 * attention_product(rules, shape);
  return total;
}

}  // namespace

PassShape& PassShape::operator+=(const PassShape& other) {
  tokens += other.tokens;
  targets += other.targets;
  pairs += other.pairs;
  return *this;
}

PassShape shape_of(const model::Batch& batch, const model::Targets& targets, std::int64_t window) {
  PassShape shape;
  shape.tokens = static_cast<std::int64_t>(batch.tokens.size());
  shape.targets =
      std::count_if(targets.weight.begin(), targets.weight.end(), [](float w) { return w > 0; });
  for (std::size_t d = 0; d + 1 < batch.document_starts.size(); ++d) {
    const std::int64_t length = batch.document_starts[d + 1] - batch.document_starts[d];
    const std::int64_t rising = window > 0 ? std::min(window, length) : length;
    shape.pairs += rising * (rising + 1) / 2 + (length - rising) * rising;
  }
  return shape;
}

FlopRules flop_rules(const model::Model& model) {
  FlopRules rules;
  rules.spec = model.spec();
  if (!model.lora()) {
    rules.trains_base = !model.parameters().empty();
    return rules;
  }
  rules.rank = model.lora()->rank;
  for (const std::string_view target : model.lora()->targets) {
    const bool all = target == "all-linear";
    if (all || target == "q_proj") rules.adapts_qkv[0] = true;
    if (all || target == "k_proj") rules.adapts_qkv[1] = true;
    if (all || target == "v_proj") rules.adapts_qkv[2] = true;
    if (all || target == "o_proj") rules.adapts_o = true;
    if (all || target == "gate_proj") rules.adapts_gate = true;
    if (all || target == "up_proj") rules.adapts_up = true;
    if (all || target == "down_proj") rules.adapts_down = true;
  }
  return rules;
}

double forward_flops(const FlopRules& rules, const PassShape& shape) {
  double block = 2 * attention_product(rules, shape);
  for (const Linear& linear : linears_of(rules)) {
    block += product(shape.tokens, linear.inputs, linear.outputs);
    if (linear.adapted) block += product(shape.tokens, rules.rank, linear.inputs + linear.outputs);
  }
  return block * static_cast<double>(rules.spec.layers) + head_product(rules, shape);
}

double train_flops(const FlopRules& rules, const PassShape& shape) {
  int lowest_stage = -1;
  if (!rules.trains_base) {
    lowest_stage = 4;
    for (const Linear& linear : linears_of(rules)) {
      if (linear.adapted) lowest_stage = std::min(lowest_stage, linear.stage);
    }
    if (lowest_stage == 4 || rules.rank == 0) return forward_flops(rules, shape);
  }
  const double head = head_product(rules, shape) * (rules.trains_base ? 2 : 1);
  const double blocks =
      block_backward(rules, shape, lowest_stage) +
      static_cast<double>(rules.spec.layers - 1) * block_backward(rules, shape, -1);
  return forward_flops(rules, shape) + head + blocks;
}

}  // namespace attune::train
