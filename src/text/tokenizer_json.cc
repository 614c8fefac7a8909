#include "text/tokenizer_json.h"

#include <fmt/format.h>

namespace attune::text {

namespace {

constexpr int kDeepestNesting = 64;
constexpr std::int64_t kLargestId = 16'777'215;

// How deep arrays and objects nest, without parsing; stops counting past the limit.
bool nests_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') {
        ++at;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepestNesting) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<TokenizerJson> parse_tokenizer_json(std::string_view text, std::string_view where) {
  if (nests_too_deep(text)) {
    return bad_input({.where = std::string(where),
                      .found = fmt::format("more than {} levels of nesting", kDeepestNesting),
                      .wanted = "a tokenizer file",
                      .fix = "take the file from the model's own release"});
  }
  try {
    return TokenizerJson::parse(text);
  } catch (const std::exception& error) {
    return bad_input({.where = std::string(where),
                      .found = fmt::format("text that is not JSON ({})", error.what()),
                      .wanted = "a JSON document",
                      .fix = "download the file again; it may be cut off"});
  }
}

Failure bad_field(std::string_view where, std::string_view field, std::string found,
                  std::string wanted) {
  return bad_input({.where = fmt::format("{}: {}", where, field),
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = "take the file from the model's own release"});
}

const TokenizerJson* find_field(const TokenizerJson& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<bool> bool_field(const TokenizerJson& object, const char* key, bool fallback,
                        std::string_view where) {
  const TokenizerJson* value = find_field(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) return bad_field(where, key, value->type_name(), "true or false");
  return value->get<bool>();
}

Result<std::string> string_field(const TokenizerJson& object, const char* key,
                                 std::string_view where) {
  const TokenizerJson* value = find_field(object, key);
  if (value == nullptr) return bad_field(where, key, "nothing", "a string");
  if (!value->is_string()) return bad_field(where, key, value->type_name(), "a string");
  return value->get<std::string>();
}

Result<std::optional<std::string>> optional_string_field(const TokenizerJson& object,
                                                         const char* key, std::string_view where) {
  if (find_field(object, key) == nullptr) return std::optional<std::string>();
  ATTUNE_TRY(std::string value, string_field(object, key, where));
  return std::optional<std::string>(std::move(value));
}

Result<std::string> type_field(const TokenizerJson& object, std::string_view where) {
  if (!object.is_object()) return bad_field(where, "type", object.type_name(), "an object");
  return string_field(object, "type", where);
}

Result<std::int32_t> token_id(const TokenizerJson& value, std::string_view where,
                              std::string_view field) {
  if (!value.is_number_integer()) {
    return bad_field(where, field, fmt::format("a {} as id", value.type_name()), "an integer id");
  }
  const bool too_large =
      value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{kLargestId};
  const auto id = value.get<std::int64_t>();
  if (too_large || id < 0 || id > kLargestId) {
    return bad_field(where, field, fmt::format("the id {}", value.dump()),
                     fmt::format("an id from 0 to {}", kLargestId));
  }
  return static_cast<std::int32_t>(id);
}

}  // namespace attune::text
