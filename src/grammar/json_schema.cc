#include "grammar/json_schema.h"

#include <fmt/format.h>

#include "grammar/schema_compiler.h"
#include "grammar/schema_validator.h"

namespace attune::grammar {

std::string Violation::message() const {
  return fmt::format("{}: found {}; wanted {} ({})", path.empty() ? "the answer" : path, found,
                     wanted, keyword);
}

Result<JsonSchema> JsonSchema::compile(const Json& document, std::string_view where,
                                       const SchemaOptions& options) {
  ATTUNE_TRY(CompiledSchema compiled, compile_schema(document, where, options));
  return JsonSchema(std::make_shared<const CompiledSchema>(std::move(compiled)));
}

std::vector<Violation> JsonSchema::validate(const Json& value,
                                            const ValidationBudget& budget) const {
  return Validator(*compiled_, budget).run(value);
}

}  // namespace attune::grammar
