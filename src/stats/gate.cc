#include "stats/gate.h"

namespace attune::stats {

std::string_view gate_verdict_name(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::pass:
      return "pass";
    case GateVerdict::fail:
      return "fail";
    case GateVerdict::inconclusive:
      break;
  }
  return "inconclusive";
}

GateVerdict gate_at_least(const Estimate& measured, double bar) {
  if (measured.low >= bar) return GateVerdict::pass;
  return measured.high < bar ? GateVerdict::fail : GateVerdict::inconclusive;
}

GateVerdict gate_at_most(const Estimate& measured, double bar) {
  if (measured.high <= bar) return GateVerdict::pass;
  return measured.low > bar ? GateVerdict::fail : GateVerdict::inconclusive;
}

}  // namespace attune::stats
