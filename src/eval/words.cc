#include "eval/words.h"

#include <cmath>

#include <fmt/format.h>

namespace attune::eval {

namespace {

// One decimal, rounded so that only exactly 0 and 1 print as 0.0 and 100.0.
double shown_percent(double share) {
  const double rounded = std::round(share * 1000) / 10;
  if (rounded >= 100 && share < 1) return 99.9;
  if (rounded <= 0 && share > 0) return 0.1;
  return rounded + 0.0;
}

}  // namespace

std::string percent(double share) { return fmt::format("{:.1f} %", shown_percent(share)); }

// Limits are rounded outwards, so that a printed interval never promises more than the computed
// one.
std::string percent_interval(const stats::Estimate& rate) {
  constexpr double kSlack = 1e-9;  // 0.96 * 1000 must not fall to 959
  return fmt::format("{} [{:.1f}, {:.1f}]", percent(rate.value),  // + 0.0: no minus before a zero
                     std::floor(rate.low * 1000 + kSlack) / 10 + 0.0,
                     std::ceil(rate.high * 1000 - kSlack) / 10 + 0.0);
}

std::string points(double difference) {
  const double rounded = std::round(difference * 1000) / 10 + 0.0;
  return rounded == 0 ? "0.0" : fmt::format("{:+.1f}", rounded);
}

std::string points_interval(const stats::Estimate& difference) {
  return fmt::format("{} points [{}, {}]", points(difference.value), points(difference.low),
                     points(difference.high));
}

std::string p_value(double p) {
  if (p < 0.001) return "p < 0.001";
  return fmt::format("p = {:.3f}", p);
}

std::string milliseconds(double ms) {
  if (std::abs(ms) >= 1000) return fmt::format("{:.2f} s", ms / 1000);
  return fmt::format("{:.{}f} ms", ms, std::abs(ms) < 10 ? 1 : 0);
}

}  // namespace attune::eval
