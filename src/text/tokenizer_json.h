// Reading the fields of tokenizer.json. Its own JSON type, because objects here have 150,000 keys
// and Json keeps keys in a list.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace attune::text {

using TokenizerJson = nlohmann::json;

// Parses `text`; deep nesting and invalid UTF-8 are refused.
Result<TokenizerJson> parse_tokenizer_json(std::string_view text, std::string_view where);

// The error for a field: "tokenizer.json: model.vocab: found ...".
Failure bad_field(std::string_view where, std::string_view field, std::string found,
                  std::string wanted);

// nullptr when the field is absent or null.
const TokenizerJson* find_field(const TokenizerJson& object, const char* key);

Result<bool> bool_field(const TokenizerJson& object, const char* key, bool fallback,
                        std::string_view where);
Result<std::string> string_field(const TokenizerJson& object, const char* key,
                                 std::string_view where);
// Absent or null gives nullopt; another type is an error.
Result<std::optional<std::string>> optional_string_field(const TokenizerJson& object,
                                                         const char* key, std::string_view where);
// The "type" of a component; an error when `object` is not an object with one.
Result<std::string> type_field(const TokenizerJson& object, std::string_view where);

// A token id: an integer from 0 to 16 million.
Result<std::int32_t> token_id(const TokenizerJson& value, std::string_view where,
                              std::string_view field);

}  // namespace attune::text
