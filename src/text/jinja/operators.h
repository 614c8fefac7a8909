// Python's arithmetic on template values.
#pragma once

#include <optional>
#include <string_view>

#include "text/jinja/value.h"

namespace attune::text::jinja {

// left `sign` right for + - * / // % **; the errors are Python's.
Value arithmetic(std::string_view sign, const Value& left, const Value& right, Work& work);
Value negated(const Value& value);

// left == right and so on, for == != < <= > >= in "not in".
bool compares(std::string_view sign, const Value& left, const Value& right, Work& work);

// value[start:stop:step]; a bound that is not given is nullopt.
struct SliceBounds {
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> stop;
  std::optional<std::int64_t> step;
};
Value slice(const Value& value, const SliceBounds& bounds, Work& work);

}  // namespace attune::text::jinja
