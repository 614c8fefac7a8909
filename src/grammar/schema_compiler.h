// Turns a schema document into a CompiledSchema. Used by JsonSchema::compile only.
#pragma once

#include <string_view>

#include "base/result.h"
#include "grammar/json_schema.h"

namespace attune::grammar {

Result<CompiledSchema> compile_schema(const Json& document, std::string_view where,
                                      const SchemaOptions& options);

// Refuses schemas that refer to themselves without moving to a smaller part of the value, and
// chains of references so long that validation could exhaust the stack.
Result<void> check_reference_chains(const CompiledSchema& schema, std::string_view where);

}  // namespace attune::grammar
