#include "wire/fields.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "io/text_encoding.h"

namespace attune::wire {

namespace {

// Whole numbers beyond this may not be what the client wrote.
constexpr double kExactDouble = 9007199254740992.0;  // 2^53

ApiError type_fault(const Json& value, const std::string& path, std::string_view wanted) {
  return invalid_value(path,
                       fmt::format("Invalid type for '{}': expected {}, but got {} instead.", path,
                                   wanted, kind_of(value)),
                       "invalid_type");
}

std::string short_text(const Json& value) { return quote_for_message(to_text(value), 60); }

}  // namespace

struct Fields::Shared {
  struct Visited {
    const Json* object;
    std::string path;
    std::vector<std::string> read;
    bool all_read = false;
  };
  std::optional<ApiError> first;
  std::vector<Visited> objects;
};

std::string_view kind_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "an integer";
    case Json::value_t::number_float:
      return "a decimal";
    default:
      return "null";
  }
}

std::int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // not a continuation byte
  });
}

std::string quoted_list(const std::vector<std::string_view>& words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? (words.size() > 2 ? ", and " : " and ") : ", ";
    list += fmt::format("'{}'", words[i]);
  }
  return list;
}

Fields::Fields(const Json& body) : Fields(body, "", std::make_shared<Shared>()) {}

Fields::Fields(const Json& object, std::string path, std::shared_ptr<Shared> shared)
    : path_(std::move(path)), shared_(std::move(shared)), place_(shared_->objects.size()) {
  shared_->objects.push_back({.object = nullptr, .path = path_, .read = {}});
  if (object.is_object()) {
    object_ = &object;
    shared_->objects.back().object = object_;
  } else if (path_.empty()) {
    fault(bad_request(
        fmt::format("Invalid body: expected a JSON object, but got {} instead.", kind_of(object)),
        "invalid_type"));
  } else {
    fault(type_fault(object, path_, "an object"));
  }
}

std::string Fields::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

bool Fields::failed() const { return shared_->first.has_value(); }

void Fields::fault(ApiError error) {
  if (!shared_->first) shared_->first = std::move(error);
}

std::nullopt_t Fields::wrong_type(const Json& value, const std::string& path,
                                  std::string_view wanted) {
  fault(type_fault(value, path, wanted));
  return std::nullopt;
}

bool Fields::has(std::string_view name) {
  shared_->objects[place_].read.emplace_back(name);
  return object_ != nullptr && object_->contains(name);
}

const Json* Fields::find(std::string_view name) {
  if (!has(name) || failed()) return nullptr;
  const Json& value = *object_->find(name);
  return value.is_null() ? nullptr : &value;
}

void Fields::require(std::string_view name) {
  if (find(name) != nullptr || failed()) return;
  // A null where a value must be is a wrong type, as the hosted service says it.
  if (object_ != nullptr && object_->contains(name)) {
    fault(invalid_value(
        path_of(name),
        fmt::format("Invalid type for '{}': got null instead of a value.", path_of(name)),
        "invalid_type"));
  } else {
    fault(missing_parameter(path_of(name)));
  }
}

bool Fields::check_length(std::int64_t found, const std::string& path, LengthRange length,
                          std::string_view noun) {
  if (found >= length.least && found <= length.most) return true;
  const bool too_short = found < length.least;
  const std::string_view article = noun == "array" ? "an" : "a";
  if (found == 0) {
    fault(
        invalid_value(path,
                      fmt::format("Invalid '{0}': empty {1}. Expected {2} {1} with minimum length "
                                  "{3}, but got an empty {1} instead.",
                                  path, noun, article, length.least),
                      fmt::format("empty_{}", noun)));
    return false;
  }
  fault(invalid_value(
      path,
      fmt::format(
          "Invalid '{0}': {1} too {2}. Expected {3} {1} with {4} length {5}, but got {3} {1} "
          "with length {6} instead.",
          path, noun, too_short ? "short" : "long", article, too_short ? "minimum" : "maximum",
          too_short ? length.least : length.most, found),
      fmt::format("{}_{}_length", noun, too_short ? "below_min" : "above_max")));
  return false;
}

std::optional<std::string> Fields::check_text(const Json& value, const std::string& path,
                                              LengthRange length) {
  if (!value.is_string()) return wrong_type(value, path, "a string");
  const auto& text = value.get_ref<const std::string&>();
  if (!check_length(count_characters(text), path, length, "string")) return std::nullopt;
  // Names, ids and labels end up in databases and file names, which a NUL would cut short.
  if (text.find('\0') != std::string::npos) {
    fault(invalid_value(
        path, fmt::format("Invalid '{}': the string must not hold the character U+0000.", path)));
    return std::nullopt;
  }
  return text;
}

std::optional<std::int64_t> Fields::check_integer(const Json& value, const std::string& path,
                                                  IntegerRange range) {
  std::optional<std::int64_t> found;
  bool too_large = false;
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    too_large = true;
  } else if (value.is_number_integer()) {
    found = value.get<std::int64_t>();
  } else if (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>() &&
             std::abs(value.get<double>()) <= kExactDouble) {
    found = static_cast<std::int64_t>(value.get<double>());
  } else {
    return wrong_type(value, path, "an integer");
  }
  if (found && *found < range.least) {
    fault(invalid_value(path,
                        fmt::format("Invalid '{}': integer below minimum value. Expected a value "
                                    ">= {}, but got {} instead.",
                                    path, range.least, *found),
                        "integer_below_min_value"));
    return std::nullopt;
  }
  if (too_large || *found > range.most) {
    fault(invalid_value(path,
                        fmt::format("Invalid '{}': integer above maximum value. Expected a value "
                                    "<= {}, but got {} instead.",
                                    path, range.most, short_text(value)),
                        "integer_above_max_value"));
    return std::nullopt;
  }
  return found;
}

std::optional<double> Fields::check_number(const Json& value, const std::string& path,
                                           NumberRange range) {
  if (!value.is_number()) return wrong_type(value, path, "a decimal");
  const double found = value.get<double>();
  if (range.least_excluded ? !(found > range.least) : !(found >= range.least)) {
    fault(invalid_value(
        path,
        fmt::format("Invalid '{}': decimal below minimum value. Expected a value "
                    "{} {}, but got {} instead.",
                    path, range.least_excluded ? ">" : ">=", range.least, short_text(value)),
        "decimal_below_min_value"));
    return std::nullopt;
  }
  if (range.most_excluded ? !(found < range.most) : !(found <= range.most)) {
    fault(invalid_value(
        path,
        fmt::format("Invalid '{}': decimal above maximum value. Expected a value "
                    "{} {}, but got {} instead.",
                    path, range.most_excluded ? "<" : "<=", range.most, short_text(value)),
        "decimal_above_max_value"));
    return std::nullopt;
  }
  return found;
}

std::optional<std::string> Fields::text(std::string_view name, LengthRange length) {
  const Json* value = find(name);
  return value ? check_text(*value, path_of(name), length) : std::nullopt;
}

std::string Fields::required_text(std::string_view name, LengthRange length) {
  require(name);
  return text(name, length).value_or("");
}

std::optional<std::string> Fields::word(std::string_view name,
                                        const std::vector<std::string_view>& words) {
  std::optional<std::string> found = text(name);
  if (!found || std::find(words.begin(), words.end(), *found) != words.end()) return found;
  fault(invalid_value(path_of(name), fmt::format("Invalid value: '{}'. Supported values are: {}.",
                                                 quote_for_message(*found), quoted_list(words))));
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view name, IntegerRange range) {
  const Json* value = find(name);
  return value ? check_integer(*value, path_of(name), range) : std::nullopt;
}

std::optional<double> Fields::number(std::string_view name, NumberRange range) {
  const Json* value = find(name);
  return value ? check_number(*value, path_of(name), range) : std::nullopt;
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) return wrong_type(*value, path_of(name), "a boolean");
  return value->get<bool>();
}

std::optional<Fields> Fields::object(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return wrong_type(*value, path_of(name), "an object");
  return Fields(*value, path_of(name), shared_);
}

const Json* Fields::array(std::string_view name, LengthRange length) {
  const Json* value = find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    wrong_type(*value, path_of(name), "an array");
    return nullptr;
  }
  const auto count = static_cast<std::int64_t>(value->size());
  return check_length(count, path_of(name), length, "array") ? value : nullptr;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view name, LengthRange count,
                                                      LengthRange length) {
  const Json* items = array(name, count);
  if (items == nullptr) return std::nullopt;
  std::vector<std::string> found;
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto text = check_text((*items)[i], fmt::format("{}[{}]", path_of(name), i), length);
    if (!text) return std::nullopt;
    found.push_back(std::move(*text));
  }
  return found;
}

Fields Fields::item(std::string_view name, const Json& array, std::size_t index) {
  return Fields(array[index], fmt::format("{}[{}]", path_of(name), index), shared_);
}

void Fields::accept_all() { shared_->objects[place_].all_read = true; }

std::optional<ApiError> Fields::finish() {
  for (const Shared::Visited& visited : shared_->objects) {
    if (failed()) break;
    if (visited.object == nullptr || visited.all_read) continue;
    for (const auto& [key, value] : visited.object->items()) {
      if (std::find(visited.read.begin(), visited.read.end(), key) != visited.read.end()) continue;
      const std::string shown = quote_for_message(key);
      fault(unknown_parameter(visited.path.empty() ? shown
                                                   : fmt::format("{}.{}", visited.path, shown)));
      break;
    }
  }
  return shared_->first;
}

}  // namespace attune::wire
