// Does a measured value clear a bar? Not by its point alone: a gate passes when the whole interval
// is on the good side, fails when the whole interval is on the bad side, and is inconclusive when
// the interval straddles the bar. An inconclusive gate needs more items (power.h), not another run.
#pragma once

#include <string_view>

#include "stats/statistics.h"

namespace attune::stats {

enum class GateVerdict { pass, fail, inconclusive };
std::string_view gate_verdict_name(GateVerdict verdict);

GateVerdict gate_at_least(const Estimate& measured, double bar);  // accuracy, compliance
GateVerdict gate_at_most(const Estimate& measured, double bar);   // error rate, latency

}  // namespace attune::stats
