#include "serve/body_fields.h"

#include <fmt/format.h>

namespace attune::serve {

const Json* BodyFields::find(const char* name) {
  known_.insert(name);
  const auto found = body_.find(name);
  return found == body_.end() || found->is_null() ? nullptr : &*found;
}

void BodyFields::refuse(const char* name, const std::string& wanted) {
  if (!fault_)
    fault_ = wire::invalid_value(name, fmt::format("Invalid '{}': {} is expected.", name, wanted));
}

std::string BodyFields::required_text(const char* name, std::size_t most) {
  const std::optional<std::string> value = text(name, most);
  if (!value && !fault_) fault_ = wire::missing_parameter(name);
  return value.value_or("");
}

std::optional<std::string> BodyFields::text(const char* name, std::size_t most) {
  const Json* value = find(name);
  if (!value) return {};
  if (!value->is_string() || value->get_ref<const std::string&>().empty() ||
      value->get_ref<const std::string&>().size() > most) {
    refuse(name, fmt::format("a string of 1 to {} characters", most));
    return {};
  }
  return value->get<std::string>();
}

std::optional<std::int64_t> BodyFields::integer(const char* name, std::int64_t least,
                                                std::int64_t most) {
  const Json* value = find(name);
  if (!value) return {};
  if (!value->is_number_integer() || *value < least || *value > most) {
    refuse(name, fmt::format("an integer from {} to {}", least, most));
    return {};
  }
  return value->get<std::int64_t>();
}

std::optional<bool> BodyFields::truth(const char* name) {
  const Json* value = find(name);
  if (!value) return {};
  if (!value->is_boolean()) {
    refuse(name, "true or false");
    return {};
  }
  return value->get<bool>();
}

std::optional<std::vector<std::string>> BodyFields::texts(const char* name,
                                                          std::size_t most_items) {
  const Json* value = find(name);
  if (!value) return {};
  std::vector<std::string> items;
  bool good = value->is_array() && value->size() <= most_items;
  if (good)
    for (const Json& item : *value) {
      good = good && item.is_string() && !item.get_ref<const std::string&>().empty();
      if (good) items.push_back(item.get<std::string>());
    }
  if (!good) {
    refuse(name, fmt::format("an array of at most {} strings", most_items));
    return {};
  }
  return items;
}

wire::Answer<void> BodyFields::end() {
  if (fault_) return wire::Refusal(*fault_);
  for (const auto& [name, value] : body_.items())
    if (!known_.contains(name)) return wire::refuse(wire::unknown_parameter(name));
  return {};
}

}  // namespace attune::serve
