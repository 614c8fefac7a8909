// Which keywords a schema may use: those of its draft, and of the vocabularies of its metaschema
// where that is one of the user's own. One table lists every keyword with the drafts that have it
// and the kind of value it takes; the compiler asks it, and the metaschemas are built from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "grammar/json_schema.h"

namespace attune::grammar {

// What one schema resource is read by. Without a vocabulary its keywords mean nothing.
struct Rules {
  Dialect dialect = Dialect::lenient;
  bool applicators = true;
  bool unevaluated = true;
  bool validation = true;
};

enum class Vocabulary : std::uint8_t { core, applicator, unevaluated, validation, note };

// The kind of value a keyword takes.
enum class ValueKind : std::uint8_t {
  schema,
  schema_or_boolean,  // draft 4, which has no boolean schemas elsewhere
  schema_list,
  schema_map,
  pattern_map,  // of regular expressions to schemas
  items,        // a schema, or before 2020-12 a list of them
  dependencies,
  count,
  number,
  positive,
  limit,  // a number; in draft 4 a flag beside "minimum" or "maximum"
  flag,
  text,
  texts,
  texts_map,
  reference,
  pattern,
  types,
  values,
  any,
};

struct KeywordEntry {
  std::string_view name;
  Vocabulary vocabulary;
  ValueKind kind;
  Dialect first = Dialect::draft_4;
  Dialect last = Dialect::lenient;
};

std::span<const KeywordEntry> keyword_table();
const KeywordEntry* find_keyword_entry(std::string_view name);  // null: no keyword at all

// "draft 4", "draft 2019-09", ...
std::string_view dialect_name(Dialect dialect);
// The address that $schema declares a draft by, without an empty fragment.
std::string_view dialect_address(Dialect dialect);
std::optional<Dialect> find_dialect(std::string_view address);

// The rules that a value of $schema stands for: a draft, or one of `documents`, a metaschema whose
// $vocabulary says what applies. `where` is the place of $schema.
Result<Rules> rules_declared(const Json& declared, const SchemaDocuments& documents,
                             std::string_view where);

}  // namespace attune::grammar
