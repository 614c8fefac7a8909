// narrow<T>(value): an integer conversion that aborts when the value does not fit. For sizes that
// were validated at the edge; use std::in_range to test input.
#pragma once

#include <utility>

#include "base/check.h"

namespace attune {

template <typename To, typename From>
constexpr To narrow(From value) {
  CHECK(std::in_range<To>(value), "value does not fit the narrower type");
  return static_cast<To>(value);
}

}  // namespace attune
