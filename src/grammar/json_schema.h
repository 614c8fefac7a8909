// JSON Schema, compiled once and used for every check.
//
//   ATTUNE_TRY(JsonSchema schema, JsonSchema::compile(document, "ticket.schema.json"));
//   for (const Violation& violation : schema.validate(answer)) { ... }
//
// Supported: drafts 2020-12, 2019-09, 7, 6 and 4, chosen by $schema, also of a part that has an
// $id; without it 2020-12 with draft 7's spellings accepted too:
//   type enum const | minimum maximum exclusiveMinimum exclusiveMaximum multipleOf | minLength
//   maxLength pattern format properties required additionalProperties patternProperties
//   propertyNames minProperties maxProperties dependentRequired dependentSchemas dependencies
//   unevaluatedProperties items prefixItems additionalItems contains minContains maxContains
//   minItems maxItems uniqueItems unevaluatedItems allOf anyOf oneOf not if then else | $ref $id
//   $anchor $defs definitions $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor
// Annotations (title, description, default, examples, ...) and keys that start with "x-" are
// allowed and mean nothing. Everything else is refused by name, never ignored: unknown keywords (a
// misspelt "requried" is an error), keywords of another draft, references to documents that
// SchemaOptions::documents does not hold. `format` is checked, and an unknown format refused,
// unless SchemaOptions::assert_formats is off.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "grammar/schema_node.h"
#include "io/json.h"

namespace attune::grammar {

struct Violation {
  std::string path;     // JSON pointer into the value; "" is the whole value
  std::string keyword;  // "required", "enum", ...
  std::string found;
  std::string wanted;

  // "/priority: found "hgih"; wanted one of "low", "high" (enum)"
  std::string message() const;
};

// From the oldest to the newest.
enum class Dialect {
  draft_4,
  draft_6,
  draft_7,
  draft_2019_09,
  draft_2020_12,
  lenient,  // no $schema: 2020-12, and draft 7's spellings too
};

// Other documents that a schema may refer to, by their address without "#...".
using SchemaDocuments = std::map<std::string, Json, std::less<>>;

struct SchemaOptions {
  Dialect default_dialect = Dialect::lenient;  // used when the document has no $schema
  bool assert_formats = true;
  SchemaDocuments documents = {};  // the metaschemas of the drafts are known without it
};

// What one validation may cost. A value, pattern or schema that needs more is reported as a
// violation of keyword "limit".
struct ValidationBudget {
  std::int64_t steps = 2'000'000;         // subschemas applied to values
  std::chrono::milliseconds time{5'000};  // looked at between steps and patterns
};

class JsonSchema {
 public:
  static Result<JsonSchema> compile(const Json& document, std::string_view where,
                                    const SchemaOptions& options = {});

  // Every violation, in document order; empty: valid. A check that runs out of its budget, or a
  // value that nests too deep, is never valid: a violation of keyword "limit" says so.
  std::vector<Violation> validate(const Json& value, const ValidationBudget& budget = {}) const;

  const CompiledSchema& compiled() const { return *compiled_; }

 private:
  explicit JsonSchema(std::shared_ptr<const CompiledSchema> compiled)
      : compiled_(std::move(compiled)) {}
  std::shared_ptr<const CompiledSchema> compiled_;
};

}  // namespace attune::grammar
