// Model FLOPs of a pass: the multiply-adds (two each) that the mathematics needs, nothing that an
// implementation repeats (no recomputation), so that FLOP/s divided by the machine's peak is an
// honest fraction.
//
//   PassShape shape = shape_of(batch, targets, spec.sliding_window);
//   double flops = train_flops(flop_rules(model), shape);
//
// T tokens, Ts targets, P attention pairs; a linear of K inputs and N outputs costs
//   frozen 2TKN forward, 2TKN for dX;  trained 2TKN more for dW;
//   LoRA of rank r on it 2Tr(K+N) forward, 4Tr(K+N) backward (the last 2TrK of it is dX);
//   attention 4PHqD forward, 8PHqD backward;
//   head 2TsHV forward, 2TsHV for dX, 2TsHV for dW when trained.
// With a frozen base nothing below the lowest adapted linear has a backward, and the lowest has no
// dX.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/forward.h"
#include "model/model.h"

namespace attune::train {

struct PassShape {
  std::int64_t tokens = 0;
  std::int64_t targets = 0;
  std::int64_t pairs = 0;  // sum over documents and positions t (from 1) of min(t, window)
  PassShape& operator+=(const PassShape& other);
};

// Of one document: sum over t = 1..length of min(t, window); window 0: all before.
std::int64_t attention_pairs(std::int64_t length, std::int64_t window);
PassShape shape_of(const model::Batch& batch, const model::Targets& targets, std::int64_t window);

// The seven linears of a block, in the order of the computation.
enum class BlockLinear { q, k, v, o, gate, up, down };
inline constexpr std::size_t kBlockLinears = 7;

// What of a model decides its FLOPs.
struct FlopRules {
  model::ArchSpec spec;
  bool trains_base = false;
  // The adapter's rank on each linear of each block; 0 where there is none.
  std::vector<std::array<std::int64_t, kBlockLinears>> ranks;  // [layers]
};

FlopRules flop_rules(const model::Model& model);
double forward_flops(const FlopRules& rules, const PassShape& shape);
double train_flops(const FlopRules& rules, const PassShape& shape);  // forward and backward
// What backward computes again under a policy; no part of the model's FLOPs.
double recompute_flops(const FlopRules& rules, const PassShape& shape, model::Recompute policy);

}  // namespace attune::train
