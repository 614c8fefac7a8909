// How much of a forward pass a training pass keeps for its backward, and how much backward computes
// again instead: memory against time. The gradients are the same to the bit, for what is computed
// again goes through the same kernels with the same numbers.
//
//   const RecomputePlan plan = plan_recompute(model, tokens, free_bytes);  // the fastest that fits
//   Workspace workspace(model, tokens, true, 0, plan.choice);
//
// What one layer keeps a token, in floats (H hidden, I intermediate, Q and KV heads of size D):
//   nothing      4H + (2Q + 2KV) D + 3I    norm outputs and the SwiGLU product too
//   elementwise  2H + (2Q + 2KV) D + 2I    those are computed again: passes over rows, no product
//   mlp          2H + (2Q + 2KV) D         and the products with gate and up
//   block        H                         the block's whole forward but its last product
// The inner values of adapters and the scales of norms come on top; they are small.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace attune::model {

class Model;

// What backward computes again, the fastest first.
enum class Recompute { nothing, elementwise, mlp, block };
inline constexpr std::array kRecomputePolicies = {Recompute::nothing, Recompute::elementwise,
                                                  Recompute::mlp, Recompute::block};

std::string_view recompute_name(Recompute policy);
// "nothing", "elementwise", "mlp" or "block".
Result<Recompute> parse_recompute(std::string_view name);

struct RecomputePlan {
  Recompute choice = Recompute::elementwise;
  std::array<std::int64_t, kRecomputePolicies.size()> workspace_bytes{};  // of each policy
  bool fits = true;  // false: even the most frugal needs more than is free

  std::int64_t bytes(Recompute policy) const {
    return workspace_bytes[static_cast<std::size_t>(policy)];
  }
};

// The fastest policy whose workspace for passes over `tokens` tokens takes at most `free_bytes`;
// the most frugal one if none does.
RecomputePlan plan_recompute(const Model& model, std::int64_t tokens, std::int64_t free_bytes);

}  // namespace attune::model
