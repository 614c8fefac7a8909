// Small readers that the checks of training examples share. Inside the layer only.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "io/json.h"
#include "wire/fields.h"

namespace attune::wire {

inline const Json* member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

inline bool is_absent(const Json* value) { return value == nullptr || value->is_null(); }

inline bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

inline std::string text_member(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

inline std::string wrong_type(std::string_view field, const Json& value, std::string_view wanted) {
  return fmt::format("Field '{}' must be {}, not {}", field, wanted, kind_of(value));
}

inline std::string missing(std::string_view field) {
  return fmt::format("Field '{}' is missing in value", field);
}

}  // namespace attune::wire
