#include "text/jinja/python_text.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <utf8proc.h>

#include "text/unicode.h"

namespace attune::text::jinja {

namespace {

// str.isprintable() of one character.
bool is_printable(char32_t code) {
  if (code < 0x80) return code >= 32 && code != 127;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
      return false;
    default:
      return true;
  }
}

void append_escaped(std::string& out, char32_t code) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\r') {
    out += "\\r";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code < 0x100) {
    out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(code));
  } else if (code < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(code));
  }
}

std::string quoted(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const bool has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.code == static_cast<unsigned char>(quote) || character.code == '\\') out += '\\';
    if (character.valid && is_printable(character.code)) {
      out.append(text.substr(at, character.bytes));
    } else {
      append_escaped(out, character.code);
    }
    at += character.bytes;
  }
  return out + quote;
}

void write_repr(const Value& value, std::string& out, int depth);

void write_items(const std::vector<Value>& items, std::string_view open, std::string_view close,
                 std::string& out, int depth) {
  out += open;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    write_repr(items[i], out, depth + 1);
  }
  out += close;
}

void write_sequence(const Sequence& sequence, std::string& out, int depth) {
  switch (sequence.kind) {
    case SequenceKind::list:
      return write_items(sequence.items, "[", "]", out, depth);
    case SequenceKind::tuple:
      return write_items(sequence.items, "(", sequence.items.size() == 1 ? ",)" : ")", out, depth);
    case SequenceKind::dict_keys:
      return write_items(sequence.items, "dict_keys([", "])", out, depth);
    case SequenceKind::dict_values:
      return write_items(sequence.items, "dict_values([", "])", out, depth);
    case SequenceKind::dict_items:
      return write_items(sequence.items, "dict_items([", "])", out, depth);
    case SequenceKind::generator:
      out += "<generator object>";
      return;
    case SequenceKind::range:
      break;
  }
  const auto& items = sequence.items;
  const std::int64_t first = items.empty() ? 0 : items.front().as_integer();
  const std::int64_t step = items.size() > 1 ? items[1].as_integer() - first : 1;
  const std::int64_t stop = items.empty() ? 0 : items.back().as_integer() + step;
  out += step == 1 ? fmt::format("range({}, {})", first, stop)
                   : fmt::format("range({}, {}, {})", first, stop, step);
}

void write_dict(const Dict& dict, std::string& out, int depth) {
  out += '{';
  for (const auto& [key, item] : dict.items) {
    if (&key != &dict.items.front().first) out += ", ";
    write_repr(key, out, depth + 1);
    out += ": ";
    write_repr(item, out, depth + 1);
  }
  out += '}';
}

void write_repr(const Value& value, std::string& out, int depth) {
  check_text_size(out.size());
  // Values nest only so deep, but namespaces may hold each other.
  if (depth > 2 * kDeepestNesting) throw TemplateError("values are nested too deep to be written");
  if (value.is_text()) {
    out += quoted(value.as_string());
  } else if (value.is_sequence()) {
    write_sequence(value.as_sequence(), out, depth);
  } else if (value.is_dict()) {
    write_dict(value.as_dict(), out, depth);
  } else if (value.is_undefined()) {
    out += "Undefined";
  } else if (const auto* space =
                 value.is_object() ? dynamic_cast<const Namespace*>(&value.as_object()) : nullptr) {
    out += "<Namespace ";
    write_dict(space->attributes, out, depth + 1);
    out += '>';
  } else {
    out += to_text(value).text;
  }
}

}  // namespace

std::string real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view shortest(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = shortest.find('e');
  int exponent = 0;
  const char* digits = shortest.data() + e + 1;
  if (*digits == '+') ++digits;
  std::from_chars(digits, end, exponent);
  if (value != 0 && (exponent < -4 || exponent >= 16)) return std::string(shortest);
  const auto fixed_end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
  std::string text(buffer, fixed_end);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

MarkedText to_text(const Value& value) {
  if (value.is_text()) return value.as_text();
  MarkedText out;
  out.mark = has_user_text(value) ? std::uint8_t{0} : kTrusted;
  if (value.is_undefined()) return out;
  if (value.is_none()) {
    out.text = "None";
  } else if (value.is_bool()) {
    out.text = value.as_bool() ? "True" : "False";
  } else if (value.is_integer()) {
    out.text = std::to_string(value.as_integer());
  } else if (value.is_real()) {
    out.text = real_text(value.as_real());
  } else if (value.is_object() && dynamic_cast<const Namespace*>(&value.as_object()) == nullptr) {
    out.text = value.as_object().text();
  } else {
    write_repr(value, out.text, 0);
  }
  return out;
}

MarkedText repr(const Value& value) {
  MarkedText out;
  out.mark = has_user_text(value) ? std::uint8_t{0} : kTrusted;
  write_repr(value, out.text, 0);
  return out;
}

std::int64_t character_count(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) at += character_at(text, at).bytes;
  return count;
}

std::size_t byte_of_character(std::string_view text, std::int64_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += character_at(text, at).bytes;
  return at;
}

MarkedText strip(const MarkedText& text, const std::string* set, bool left, bool right) {
  const std::string_view all = text.text;
  const auto is_stripped = [&](std::size_t at, const Character& character) {
    if (set != nullptr) return set->find(all.substr(at, character.bytes)) != std::string::npos;
    // str.strip() also takes the four ASCII separators.
    return is_white_space(character.code) || (character.code >= 0x1C && character.code <= 0x1F);
  };
  std::size_t begin = all.size();
  std::size_t end = 0;
  for (std::size_t at = 0; at < all.size();) {
    const Character character = character_at(all, at);
    if (!is_stripped(at, character)) {
      begin = std::min(begin, at);
      end = at + character.bytes;
    }
    at += character.bytes;
  }
  if (!left) begin = 0;
  if (!right) end = all.size();
  return begin < end ? text.part(begin, end) : MarkedText();
}

MarkedText join(const std::vector<Value>& parts, const MarkedText& separator) {
  MarkedText out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out.append(separator);
    out.append(to_text(parts[i]));
    check_text_size(out.text.size());
  }
  return out;
}

}  // namespace attune::text::jinja
