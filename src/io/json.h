// JSON values with object keys in file order, and parsing with places in the message.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace attune {

using Json = nlohmann::ordered_json;

// Parses one JSON document. `where` names the source; `first_line` is the line of text[0] in it. An
// error says where:line:column and what is wrong there. Nesting deeper than 512 levels and invalid
// UTF-8 are refused.
Result<Json> parse_json(std::string_view text, std::string_view where, std::int64_t first_line = 1);

Result<Json> read_json(const std::filesystem::path& path);

// Compact, UTF-8 as it is, numbers that read back to the same value.
std::string to_text(const Json& value);
// Indented by two spaces, ending in a newline.
std::string to_pretty_text(const Json& value);

}  // namespace attune
