// JSON Schema, compiled once and used for every check.
//
//   ATTUNE_TRY(JsonSchema schema, JsonSchema::compile(document, "ticket.schema.json"));
//   for (const Violation& violation : schema.validate(answer)) { ... }
//
// Supported: draft 2020-12 and draft 7 (chosen by $schema; without it 2020-12 with draft 7's
// spellings accepted too):
//   type enum const | minimum maximum exclusiveMinimum exclusiveMaximum multipleOf | minLength
//   maxLength pattern format properties required additionalProperties patternProperties
//   propertyNames minProperties maxProperties dependentRequired dependentSchemas dependencies
//   unevaluatedProperties items prefixItems additionalItems contains minContains maxContains
//   minItems maxItems uniqueItems unevaluatedItems allOf anyOf oneOf not if then else | $ref $id
//   $anchor $defs definitions, recursion included
// Annotations (title, description, default, examples, ...) and keys that start with "x-" are
// allowed and mean nothing. Everything else is refused by name, never ignored: $dynamicRef,
// $recursiveRef, $vocabulary, references to other documents, unknown keywords (a misspelt
// "requried" is an error). `format` is checked, and an unknown format refused, unless
// Options::assert_formats is off.
#pragma once

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

enum class Dialect {
  lenient,  // no $schema: 2020-12, and draft 7's spellings too
  draft_2020_12,
  draft_7,
};

struct SchemaOptions {
  Dialect default_dialect = Dialect::lenient;  // used when the document has no $schema
  bool assert_formats = true;
};

class JsonSchema {
 public:
  static Result<JsonSchema> compile(const Json& document, std::string_view where,
                                    const SchemaOptions& options = {});

  // Every violation, in document order; empty: valid. A value or schema that costs too many steps
  // or nests too deep is reported as a violation of keyword "limit".
  std::vector<Violation> validate(const Json& value) const;

  const CompiledSchema& compiled() const { return *compiled_; }

 private:
  explicit JsonSchema(std::shared_ptr<const CompiledSchema> compiled)
      : compiled_(std::move(compiled)) {}
  std::shared_ptr<const CompiledSchema> compiled_;
};

}  // namespace attune::grammar
