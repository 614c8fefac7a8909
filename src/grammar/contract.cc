#include "grammar/contract.h"

#include <fmt/format.h>

#include "grammar/canonical.h"

namespace attune::grammar {

Result<Contract> Contract::load(const std::filesystem::path& path) {
  ATTUNE_TRY(Json document, read_json(path));
  return from_json(document, path.string());
}

Result<Contract> Contract::from_json(const Json& document, std::string_view where) {
  ATTUNE_TRY(JsonSchema schema, JsonSchema::compile(document, where));
  Glossary glossary;
  if (document.is_object() && document.contains("x-glossary")) {
    ATTUNE_TRY(glossary, Glossary::compile(document["x-glossary"], where));
  }
  return Contract(document, std::move(schema), std::move(glossary));
}

Compliance Contract::check(std::string_view answer) const {
  Result<Json> parsed = parse_json(answer, "answer");
  if (!parsed) {
    Compliance compliance;
    const bool blank = answer.find_first_not_of(" \t\r\n") == std::string_view::npos;
    compliance.violations.push_back(
        {.path = "",
         .keyword = "json",
         .found = blank ? "an empty answer"
                        : fmt::format("{} ({}: {})", excerpt(Json(answer)), parsed.error().where,
                                      parsed.error().found),
         .wanted = "exactly one JSON document"});
    return compliance;
  }
  return check_value(*parsed);
}

Compliance Contract::check_value(const Json& answer) const {
  Compliance compliance;
  compliance.violations = schema_.validate(answer);
  compliance.terms = glossary_.check_strings(answer);
  for (const ForbiddenUse& use : compliance.terms.forbidden) {
    compliance.violations.push_back(
        {.path = "",
         .keyword = "x-glossary",
         .found = fmt::format("the forbidden term \"{}\"", use.found),
         .wanted = use.instead.empty() ? "another term" : fmt::format("\"{}\"", use.instead)});
  }
  compliance.parsed = answer;
  compliance.ok = compliance.violations.empty();
  return compliance;
}

}  // namespace attune::grammar
