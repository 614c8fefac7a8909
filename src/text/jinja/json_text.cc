// json.dumps as Python writes it.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "text/jinja/python_text.h"
#include "text/unicode.h"

namespace attune::text::jinja {

namespace {

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  void write(const Value& value, int level) {
    check_text_size(out.size());
    if (value.is_text()) {
      write_string(value.as_string());
    } else if (value.is_none()) {
      out += "null";
    } else if (value.is_bool()) {
      out += value.as_bool() ? "true" : "false";
    } else if (value.is_number()) {
      out += number(value);
    } else if (value.is_dict()) {
      write_dict(value.as_dict(), level);
    } else if (value.is_sequence() && value.as_sequence().kind <= SequenceKind::tuple) {
      write_list(value.as_sequence().items, level);
    } else {
      throw TemplateError(
          fmt::format("Object of type {} is not JSON serializable", type_name(value)));
    }
  }

  std::string out;

 private:
  static std::string number(const Value& value) {
    if (!value.is_real()) return std::to_string(value.as_integer());
    const double real = value.as_real();
    if (std::isnan(real)) return "NaN";
    if (std::isinf(real)) return real < 0 ? "-Infinity" : "Infinity";
    return real_text(real);
  }

  void new_line(int level) {
    if (!style_.indented) return;
    out += '\n';
    check_text_size(out.size() + style_.indent.size() * static_cast<std::size_t>(level));
    for (int i = 0; i < level; ++i) out += style_.indent;
  }

  void write_list(const std::vector<Value>& items, int level) {
    if (items.empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(level + 1);
      write(items[i], level + 1);
    }
    new_line(level);
    out += ']';
  }

  static std::string key_text(const Value& key) {
    if (key.is_text()) return key.as_string();
    if (key.is_none()) return "null";
    if (key.is_bool()) return key.as_bool() ? "true" : "false";
    if (key.is_number()) return number(key);
    throw TemplateError(
        fmt::format("keys must be str, int, float, bool or None, not {}", type_name(key)));
  }

  void write_dict(const Dict& dict, int level) {
    if (dict.items.empty()) {
      out += "{}";
      return;
    }
    std::vector<const std::pair<Value, Value>*> entries;
    for (const auto& entry : dict.items) entries.push_back(&entry);
    if (style_.sort_keys) {
      Work work;
      std::stable_sort(entries.begin(), entries.end(), [&](const auto* left, const auto* right) {
        return compare(left->first, right->first, "<", work) < 0;
      });
    }
    out += '{';
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(level + 1);
      write_string(key_text(entries[i]->first));
      out += style_.key_separator;
      write(entries[i]->second, level + 1);
    }
    new_line(level);
    out += '}';
  }

  void write_string(std::string_view text) {
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
      const Character character = character_at(text, at);
      write_character(character.code, text.substr(at, character.bytes));
      at += character.bytes;
    }
    out += '"';
  }

  void write_character(char32_t code, std::string_view bytes) {
    const auto number_of = static_cast<std::uint32_t>(code);
    switch (code) {
      case '"':
        out += "\\\"";
        return;
      case '\\':
        out += "\\\\";
        return;
      case '\n':
        out += "\\n";
        return;
      case '\r':
        out += "\\r";
        return;
      case '\t':
        out += "\\t";
        return;
      case '\b':
        out += "\\b";
        return;
      case '\f':
        out += "\\f";
        return;
      default:
        break;
    }
    if (code < 0x20 || (style_.ascii_only && code >= 0x7F && code < 0x10000)) {
      // json.dumps leaves DEL as it is.
      out += code == 0x7F ? std::string(bytes) : fmt::format("\\u{:04x}", number_of);
    } else if (style_.ascii_only && code >= 0x10000) {
      const std::uint32_t rest = number_of - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    } else {
      out.append(bytes);
    }
  }

  const JsonStyle& style_;
};

}  // namespace

MarkedText json_text(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value, 0);
  MarkedText out;
  out.mark = has_user_text(value) ? std::uint8_t{0} : kTrusted;
  out.text = std::move(writer.out);
  return out;
}

}  // namespace attune::text::jinja
