// Filters that give numbers.
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "text/jinja/library.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace attune::text::jinja {

namespace {

// "_" may stand between digits only.
std::optional<std::string> without_underscores(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() ||
               !std::isalnum(static_cast<unsigned char>(text[i - 1])) ||
               !std::isalnum(static_cast<unsigned char>(text[i + 1]))) {
      return std::nullopt;
    }
  }
  return out;
}

// int(text, base) of Python.
std::optional<std::int64_t> read_integer(const MarkedText& text, int base) {
  auto digits = without_underscores(strip(text, nullptr, true, true).text);
  if (!digits) return std::nullopt;
  std::string_view rest = *digits;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const auto skip_prefix = [&](char letter, int its_base) {
    if (rest.size() > 2 && rest[0] == '0' && (rest[1] | 0x20) == letter &&
        (base == its_base || base == 0)) {
      rest.remove_prefix(2);
      base = its_base;
    }
  };
  skip_prefix('x', 16);
  skip_prefix('o', 8);
  skip_prefix('b', 2);
  if (base == 0) base = 10;
  if (rest.empty() || !std::isalnum(static_cast<unsigned char>(rest[0]))) return std::nullopt;
  std::int64_t value = 0;
  const std::string signed_digits = (negative ? "-" : "") + std::string(rest);
  const char* end = signed_digits.data() + signed_digits.size();
  const auto read = std::from_chars(signed_digits.data(), end, value, base);
  if (read.ec == std::errc::result_out_of_range) {
    throw TemplateError("an integer of the template grows beyond 64 bits");
  }
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> read_real(const MarkedText& text) {
  const auto digits = without_underscores(strip(text, nullptr, true, true).text);
  if (!digits || digits->empty()) return std::nullopt;
  // Python knows no hexadecimal reals.
  if (digits->find_first_of("xX") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(digits->c_str(), &end);
  if (end != digits->c_str() + digits->size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> truncated(double value) {
  if (!(std::abs(value) < 9.2e18)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

Value filter_int(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("int", 2, {"default", "base"});
  const Value fallback = arguments.get(0, "default", Value(std::int64_t{0}));
  const std::int64_t base =
      integer_argument(arguments.get(1, "base", Value(std::int64_t{10})), "base");
  require_defined(self);
  std::optional<std::int64_t> value;
  if (self.is_text()) {
    if (base != 0 && (base < 2 || base > 36)) return fallback;
    value = read_integer(self.as_text(), static_cast<int>(base));
    if (!value) {
      const auto real = read_real(self.as_text());
      if (real) value = truncated(*real);
    }
  } else if (self.is_real()) {
    value = truncated(self.as_real());
  } else if (self.is_number()) {
    value = self.as_integer();
  }
  return value ? Value(*value) : fallback;
}

Value filter_float(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("float", 1, {"default"});
  require_defined(self);
  std::optional<double> value;
  if (self.is_text()) {
    value = read_real(self.as_text());
  } else if (self.is_number()) {
    value = self.as_real();
  }
  return value ? Value(*value) : arguments.get(0, "default", Value(0.0));
}

Value filter_abs(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("abs", 0, {});
  require_defined(self);
  if (self.is_real()) return Value(std::abs(self.as_real()));
  if (self.is_number()) return self.as_integer() < 0 ? negated(self) : Value(self.as_integer());
  throw TemplateError(fmt::format("bad operand type for abs(): '{}'", type_name(self)));
}

Value filter_round(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("round", 2, {"precision", "method"});
  const std::int64_t precision =
      integer_argument(arguments.get(0, "precision", Value(std::int64_t{0})), "precision");
  const std::string method = to_text(arguments.get(1, "method", Value::trusted("common"))).text;
  if (method != "common" && method != "ceil" && method != "floor") {
    throw TemplateError("method must be common, ceil or floor");
  }
  require_defined(self);
  if (!self.is_number()) {
    throw TemplateError(fmt::format("type {} doesn't define __round__ method", type_name(self)));
  }
  if (precision > 300 || precision < -300)
    throw TemplateError("round() to that precision makes no sense");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  if (method == "ceil") return Value(std::ceil(self.as_real() * scale) / scale);
  if (method == "floor") return Value(std::floor(self.as_real() * scale) / scale);
  if (!self.is_real() && precision >= 0) return Value(self.as_integer());
  if (precision < 0) {
    // Half to even, as Python rounds.
    const double rounded = std::nearbyint(self.as_real() * scale) / scale;
    return self.is_real() ? Value(rounded) : Value(truncated(rounded).value_or(0));
  }
  if (!std::isfinite(self.as_real())) return self;
  return Value(std::strtod(
      fmt::format("{:.{}f}", self.as_real(), static_cast<int>(precision)).c_str(), nullptr));
}

constexpr Entry kFilters[] = {
    {"int", &filter_int}, {"float", &filter_float}, {"abs", &filter_abs}, {"round", &filter_round}};

}  // namespace

Function::Body find_number_filter(std::string_view name) { return find_in(kFilters, name); }

}  // namespace attune::text::jinja
