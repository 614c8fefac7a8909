#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "text/jinja/python_text.h"
#include "text/unicode.h"

namespace attune::text::jinja {

namespace {

[[noreturn]] void too_large() {
  throw TemplateError("an integer of the template grows beyond 64 bits");
}

std::int64_t floor_quotient(std::int64_t left, std::int64_t right) {
  if (left == std::numeric_limits<std::int64_t>::min() && right == -1) too_large();
  const std::int64_t quotient = left / right;
  return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
}

std::int64_t floor_rest(std::int64_t left, std::int64_t right) {
  if (right == -1) return 0;
  const std::int64_t rest = left % right;
  return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
}

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1 && __builtin_mul_overflow(result, base, &result)) too_large();
    exponent /= 2;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) too_large();
  }
  return result;
}

[[noreturn]] void division_by_zero(std::string_view sign, bool is_real) {
  if (sign == "/") throw TemplateError(is_real ? "float division by zero" : "division by zero");
  if (is_real) throw TemplateError(sign == "%" ? "float modulo" : "float floor division by zero");
  throw TemplateError(sign == "%" ? "integer modulo by zero"
                                  : "integer division or modulo by zero");
}

Value integer_arithmetic(std::string_view sign, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  if (sign == "+") {
    if (__builtin_add_overflow(left, right, &result)) too_large();
  } else if (sign == "-") {
    if (__builtin_sub_overflow(left, right, &result)) too_large();
  } else if (sign == "*") {
    if (__builtin_mul_overflow(left, right, &result)) too_large();
  } else if (sign == "**") {
    if (right < 0) return Value(std::pow(static_cast<double>(left), static_cast<double>(right)));
    result = integer_power(left, right);
  } else {
    if (right == 0) division_by_zero(sign, false);
    if (sign == "/") return Value(static_cast<double>(left) / static_cast<double>(right));
    result = sign == "//" ? floor_quotient(left, right) : floor_rest(left, right);
  }
  return Value(result);
}

Value real_arithmetic(std::string_view sign, double left, double right) {
  if (sign == "+") return Value(left + right);
  if (sign == "-") return Value(left - right);
  if (sign == "*") return Value(left * right);
  if (sign == "**") return Value(std::pow(left, right));
  if (right == 0) division_by_zero(sign, true);
  if (sign == "/") return Value(left / right);
  if (sign == "//") return Value(std::floor(left / right));
  const double rest = std::fmod(left, right);
  if (rest != 0) return Value((rest < 0) != (right < 0) ? rest + right : rest);
  return Value(std::copysign(0.0, right));
}

bool is_list_or_tuple(const Value& value) {
  return value.is_sequence() && value.as_sequence().kind <= SequenceKind::tuple;
}

Value joined(const Value& left, const Value& right) {
  if (left.is_text()) {
    check_text_size(left.as_string().size() + right.as_string().size());
    MarkedText text = left.as_text();
    text.append(right.as_text());
    return Value(std::move(text));
  }
  const Sequence& more = right.as_sequence();
  check_item_count(left.as_sequence().items.size() + more.items.size());
  Sequence all{.items = left.as_sequence().items, .kind = left.as_sequence().kind};
  all.items.insert(all.items.end(), more.items.begin(), more.items.end());
  return Value(std::move(all));
}

Value repeated(const Value& value, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  const std::size_t size =
      value.is_text() ? value.as_string().size() : value.as_sequence().items.size();
  // Either limit is far below 2^32, so the product can't wrap once the factors are small.
  if (size > 0 && count > kLongestText) check_text_size(kLongestText + 1);
  if (value.is_text()) {
    check_text_size(size * count);
    MarkedText text;
    for (std::size_t i = 0; size > 0 && i < count; ++i) text.append(value.as_text());
    return Value(std::move(text));
  }
  check_item_count(size * count);
  Sequence all{.kind = value.as_sequence().kind};
  for (std::size_t i = 0; size > 0 && i < count; ++i) {
    const auto& items = value.as_sequence().items;
    all.items.insert(all.items.end(), items.begin(), items.end());
  }
  return Value(std::move(all));
}

[[noreturn]] void bad_operands(std::string_view sign, const Value& left, const Value& right) {
  if (sign == "+" && (left.is_text() || is_list_or_tuple(left))) {
    const std::string kind = type_name(left);
    throw TemplateError(
        fmt::format("can only concatenate {} (not \"{}\") to {}", kind, type_name(right), kind));
  }
  throw TemplateError(fmt::format("unsupported operand type(s) for {}: '{}' and '{}'",
                                  sign == "**" ? "** or pow()" : sign, type_name(left),
                                  type_name(right)));
}

// An index as Python's slices take it: negative counts from the end, beyond the ends is at the
// ends.
std::int64_t clamped(std::int64_t index, std::int64_t size, std::int64_t lowest,
                     std::int64_t highest) {
  if (index < 0) index = index < -size ? lowest : index + size;
  return std::clamp(index, lowest, highest);
}

}  // namespace

Value arithmetic(std::string_view sign, const Value& left, const Value& right, Work& work) {
  if (left.is_text() && sign == "%") {
    work.spend_text(left.as_string().size());
    return Value(percent_format(left.as_text(), right));
  }
  require_defined(left);
  require_defined(right);
  if (left.is_number() && right.is_number()) {
    if (left.is_real() || right.is_real())
      return real_arithmetic(sign, left.as_real(), right.as_real());
    return integer_arithmetic(sign, left.as_integer(), right.as_integer());
  }
  const bool same_kind =
      (left.is_text() && right.is_text()) || (is_list_or_tuple(left) && is_list_or_tuple(right) &&
                                              left.as_sequence().kind == right.as_sequence().kind);
  if (sign == "+" && same_kind) return joined(left, right);
  if (sign == "*") {
    const auto can_repeat = [](const Value& value) {
      return value.is_text() || is_list_or_tuple(value);
    };
    const auto is_count = [](const Value& value) { return value.is_integer() || value.is_bool(); };
    if (can_repeat(left) && is_count(right)) return repeated(left, right.as_integer());
    if (is_count(left) && can_repeat(right)) return repeated(right, left.as_integer());
  }
  bad_operands(sign, left, right);
}

Value negated(const Value& value) {
  require_defined(value);
  if (value.is_real()) return Value(-value.as_real());
  if (value.is_number()) return integer_arithmetic("-", 0, value.as_integer());
  throw TemplateError(fmt::format("bad operand type for unary -: '{}'", type_name(value)));
}

bool compares(std::string_view sign, const Value& left, const Value& right, Work& work) {
  if (sign == "==") return equal(left, right, work);
  if (sign == "!=") return !equal(left, right, work);
  if (sign == "in") return contains(right, left, work);
  if (sign == "not in") return !contains(right, left, work);
  const bool has_nan = left.is_number() && right.is_number() &&
                       (std::isnan(left.as_real()) || std::isnan(right.as_real()));
  if (has_nan) return false;
  const int order = compare(left, right, sign, work);
  if (sign == "<") return order < 0;
  if (sign == "<=") return order <= 0;
  return sign == ">" ? order > 0 : order >= 0;
}

Value slice(const Value& value, const SliceBounds& bounds, Work& work) {
  if (!value.is_text() &&
      !(value.is_sequence() && value.as_sequence().kind <= SequenceKind::range)) {
    require_defined(value);
    // Jinja answers a slice of anything else as it does a missing item.
    return Value::undefined(fmt::format("{} has no element slice", object_name(value)));
  }
  const std::int64_t size = length(value);
  const std::int64_t step = bounds.step.value_or(1);
  if (step == 0) throw TemplateError("slice step cannot be zero");
  const bool forward = step > 0;
  const std::int64_t lowest = forward ? 0 : -1;
  const std::int64_t highest = forward ? size : size - 1;
  const std::int64_t start =
      clamped(bounds.start.value_or(forward ? 0 : size), size, lowest, highest);
  const std::int64_t stop = bounds.stop ? clamped(*bounds.stop, size, lowest, highest)
                            : forward   ? size
                                        : -1;
  if (value.is_text() && step == 1) {
    const MarkedText& text = value.as_text();
    work.spend_text(text.text.size());
    const std::size_t begin = byte_of_character(text.text, start);
    const std::size_t end = byte_of_character(text.text, stop);
    return Value(begin < end ? text.part(begin, end) : MarkedText());
  }
  const std::vector<Value> items = iterate(value);
  work.spend(items.size());
  Sequence chosen{.kind = value.is_text() ? SequenceKind::list : value.as_sequence().kind};
  for (std::int64_t at = start; forward ? at < stop : at > stop;) {
    chosen.items.push_back(items[static_cast<std::size_t>(at)]);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  if (value.is_text()) return Value(join(chosen.items, MarkedText()));
  return Value(std::move(chosen));
}

}  // namespace attune::text::jinja
