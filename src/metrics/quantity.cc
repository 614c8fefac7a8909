#include "metrics/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/ascii.h"
#include "base/trim.h"
#include "metrics/text_parts.h"

namespace attune::metrics {

namespace {

struct Unit {
  std::string_view name;
  std::string_view dimension;
  double factor;
  double offset = 0;  // base = factor * value + offset
};

// Names whose letter case tells units apart come in their own case; words in lower case.
constexpr std::array<Unit, 88> kUnits{{
    {"nm", "length", 1e-9},
    {"um", "length", 1e-6},
    {"µm", "length", 1e-6},
    {"mm", "length", 1e-3},
    {"cm", "length", 1e-2},
    {"m", "length", 1},
    {"km", "length", 1e3},
    {"in", "length", 0.0254},
    {"inch", "length", 0.0254},
    {"inches", "length", 0.0254},
    {"ft", "length", 0.3048},
    {"feet", "length", 0.3048},
    {"foot", "length", 0.3048},
    {"yd", "length", 0.9144},
    {"mi", "length", 1609.344},
    {"mile", "length", 1609.344},
    {"miles", "length", 1609.344},
    {"meter", "length", 1},
    {"meters", "length", 1},
    {"metre", "length", 1},
    {"metres", "length", 1},
    {"mg", "mass", 1e-6},
    {"g", "mass", 1e-3},
    {"gram", "mass", 1e-3},
    {"grams", "mass", 1e-3},
    {"kg", "mass", 1},
    {"t", "mass", 1e3},
    {"tonne", "mass", 1e3},
    {"tonnes", "mass", 1e3},
    {"oz", "mass", 0.028349523125},
    {"lb", "mass", 0.45359237},
    {"lbs", "mass", 0.45359237},
    {"pounds", "mass", 0.45359237},
    {"ns", "time", 1e-9},
    {"us", "time", 1e-6},
    {"ms", "time", 1e-3},
    {"s", "time", 1},
    {"sec", "time", 1},
    {"second", "time", 1},
    {"seconds", "time", 1},
    {"min", "time", 60},
    {"minute", "time", 60},
    {"minutes", "time", 60},
    {"h", "time", 3600},
    {"hour", "time", 3600},
    {"hours", "time", 3600},
    {"d", "time", 86400},
    {"day", "time", 86400},
    {"days", "time", 86400},
    {"week", "time", 604800},
    {"weeks", "time", 604800},
    {"ml", "volume", 1e-3},
    {"mL", "volume", 1e-3},
    {"cl", "volume", 1e-2},
    {"l", "volume", 1},
    {"L", "volume", 1},
    {"litre", "volume", 1},
    {"litres", "volume", 1},
    {"liter", "volume", 1},
    {"liters", "volume", 1},
    {"mW", "power", 1e-3},
    {"W", "power", 1},
    {"kW", "power", 1e3},
    {"MW", "power", 1e6},
    {"J", "energy", 1},
    {"kJ", "energy", 1e3},
    {"Wh", "energy", 3.6e3},
    {"kWh", "energy", 3.6e6},
    {"mV", "voltage", 1e-3},
    {"V", "voltage", 1},
    {"kV", "voltage", 1e3},
    {"mA", "current", 1e-3},
    {"A", "current", 1},
    {"Hz", "frequency", 1},
    {"kHz", "frequency", 1e3},
    {"MHz", "frequency", 1e6},
    {"GHz", "frequency", 1e9},
    {"Pa", "pressure", 1},
    {"kPa", "pressure", 1e3},
    {"bar", "pressure", 1e5},
    {"mbar", "pressure", 1e2},
    {"K", "temperature", 1},
    {"°C", "temperature", 1, 273.15},
    {"°F", "temperature", 5.0 / 9, 459.67 * 5 / 9},
    {"%", "share", 0.01},
    {"percent", "share", 0.01},
    {"per cent", "share", 0.01},
    {"ppm", "share", 1e-6},
}};

// Amounts of money are never converted.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kCurrencies{{
    {"$", "USD"},
    {"usd", "USD"},
    {"dollars", "USD"},
    {"€", "EUR"},
    {"eur", "EUR"},
    {"euro", "EUR"},
    {"euros", "EUR"},
    {"£", "GBP"},
    {"gbp", "GBP"},
    {"chf", "CHF"},
}};

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  // "KG", "Hours": a lower-case name in another case, when nothing is spelt so itself.
  const std::string lower = ascii_lower(name);
  for (const Unit& unit : kUnits) {
    if (lower.size() > 1 && unit.name == lower) return &unit;
  }
  return nullptr;
}

std::string_view find_currency(std::string_view name) {
  const std::string lower = ascii_lower(name);
  for (const auto& [known, code] : kCurrencies) {
    if (known == lower) return code;
  }
  return {};
}

Quantity with_unit(double value, std::string_view unit) {
  if (unit.empty()) return {value, ""};
  if (const std::string_view currency = find_currency(unit); !currency.empty()) {
    return {value, std::string(currency)};
  }
  if (const Unit* known = find_unit(unit)) {
    return {known->factor * value + known->offset, std::string(known->dimension)};
  }
  return {value, ascii_lower(unit)};
}

// The digits before the decimal point, without the commas between groups of three.
std::string whole_digits(std::string_view text, std::size_t& at) {
  std::string digits;
  while (at < text.size() && is_ascii_digit(text[at])) digits += text[at++];
  constexpr std::size_t kGroup = 3;
  if (digits.empty() || digits.size() > kGroup) return digits;
  for (;;) {
    if (at + kGroup >= text.size() || text[at] != ',') return digits;
    const std::string_view group = text.substr(at + 1, kGroup);
    const bool full = std::all_of(group.begin(), group.end(), is_ascii_digit);
    const bool longer = at + kGroup + 1 < text.size() && is_ascii_digit(text[at + kGroup + 1]);
    if (!full || longer) return digits;
    digits += group;
    at += kGroup + 1;
  }
}

}  // namespace

std::optional<ReadNumber> read_number(std::string_view text) {
  std::size_t at = 0;
  std::string plain;
  if (text.starts_with(kTypesetMinus)) {
    plain = "-";
    at = kTypesetMinus.size();
  } else if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    if (text[0] == '-') plain = "-";
    at = 1;
  }
  const std::string digits = whole_digits(text, at);
  plain += digits.empty() ? "0" : digits;
  std::size_t decimals = 0;
  if (at + 1 < text.size() && text[at] == '.' && is_ascii_digit(text[at + 1])) {
    plain += '.';
    for (++at; at < text.size() && is_ascii_digit(text[at]); ++at, ++decimals) plain += text[at];
  }
  if (digits.empty() && decimals == 0) return std::nullopt;
  if (at + 1 < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t behind = at + 1;
    if (text[behind] == '-' || text[behind] == '+') ++behind;
    const std::size_t first = behind;
    while (behind < text.size() && is_ascii_digit(text[behind])) ++behind;
    if (behind > first) {
      plain += 'e';
      if (text[at + 1] == '-') plain += '-';
      plain += text.substr(first, behind - first);
      at = behind;
    }
  }
  double value = 0;
  const auto parsed = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (parsed.ec != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return ReadNumber{value, at};
}

std::optional<Quantity> read_quantity(std::string_view text) {
  text = trim(text);
  std::string_view unit;
  const std::string lower = ascii_lower(text);
  for (const auto& [symbol, code] : kCurrencies) {
    if (!lower.starts_with(symbol)) continue;
    unit = text.substr(0, symbol.size());
    text = trim(text.substr(symbol.size()));
    break;
  }
  const std::optional<ReadNumber> number = read_number(text);
  if (!number) return std::nullopt;
  const std::string_view behind = trim(text.substr(number->size));
  if (!behind.empty() && !unit.empty()) return std::nullopt;
  // A unit is one word; "per cent" is the exception.
  const bool one_word =
      behind == "per cent" || behind.find_first_of(" \t\r\n,;0123456789") == std::string_view::npos;
  if (!one_word) return std::nullopt;
  return with_unit(number->value, unit.empty() ? behind : unit);
}

std::optional<Quantity> in_unit(double value, std::string_view unit) {
  if (find_unit(unit) == nullptr && find_currency(unit).empty()) return std::nullopt;
  return with_unit(value, unit);
}

bool within(double answer, double reference, const Tolerance& tolerance) {
  if (answer == reference) return true;
  return std::abs(answer - reference) <=
         std::max(tolerance.absolute, tolerance.relative * std::abs(reference));
}

bool same_quantity(const Quantity& answer, const Quantity& reference, const Tolerance& tolerance) {
  return answer.dimension == reference.dimension &&
         within(answer.value, reference.value, tolerance);
}

}  // namespace attune::metrics
