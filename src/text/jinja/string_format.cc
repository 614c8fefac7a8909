// "%" formatting and str.format.
#include <cmath>

#include <fmt/format.h>

#include "text/jinja/python_text.h"
#include "text/jinja/text_operations.h"
#include "text/unicode.h"

namespace attune::text::jinja {

namespace {

constexpr std::int64_t kWidest = 100'000;

// What stands between the "%" or ":" and the letter.
struct Field {
  char32_t fill = ' ';
  char align = '\0';  // < > ^ = ; none: by kind
  bool zero = false;
  bool alternate = false;  // #
  bool comma = false;
  char sign = '-';
  std::int64_t width = 0;
  std::int64_t precision = -1;
  char letter = '\0';
};

std::int64_t read_count(std::string_view text, std::size_t& at) {
  std::int64_t count = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    count = count * 10 + (text[at] - '0');
    if (count > kWidest) throw TemplateError("a width or precision of a format is too large");
  }
  return count;
}

std::string with_commas(const std::string& digits) {
  std::string out;
  const std::size_t whole = std::min(digits.find('.'), digits.size());
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string integer_digits(std::uint64_t value, const Field& field) {
  std::string prefix;
  std::string digits;
  switch (field.letter) {
    case 'x':
      digits = fmt::format("{:x}", value), prefix = "0x";
      break;
    case 'X':
      digits = fmt::format("{:X}", value), prefix = "0X";
      break;
    case 'o':
      digits = fmt::format("{:o}", value), prefix = "0o";
      break;
    case 'b':
      digits = fmt::format("{:b}", value), prefix = "0b";
      break;
    default:
      digits = std::to_string(value);
      break;
  }
  return (field.alternate ? prefix : "") + digits;
}

std::string real_digits(double value, const Field& field) {
  const bool upper = field.letter == 'E' || field.letter == 'G' || field.letter == 'F';
  if (!std::isfinite(value))
    return std::isnan(value) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
  const int precision = static_cast<int>(field.precision < 0 ? 6 : field.precision);
  switch (field.letter) {
    case 'e':
      return fmt::format("{:.{}e}", value, precision);
    case 'E':
      return fmt::format("{:.{}E}", value, precision);
    case 'g':
      return fmt::format("{:.{}g}", value, precision);
    case 'G':
      return fmt::format("{:.{}G}", value, precision);
    case '%':
      return fmt::format("{:.{}f}%", value * 100, precision);
    default:
      return fmt::format("{:.{}f}", value, precision);
  }
}

std::string number_text(bool negative, std::string digits, const Field& field) {
  if (field.comma) digits = with_commas(digits);
  const std::string sign = negative ? "-" : field.sign == '-' ? "" : std::string(1, field.sign);
  const auto size = static_cast<std::int64_t>(sign.size() + digits.size());
  const bool inner = field.align == '=' || (field.zero && field.align == '\0');
  if (!inner || size >= field.width) return sign + digits;
  std::string fill;
  for (std::int64_t i = size; i < field.width; ++i)
    append_utf8(fill, field.zero ? U'0' : field.fill);
  return sign + fill + digits;
}

std::string formatted_integer(std::int64_t value, const Field& field) {
  const auto bits = static_cast<std::uint64_t>(value);
  std::string digits = integer_digits(value < 0 ? 0 - bits : bits, field);
  while (static_cast<std::int64_t>(digits.size()) < field.precision) digits.insert(0, 1, '0');
  return number_text(value < 0, std::move(digits), field);
}

std::string formatted_real(double value, const Field& field) {
  return number_text(std::signbit(value) && !std::isnan(value), real_digits(std::abs(value), field),
                     field);
}

MarkedText aligned(const MarkedText& text, const Field& field, char default_align) {
  const std::int64_t room = field.width - character_count(text.text);
  if (room <= 0) return text;
  std::string fill;
  append_utf8(fill, field.fill);
  const char align = field.align == '\0' || field.align == '=' ? default_align : field.align;
  const std::int64_t left = align == '<' ? 0 : align == '>' ? room : room / 2;
  return padded(text, left, room - left, fill);
}

MarkedText cut(const MarkedText& text, const Field& field) {
  if (field.precision < 0) return text;
  return text.part(0, byte_of_character(text.text, field.precision));
}

const char* number_needed(char letter) {
  return letter == 'd' || letter == 'i' || letter == 'u' ? "a real number is required"
                                                         : "an integer is required";
}

// One %-conversion.
MarkedText convert(const Value& value, const Field& field) {
  const auto as_trusted = [](std::string text) {
    return MarkedText{std::move(text), kTrusted, {}};
  };
  const char wanted_align = field.align == '\0' ? '>' : field.align;
  switch (field.letter) {
    case 's':
      return aligned(cut(to_text(value), field), field, wanted_align);
    case 'r':
    case 'a':
      return aligned(cut(repr(value), field), field, wanted_align);
    case 'c': {
      if (value.is_text() && character_count(value.as_string()) == 1) {
        return aligned(value.as_text(), field, wanted_align);
      }
      if (!value.is_integer() || value.as_integer() < 0 || value.as_integer() > 0x10FFFF ||
          (value.as_integer() >= 0xD800 && value.as_integer() <= 0xDFFF)) {
        throw TemplateError("%c requires int or char");
      }
      MarkedText one{{}, 0, {}};  // a number may come from the user
      append_utf8(one.text, static_cast<char32_t>(value.as_integer()));
      return aligned(one, field, wanted_align);
    }
    default:
      break;
  }
  require_defined(value);
  const bool is_real_letter =
      std::string_view("eEfFgG").find(field.letter) != std::string_view::npos;
  if (!value.is_number()) {
    if (is_real_letter)
      throw TemplateError(fmt::format("must be real number, not {}", type_name(value)));
    throw TemplateError(fmt::format("%{} format: {}, not {}", field.letter,
                                    number_needed(field.letter), type_name(value)));
  }
  if (is_real_letter)
    return aligned(as_trusted(formatted_real(value.as_real(), field)), field, wanted_align);
  if (value.is_real()) {
    if (std::string_view("diu").find(field.letter) == std::string_view::npos) {
      throw TemplateError(
          fmt::format("%{} format: an integer is required, not float", field.letter));
    }
    if (!(std::abs(value.as_real()) < 9.2e18))
      throw TemplateError("cannot convert float to integer");
    return aligned(as_trusted(formatted_integer(static_cast<std::int64_t>(value.as_real()), field)),
                   field, wanted_align);
  }
  return aligned(as_trusted(formatted_integer(value.as_integer(), field)), field, wanted_align);
}

// Hands out the values of a % expression in order.
class PercentValues {
 public:
  explicit PercentValues(const Value& values) : values_(values) {
    is_tuple_ = values.is_sequence() && values.as_sequence().kind == SequenceKind::tuple;
  }
  Value next() {
    const std::size_t index = next_++;
    if (!is_tuple_ && index == 0) return values_;
    if (!is_tuple_ || index >= values_.as_sequence().items.size()) {
      throw TemplateError("not enough arguments for format string");
    }
    return values_.as_sequence().items[index];
  }
  Value named(const std::string& name) {
    if (!values_.is_dict()) throw TemplateError("format requires a mapping");
    const Value* found = values_.as_dict().find(name);
    if (found == nullptr)
      throw TemplateError(fmt::format("the format's key '{}' is missing", name));
    next_ = 1;
    return *found;
  }
  void check_all_used() const {
    const bool all_used = is_tuple_ ? next_ >= values_.as_sequence().items.size()
                                    : next_ > 0 || values_.is_dict() || values_.is_sequence();
    if (!all_used) throw TemplateError("not all arguments converted during string formatting");
  }

 private:
  const Value& values_;
  bool is_tuple_ = false;
  std::size_t next_ = 0;
};

// A width or precision: digits, or * for the next value.
std::int64_t percent_count(std::string_view text, std::size_t& at, PercentValues& values) {
  if (at >= text.size() || text[at] != '*') return read_count(text, at);
  ++at;
  const Value value = values.next();
  if (!value.is_integer() || std::abs(value.as_integer()) > kWidest)
    throw TemplateError("* wants a small int");
  return value.as_integer();
}

}  // namespace

MarkedText percent_format(const MarkedText& format, const Value& given) {
  const std::string_view text = format.text;
  PercentValues values(given);
  MarkedText out;
  std::size_t at = 0;
  while (true) {
    const std::size_t percent = std::min(text.find('%', at), text.size());
    out.append_part(format, at, percent);
    if (percent == text.size()) break;
    at = percent + 1;
    Field field;
    Value value;
    bool has_value = false;
    if (at < text.size() && text[at] == '(') {
      const std::size_t close = text.find(')', at);
      if (close == std::string_view::npos) throw TemplateError("incomplete format key");
      value = values.named(std::string(text.substr(at + 1, close - at - 1)));
      has_value = true;
      at = close + 1;
    }
    for (; at < text.size() && std::string_view("-+ 0#").find(text[at]) != std::string_view::npos;
         ++at) {
      if (text[at] == '-') field.align = '<';
      if (text[at] == '0') field.zero = true;
      if (text[at] == '#') field.alternate = true;
      if (text[at] == '+' || (text[at] == ' ' && field.sign != '+')) field.sign = text[at];
    }
    field.width = percent_count(text, at, values);
    if (field.width < 0) {
      field.width = -field.width;
      field.align = '<';
    }
    if (at < text.size() && text[at] == '.') field.precision = percent_count(text, ++at, values);
    while (at < text.size() && (text[at] == 'l' || text[at] == 'h' || text[at] == 'L')) ++at;
    if (at >= text.size()) throw TemplateError("incomplete format");
    field.letter = text[at++];
    if (field.letter == '%') {
      out.append_part(format, at - 1, at);
      continue;
    }
    if (std::string_view("srcadiuoxXeEfFgG").find(field.letter) == std::string_view::npos) {
      throw TemplateError(fmt::format("unsupported format character '{}'", field.letter));
    }
    out.append(convert(has_value ? value : values.next(), field));
    check_text_size(out.text.size());
  }
  values.check_all_used();
  return out;
}

// [[fill]align][sign][#][0][width][,][.precision][letter]
static Field read_specification(std::string_view text) {
  Field field;
  std::size_t at = 0;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
  if (!text.empty()) {
    const Character first = character_at(text, 0);
    if (first.bytes < text.size() && is_align(text[first.bytes])) {
      field.fill = first.code;
      field.align = text[first.bytes];
      at = first.bytes + 1;
    } else if (is_align(text[0])) {
      field.align = text[at++];
    }
  }
  const auto take = [&](std::string_view any) {
    return at < text.size() && any.find(text[at]) != std::string_view::npos ? text[at++] : '\0';
  };
  if (const char sign = take("+- ")) field.sign = sign;
  field.alternate = take("#") != '\0';
  field.zero = take("0") != '\0' && field.align == '\0';
  field.width = read_count(text, at);
  field.comma = take(",") != '\0';
  if (take(".") != '\0') field.precision = read_count(text, at);
  if (at < text.size()) field.letter = text[at++];
  if (at != text.size()) throw TemplateError("Invalid format specifier");
  return field;
}

static MarkedText format_field(const Value& value, Field field) {
  require_defined(value);
  const auto as_trusted = [](std::string text) {
    return MarkedText{std::move(text), kTrusted, {}};
  };
  const bool real_letter = std::string_view("eEfFgG%").find(field.letter) != std::string_view::npos;
  if (value.is_number() && (real_letter && field.letter != '\0')) {
    return aligned(as_trusted(formatted_real(value.as_real(), field)), field, '>');
  }
  if (value.is_integer() && (field.letter == '\0' || std::string_view("dxXob").find(field.letter) !=
                                                         std::string_view::npos)) {
    field.precision = -1;
    return aligned(as_trusted(formatted_integer(value.as_integer(), field)), field, '>');
  }
  if (value.is_real() && field.letter == '\0') {
    const std::string digits =
        field.precision < 0
            ? real_text(std::abs(value.as_real()))
            : fmt::format("{:.{}g}", std::abs(value.as_real()), static_cast<int>(field.precision));
    return aligned(as_trusted(number_text(std::signbit(value.as_real()), digits, field)), field,
                   '>');
  }
  if (field.letter != '\0' && field.letter != 's') {
    throw TemplateError(fmt::format("Unknown format code '{}' for object of type '{}'",
                                    field.letter, type_name(value)));
  }
  return aligned(cut(to_text(value), field), field, '<');
}

MarkedText brace_format(const MarkedText& format, const Arguments& arguments) {
  const std::string_view text = format.text;
  MarkedText out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
    out.append_part(format, at, brace);
    if (brace == text.size()) break;
    if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
      out.append_part(format, brace, brace + 1);
      at = brace + 2;
      continue;
    }
    if (text[brace] == '}') throw TemplateError("Single '}' encountered in format string");
    const std::size_t close = text.find('}', brace);
    if (close == std::string_view::npos) throw TemplateError("expected '}' before end of string");
    std::string_view name = text.substr(brace + 1, close - brace - 1);
    std::string_view specification;
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
      specification = name.substr(colon + 1);
      name = name.substr(0, colon);
    }
    const bool is_repr = name.ends_with("!r");
    if (is_repr || name.ends_with("!s")) name.remove_suffix(2);
    const Value* value = nullptr;
    std::size_t digits = 0;
    const std::int64_t index = read_count(name, digits);
    if (name.empty()) {
      value = next < arguments.positional.size() ? &arguments.positional[next++] : nullptr;
    } else if (digits == name.size()) {
      const auto place = static_cast<std::size_t>(index);
      value = place < arguments.positional.size() ? &arguments.positional[place] : nullptr;
    } else {
      value = arguments.find_named(name);
    }
    if (value == nullptr)
      throw TemplateError(fmt::format("the format's field '{}' has no value", name));
    out.append(
        format_field(is_repr ? Value(repr(*value)) : *value, read_specification(specification)));
    check_text_size(out.text.size());
    at = close + 1;
  }
  return out;
}

}  // namespace attune::text::jinja
