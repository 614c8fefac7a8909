// YAML files as JSON values, so that one reader serves both. JSON is read as it is.
//
//   ATTUNE_TRY(Json suite, read_yaml("suite.yaml"));
//
// Plain scalars follow YAML 1.2's core schema: null and ~, true and false, integers, reals; quoted
// scalars are text. Aliases are followed; keys that are not text are refused.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "io/json.h"

namespace attune {

// `where` names the source. An error says where:line:column. More than 64 levels, several documents
// and a key that occurs twice are refused, and so are more than a million values, which aliases can
// make out of a few lines.
Result<Json> parse_yaml(std::string_view text, std::string_view where);

Result<Json> read_yaml(const std::filesystem::path& path);

}  // namespace attune
