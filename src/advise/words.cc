#include "advise/words.h"

#include <cmath>

#include <fmt/format.h>

namespace attune::advise {

std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", std::abs(value));
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return (value < 0 && digits != "0" ? "-" : "") + digits;
}

std::string rounded(double value) {
  if (std::isinf(value)) return "never";
  const double size = std::abs(value);
  if (size >= 999.5) {
    // Four digits say as much as the inputs do.
    const double step = std::pow(10.0, std::floor(std::log10(size)) - 3);
    return grouped(std::round(value / step) * step);
  }
  if (size == 0) return "0";
  return fmt::format("{:.3g}", value);
}

std::string money(double dollars) {
  if (std::isinf(dollars)) return "never";
  const double size = std::abs(dollars);
  const char* sign = dollars < 0 ? "-" : "";
  if (size == 0) return "$0";
  if (size < 0.1) return fmt::format("{}${:.2g}", sign, size);
  if (size < 100) return fmt::format("{}${:.2f}", sign, size);
  return fmt::format("{}${}", sign, grouped(size));
}

std::string percent_of(double share) {
  return std::isfinite(share) ? fmt::format("{:.3g} %", 100 * share) : std::string("-");
}

std::string value_words(const VariableSpec& spec, double value) {
  return spec.unit.starts_with("share") ? percent_of(value) : rounded(value);
}

std::string range_words(const VariableSpec& spec, const stats::Estimate& range) {
  const std::string value = value_words(spec, range.value);
  if (range.low == range.high) return value;
  return fmt::format("{} [{}, {}]", value, value_words(spec, range.low),
                     value_words(spec, range.high));
}

}  // namespace attune::advise
