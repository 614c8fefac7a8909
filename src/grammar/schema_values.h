// Reads the keywords of a schema that hold no further schemas: bounds, types, names, patterns. Used
// by the compiler only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grammar/schema_dialect.h"

namespace attune::grammar {

// A place in a schema document, for messages: "ticket.schema.json#/properties/a".
struct SchemaPlace {
  std::string_view where;
  std::string pointer;  // in another document: its address, "#" and the pointer

  SchemaPlace below(std::string_view key) const;
  std::string text() const;
  Failure refuse(std::string found, std::string wanted, std::string fix = "") const;
};

// Refuses a keyword that the draft does not have, and names one that has it.
Result<void> check_draft(const SchemaPlace& place, Dialect dialect, const KeywordEntry& entry);

// Fills the node from schema[key]; `here` is the place of the schema. False: `key` is none of these
// keywords.
Result<bool> read_value_keyword(const SchemaPlace& here, const Rules& rules, bool assert_formats,
                                const Json& schema, const std::string& key, SchemaNode& node);

Result<Pattern> read_pattern(const SchemaPlace& place, const std::string& text);
Result<std::vector<std::string>> read_names(const SchemaPlace& place, const Json& value);

}  // namespace attune::grammar
