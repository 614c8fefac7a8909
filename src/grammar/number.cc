#include "grammar/number.h"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace attune::grammar {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kDigitsOfUint64 = 20;

std::string number_text(const Json& value) {
  if (value.is_number_unsigned()) return fmt::format("{}", value.get<std::uint64_t>());
  if (value.is_number_integer()) return fmt::format("{}", value.get<std::int64_t>());
  return fmt::format("{}", value.get<double>());
}

// Reads digits, point and exponent as fmt prints them.
Decimal parse_decimal(std::string_view text) {
  Decimal result;
  bool after_point = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '-') {
      result.negative = true;
    } else if (c == '.') {
      after_point = true;
    } else if (c == 'e') {
      result.exponent += std::atoi(std::string(text.substr(i + 1)).c_str());
      break;
    } else if (c >= '0' && c <= '9') {
      result.mantissa = result.mantissa * 10 + static_cast<std::uint64_t>(c - '0');
      if (after_point) --result.exponent;
    }
  }
  while (result.mantissa != 0 && result.mantissa % 10 == 0) {
    result.mantissa /= 10;
    ++result.exponent;
  }
  return result;
}

// 10^power mod modulus
std::uint64_t power_of_ten(int power, std::uint64_t modulus) {
  Wide result = 1 % modulus;
  Wide base = 10 % modulus;
  for (; power > 0; power >>= 1) {
    if (power & 1) result = result * base % modulus;
    base = base * base % modulus;
  }
  return static_cast<std::uint64_t>(result);
}

}  // namespace

long double to_long_double(const Json& value) {
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
  if (value.is_number_integer()) return static_cast<long double>(value.get<std::int64_t>());
  return static_cast<long double>(value.get<double>());
}

Number to_number(const Json& value) {
  const std::string text = number_text(value);
  return {.value = to_long_double(value), .decimal = parse_decimal(text), .text = text};
}

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::floor(value.get<double>()) == value.get<double>();
}

bool is_multiple(const Json& value, const Number& of) {
  const Decimal number = parse_decimal(number_text(value));
  const Decimal& divisor = of.decimal;
  if (number.mantissa == 0) return true;
  if (divisor.mantissa == 0) return false;
  const int shift = number.exponent - divisor.exponent;
  if (shift >= 0) {
    const Wide rest = Wide{number.mantissa} % divisor.mantissa *
                      power_of_ten(shift, divisor.mantissa) % divisor.mantissa;
    return rest == 0;
  }
  // The divisor has more trailing zeros: it divides only if divisor * 10^-shift divides the
  // mantissa.
  if (-shift >= kDigitsOfUint64) return false;
  Wide scaled = divisor.mantissa;
  for (int i = 0; i < -shift; ++i) scaled *= 10;
  return number.mantissa % scaled == 0;
}

}  // namespace attune::grammar
