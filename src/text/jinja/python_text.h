// How Python writes values as text: str(), repr(), "%" formatting, json.dumps, and the string
// methods that depend on characters rather than bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace attune::text::jinja {

// str(value); text made from user text is user text.
MarkedText to_text(const Value& value);
MarkedText repr(const Value& value);
// 1.0, 1e+16, inf: the shortest text that reads back to the same number.
std::string real_text(double value);

// format % values, where `values` is one value, a tuple or (for %(name)s) a dictionary.
MarkedText percent_format(const MarkedText& format, const Value& values);
// format.format(...): fields by position and name with the usual format specifications.
MarkedText brace_format(const MarkedText& format, const Arguments& arguments);

struct JsonStyle {
  bool indented = false;
  std::string indent = {};
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
  bool ascii_only = false;
};

// json.dumps(value, ...).
MarkedText json_text(const Value& value, const JsonStyle& style);

// Characters, as Python counts them.
std::int64_t character_count(std::string_view text);
// The byte where character `index` starts; text.size() beyond the end.
std::size_t byte_of_character(std::string_view text, std::int64_t index);

// A piece of `text` without the white space (or, when not null, the characters of `set`) at its
// ends.
MarkedText strip(const MarkedText& text, const std::string* set, bool left, bool right);

MarkedText join(const std::vector<Value>& parts, const MarkedText& separator);

}  // namespace attune::text::jinja
