#include "wire/object_reader.h"

#include <cmath>

#include <fmt/format.h>

#include "io/text_encoding.h"

namespace attune::wire {

namespace {

// Up to 2^53 in size: what every reader of JSON holds exactly (RFC 8259, 6), and what may be added
// up.
std::optional<std::int64_t> to_integer(const Json& value) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  bool fits = false;
  if (value.is_number_unsigned()) {
    fits = value.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMost);
  } else if (value.is_number_integer()) {
    fits = value.get<std::int64_t>() >= -kMost;
  } else if (value.is_number_float()) {
    const auto found = value.get<double>();
    fits = std::trunc(found) == found && std::abs(found) <= static_cast<double>(kMost);
  }
  return fits ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

std::string describe(const Json& value) {
  return fmt::format("{} ({})", quote_for_message(to_text(value), 40), value.type_name());
}

}  // namespace

ObjectReader::ObjectReader(const Json& json, std::string_view where) : json_(&json), where_(where) {
  if (json.is_object()) return;
  json_ = nullptr;
  error_ = bad_input({.where = where_, .found = describe(json), .wanted = "a JSON object"}).value();
}

const Json* ObjectReader::find(const char* key) const {
  if (json_ == nullptr) return nullptr;
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

std::string ObjectReader::place(const char* key) const {
  return fmt::format("{}: {}", where_, key);
}

void ObjectReader::fail(const char* key, std::string found, std::string wanted) {
  if (error_) return;
  error_ = bad_input({.where = place(key), .found = std::move(found), .wanted = std::move(wanted)})
               .value();
}

template <typename T, typename Convert>
std::optional<T> ObjectReader::read(const char* key, const char* wanted, Convert convert) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  std::optional<T> found = convert(*value);
  if (!found) fail(key, describe(*value), wanted);
  return found;
}

std::optional<std::string> ObjectReader::optional_text(const char* key) {
  return read<std::string>(key, "a string", [](const Json& value) -> std::optional<std::string> {
    if (!value.is_string()) return std::nullopt;
    return value.get<std::string>();
  });
}

std::optional<std::int64_t> ObjectReader::optional_integer(const char* key) {
  return read<std::int64_t>(key, "an integer of at most 2^53", to_integer);
}

std::optional<double> ObjectReader::optional_number(const char* key) {
  return read<double>(key, "a number", [](const Json& value) -> std::optional<double> {
    if (!value.is_number()) return std::nullopt;
    return value.get<double>();
  });
}

std::string ObjectReader::text(const char* key) {
  std::optional<std::string> found = optional_text(key);
  if (!found) fail(key, "nothing", "a string");
  return std::move(found).value_or("");
}

std::int64_t ObjectReader::integer(const char* key) {
  const std::optional<std::int64_t> found = optional_integer(key);
  if (!found) fail(key, "nothing", "an integer");
  return found.value_or(0);
}

std::vector<std::string> ObjectReader::texts(const char* key) {
  const auto found =
      read<std::vector<std::string>>(key, "a list of strings", [](const Json& value) {
        std::optional<std::vector<std::string>> items;
        if (!value.is_array()) return items;
        items.emplace();
        for (const Json& item : value) {
          if (!item.is_string()) return std::optional<std::vector<std::string>>();
          items->push_back(item.get<std::string>());
        }
        return items;
      });
  return found.value_or(std::vector<std::string>());
}

}  // namespace attune::wire
