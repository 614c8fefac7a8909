// Exact questions about JSON numbers: order across integers and floats, and divisibility in decimal
// (so that 0.0075 is a multiple of 0.0001, as a reader of the schema means it).
#pragma once

#include <cstdint>
#include <string>

#include "io/json.h"

namespace attune::grammar {

// mantissa * 10^exponent, the shortest decimal that reads back to the number.
struct Decimal {
  bool negative = false;
  std::uint64_t mantissa = 0;
  int exponent = 0;
};

// A number of a schema, ready for comparison.
struct Number {
  long double value = 0;  // holds every int64, uint64 and double exactly on x86
  Decimal decimal;
  std::string text;
};

Number to_number(const Json& value);                    // value.is_number()
long double to_long_double(const Json& value);          // value.is_number()
bool is_whole(const Json& value);                       // an integer, or a float without a fraction
bool is_multiple(const Json& value, const Number& of);  // of > 0

}  // namespace attune::grammar
