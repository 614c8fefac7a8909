// Numbers as people write them, with or without a unit: "1,234.5 kg", "0.5 m", "$3", "12 %".
// Quantities of one dimension compare by value: 1 km equals 1000 m. Units outside the small table
// are kept as words and compare only with themselves.
//
//   same_quantity(*read_quantity("1.5 km"), *read_quantity("1500 m"), {.relative = 1e-9})
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace attune::metrics {

struct Quantity {
  double value = 0;       // in the base unit of its dimension
  std::string dimension;  // "length", "mass", ..., a currency code, an unknown unit in lower case;
                          // "" for a bare number
};

// A number at the beginning of `text` and its size: digits with "," between groups of three, a
// decimal point, an exponent, a sign.
struct ReadNumber {
  double value = 0;
  std::size_t size = 0;
};
std::optional<ReadNumber> read_number(std::string_view text);

// The whole of `text`, white space around it aside, is a number with at most one unit.
std::optional<Quantity> read_quantity(std::string_view text);

// A bare number in `unit` ("kg"); nothing for a unit that the table does not know.
std::optional<Quantity> in_unit(double value, std::string_view unit);

struct Tolerance {
  double absolute = 0;
  double relative = 0;
};

// |x - y| <= max(absolute, relative |y|), y the reference; in base units, of one dimension.
bool within(double answer, double reference, const Tolerance& tolerance);
bool same_quantity(const Quantity& answer, const Quantity& reference, const Tolerance& tolerance);

}  // namespace attune::metrics
