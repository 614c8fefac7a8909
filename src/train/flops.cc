#include "train/flops.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace attune::train {

namespace {

using Ranks = std::array<std::int64_t, kBlockLinears>;

struct Linear {
  std::int64_t inputs, outputs;
  int stage;  // 0: q, k, v; 1: o; 2: gate, up; 3: down. Attention lies between 0 and 1.
};

std::array<Linear, kBlockLinears> linears_of(const model::ArchSpec& spec) {
  return {{{spec.hidden, spec.q_width(), 0},
           {spec.hidden, spec.kv_width(), 0},
           {spec.hidden, spec.kv_width(), 0},
           {spec.q_width(), spec.hidden, 1},
           {spec.hidden, spec.intermediate, 2},
           {spec.hidden, spec.intermediate, 2},
           {spec.intermediate, spec.hidden, 3}}};
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

constexpr int kInputNeedsGradient = -1;
constexpr int kNothingToDo = 4;

// The first stage of a block that has a backward when nothing below the block has one.
int lowest_stage(const FlopRules& rules, const Ranks& ranks) {
  int lowest = kNothingToDo;
  const auto linears = linears_of(rules.spec);
  for (std::size_t i = 0; i < kBlockLinears; ++i) {
    if (ranks[i] > 0) lowest = std::min(lowest, linears[i].stage);
  }
  return lowest;
}

double block_backward(const FlopRules& rules, const Ranks& ranks, const PassShape& shape,
                      int lowest) {
  double total = lowest <= 0 ? 4 * attention_product(rules, shape) : 0;
  const auto linears = linears_of(rules.spec);
  for (std::size_t i = 0; i < kBlockLinears; ++i) {
    const Linear& linear = linears[i];
    if (linear.stage < lowest) continue;
    const bool needs_input_gradient = linear.stage > lowest;
    if (needs_input_gradient) total += product(shape.tokens, linear.inputs, linear.outputs);
    if (rules.trains_base) total += product(shape.tokens, linear.inputs, linear.outputs);
    total += 2 * product(shape.tokens, ranks[i], linear.outputs);  // v = dy B, dB = dy^T u
    total += product(shape.tokens, ranks[i], linear.inputs);       // dA = v^T x
    if (needs_input_gradient) total += product(shape.tokens, ranks[i], linear.inputs);
  }
  return total;
}

constexpr std::string_view kLinearNames[kBlockLinears] = {
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};

// Reads layer and linear out of "...layers.3.self_attn.q_proj.lora_A.weight".
void note_adapter(const model::Parameter& parameter, FlopRules& rules) {
  constexpr std::string_view kLayers = "layers.";
  const std::string_view name = parameter.name;
  const std::size_t at = name.find(kLayers);
  if (name.find(".lora_A.") == std::string_view::npos || at == std::string_view::npos) return;
  std::size_t layer = 0;
  std::from_chars(name.data() + at + kLayers.size(), name.data() + name.size(), layer);
  if (layer >= rules.ranks.size()) return;
  for (std::size_t i = 0; i < kBlockLinears; ++i) {
    if (name.find(kLinearNames[i]) != std::string_view::npos) {
      rules.ranks[layer][i] = parameter.shape[0];
    }
  }
}

}  // namespace

PassShape& PassShape::operator+=(const PassShape& other) {
  tokens += other.tokens;
  targets += other.targets;
  pairs += other.pairs;
  return *this;
}

std::int64_t attention_pairs(std::int64_t length, std::int64_t window) {
  const std::int64_t rising = window > 0 ? std::min(window, length) : length;
  return rising * (rising + 1) / 2 + (length - rising) * rising;
}

PassShape shape_of(const model::Batch& batch, const model::Targets& targets, std::int64_t window) {
  PassShape shape;
  shape.tokens = static_cast<std::int64_t>(batch.tokens.size());
  shape.targets =
      std::count_if(targets.weight.begin(), targets.weight.end(), [](float w) { return w > 0; });
  for (std::size_t d = 0; d + 1 < batch.document_starts.size(); ++d) {
    shape.pairs += attention_pairs(batch.document_starts[d + 1] - batch.document_starts[d], window);
  }
  return shape;
}

FlopRules flop_rules(const model::Model& model) {
  FlopRules rules;
  rules.spec = model.spec();
  rules.trains_base = !model.has_adapter() && !model.parameters().empty();
  rules.ranks.assign(static_cast<std::size_t>(rules.spec.layers), Ranks{});
  for (const model::Parameter& parameter : model.parameters()) note_adapter(parameter, rules);
  return rules;
}

double forward_flops(const FlopRules& rules, const PassShape& shape) {
  double total = head_product(rules, shape);
  const auto linears = linears_of(rules.spec);
  for (const Ranks& ranks : rules.ranks) {
    total += 2 * attention_product(rules, shape);
    for (std::size_t i = 0; i < kBlockLinears; ++i) {
      total += product(shape.tokens, linears[i].inputs, linears[i].outputs);
      total += product(shape.tokens, ranks[i], linears[i].inputs + linears[i].outputs);
    }
  }
  return total;
}

double train_flops(const FlopRules& rules, const PassShape& shape) {
  double total = forward_flops(rules, shape);
  bool below_needs_gradient = rules.trains_base;
  for (const Ranks& ranks : rules.ranks) {
    const int lowest = below_needs_gradient ? kInputNeedsGradient : lowest_stage(rules, ranks);
    if (lowest == kNothingToDo) continue;
    total += block_backward(rules, ranks, shape, lowest);
    below_needs_gradient = true;
  }
  if (below_needs_gradient) total += head_product(rules, shape) * (rules.trains_base ? 2 : 1);
  return total;
}

double recompute_flops(const FlopRules& rules, const PassShape& shape, model::Recompute policy) {
  if (policy < model::Recompute::mlp) return 0;
  constexpr int kGateUpStage = 2;
  const int first = policy == model::Recompute::block ? 0 : kGateUpStage;
  const auto linears = linears_of(rules.spec);
  double total = 0;
  for (std::size_t layer = 0; layer + 1 < rules.ranks.size(); ++layer) {  // the last is still there
    if (policy == model::Recompute::block) total += 2 * attention_product(rules, shape);
    for (std::size_t i = 0; i < kBlockLinears; ++i) {
      const Linear& linear = linears[i];
      if (linear.stage < first || linear.stage > kGateUpStage) continue;
      total += product(shape.tokens, linear.inputs, linear.outputs);
      total += product(shape.tokens, rules.ranks[layer][i], linear.inputs + linear.outputs);
    }
  }
  return total;
}

}  // namespace attune::train
