#include "advise/monte_carlo.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace attune::advise {

namespace {

// The smallest value with at least a share q of the values at or below it: it does not interpolate,
// as values may be infinite.
double quantile_of(const std::vector<double>& sorted, double q) {
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

Quantiles quantiles_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {.p5 = quantile_of(values, 0.05),
          .p25 = quantile_of(values, 0.25),
          .p50 = quantile_of(values, 0.50),
          .p75 = quantile_of(values, 0.75),
          .p95 = quantile_of(values, 0.95)};
}

double between(double from, double to, double share, bool by_factors) {
  if (by_factors && from > 0 && to > 0) return from * std::pow(to / from, share);
  return from + (to - from) * share;
}

}  // namespace

double drawn_value(const VariableSpec& spec, const stats::Estimate& range, double u) {
  if (u < 0.5) return between(range.low, range.value, 2 * u, spec.by_factors);
  return between(range.value, range.high, 2 * u - 1, spec.by_factors);
}

Draws draw_outcomes(const Inputs& inputs, const Focus& focus, const DrawOptions& options) {
  const std::span<const VariableSpec> specs = variable_specs();
  const Situation situation = inputs.situation();
  Draws draws;
  draws.count = options.count;
  std::vector<double> days, values, saved;
  for (std::int64_t draw = 0; draw < options.count; ++draw) {
    Variables point;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const RandomStream stream{.seed = options.seed, .stream = stream_id(specs[i].name)};
      const double u = static_cast<double>(stream.uniform(static_cast<std::uint64_t>(draw)));
      point.*(specs[i].member) = drawn_value(specs[i], inputs.numbers()[i].range, u);
    }
    const Case one = make_case(point, situation);
    const Replacement money = money_of(focus, one);
    const bool in_time = money.break_even_days <= point.payback_days;
    draws.in_time += in_time ? 1 : 0;
    draws.pays += in_time && money.net_present_value > 0 ? 1 : 0;
    days.push_back(money.break_even_days);
    values.push_back(money.net_present_value);
    saved.push_back(money.saved_a_day);
    draws.verdicts[static_cast<std::size_t>(leaf_of(one).choose)] += 1;
  }
  // Counted whole, so that all of them are exactly 1.
  const auto count = static_cast<double>(options.count);
  draws.in_time /= count;
  draws.pays /= count;
  for (double& share : draws.verdicts) share /= count;
  draws.break_even_days = quantiles_of(std::move(days));
  draws.net_present_value = quantiles_of(std::move(values));
  draws.saved_a_day = quantiles_of(std::move(saved));
  return draws;
}

}  // namespace attune::advise
