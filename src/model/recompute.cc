#include "model/recompute.h"

#include <string>

namespace attune::model {

std::string_view recompute_name(Recompute policy) {
  constexpr std::array<std::string_view, kRecomputePolicies.size()> kNames = {
      "nothing", "elementwise", "mlp", "block"};
  return kNames[static_cast<std::size_t>(policy)];
}

Result<Recompute> parse_recompute(std::string_view name) {
  for (const Recompute policy : kRecomputePolicies) {
    if (recompute_name(policy) == name) return policy;
  }
  return bad_input({.where = "recompute",
                    .found = std::string(name),
                    .wanted = "nothing, elementwise, mlp or block",
                    .fix = "choose one of them"});
}

}  // namespace attune::model
