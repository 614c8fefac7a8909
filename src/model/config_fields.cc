#include "model/config_fields.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace attune::model {

const Json* ConfigFields::find(std::string_view name) const {
  const auto field = object.find(name);
  return field == object.end() || field->is_null() ? nullptr : &*field;
}

std::string ConfigFields::place(std::string_view name) const {
  return fmt::format("{}: {}", where, name);
}

Result<std::int64_t> ConfigFields::integer(std::string_view name,
                                           std::optional<std::int64_t> otherwise,
                                           std::int64_t least, std::int64_t most) const {
  const Json* field = find(name);
  const std::string wanted = fmt::format("a whole number from {} to {}", least, most);
  if (field == nullptr) {
    if (otherwise) return *otherwise;
    return bad_input({.where = place(name), .found = "the field is missing", .wanted = wanted});
  }
  const bool fits = field->is_number_unsigned()
                        ? std::in_range<std::int64_t>(field->get<std::uint64_t>())
                        : field->is_number_integer();
  if (!fits || field->get<std::int64_t>() < least || field->get<std::int64_t>() > most) {
    return bad_input({.where = place(name), .found = shown(*field), .wanted = wanted});
  }
  return field->get<std::int64_t>();
}

Result<float> ConfigFields::positive(std::string_view name, std::optional<float> otherwise) const {
  const Json* field = find(name);
  if (field == nullptr) {
    if (otherwise) return *otherwise;
    return bad_input(
        {.where = place(name), .found = "the field is missing", .wanted = "a positive number"});
  }
  const double value = field->is_number() ? field->get<double>() : -1.0;
  if (!(value > 0) || !std::isfinite(static_cast<float>(value))) {
    return bad_input({.where = place(name), .found = shown(*field), .wanted = "a positive number"});
  }
  return static_cast<float>(value);
}

Result<bool> ConfigFields::boolean(std::string_view name, bool otherwise) const {
  const Json* field = find(name);
  if (field == nullptr) return otherwise;
  if (!field->is_boolean()) {
    return bad_input({.where = place(name), .found = shown(*field), .wanted = "true or false"});
  }
  return field->get<bool>();
}

Result<std::string> ConfigFields::text(std::string_view name,
                                       std::optional<std::string> otherwise) const {
  const Json* field = find(name);
  if (field == nullptr) {
    if (otherwise) return *std::move(otherwise);
    return bad_input({.where = place(name), .found = "the field is missing", .wanted = "a string"});
  }
  if (!field->is_string()) {
    return bad_input({.where = place(name), .found = shown(*field), .wanted = "a string"});
  }
  return field->get<std::string>();
}

std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 80;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

bool is_truthy(const Json& value) {
  if (value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

double shortest_double(float value) { return std::stod(fmt::format("{}", value)); }

}  // namespace attune::model
