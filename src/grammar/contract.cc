#include "grammar/contract.h"

#include <fmt/format.h>

#include "base/trim.h"
#include "grammar/canonical.h"

namespace attune::grammar {

namespace {

// Whether the document declares a contract for plain text; schema keywords beside that are refused.
Result<bool> declares_text(const Json& document, std::string_view where) {
  if (!document.is_object()) return false;
  const bool text = document.contains("x-pattern") ||
                    (document.contains("x-text") && document["x-text"] == Json(true));
  if (!text) return false;
  for (const auto& [key, ignored] : document.items()) {
    const bool note = key.starts_with("x-") || key.starts_with("$") || key == "title" ||
                      key == "description" || key == "examples";
    if (note) continue;
    return bad_input(
        {.where = std::string(where),
         .found = fmt::format("the schema keyword \"{}\" in a contract for plain text", key),
         .wanted = "x-pattern, x-text and x-glossary alone",
         .fix = "remove it, or remove x-pattern and x-text where answers are JSON"});
  }
  return true;
}

void add_forbidden_terms(Compliance& compliance) {
  for (const ForbiddenUse& use : compliance.terms.forbidden) {
    compliance.violations.push_back(
        {.path = "",
         .keyword = "x-glossary",
         .found = fmt::format("the forbidden term \"{}\"", use.found),
         .wanted = use.instead.empty() ? "another term" : fmt::format("\"{}\"", use.instead)});
  }
}

}  // namespace

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
  Contract contract(document, std::move(schema), std::move(glossary));
  ATTUNE_TRY(contract.for_text_, declares_text(document, where));
  if (!contract.for_text_ || !document.contains("x-pattern")) return contract;
  if (!document["x-pattern"].is_string()) {
    return bad_input({.where = std::string(where),
                      .found = "x-pattern is no text",
                      .wanted = "a regular expression",
                      .fix = "write it as a string"});
  }
  contract.pattern_text_ = document["x-pattern"].get<std::string>();
  // The whole answer is to match, not a part of it.
  Result<Regex> pattern = Regex::compile(fmt::format("^(?:{})$", contract.pattern_text_));
  if (!pattern) {
    Error error = std::move(pattern).error();
    error.where = fmt::format("{}: x-pattern", where);
    return Failure(std::move(error));
  }
  contract.pattern_ = std::move(*pattern);
  return contract;
}

Compliance Contract::check_text(std::string_view answer) const {
  Compliance compliance;
  const std::string_view text = trim(answer);
  const Match match = text.empty() ? Match::no : !pattern_ ? Match::yes : pattern_->search(text);
  if (match != Match::yes) {
    compliance.violations.push_back(
        {.path = "",
         .keyword = match == Match::exhausted ? "limit"
                    : pattern_                ? "x-pattern"
                                              : "x-text",
         .found = text.empty() ? "an empty answer" : excerpt_of_text(text),
         .wanted = pattern_ ? fmt::format("text that matches {} as a whole", pattern_text_)
                            : "an answer"});
  }
  compliance.terms = glossary_.check(text);
  add_forbidden_terms(compliance);
  compliance.ok = compliance.violations.empty();
  return compliance;
}

Compliance Contract::check(std::string_view answer) const {
  if (for_text_) return check_text(answer);
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
  if (for_text_)
    return check_text(answer.is_string() ? answer.get<std::string>() : to_text(answer));
  Compliance compliance;
  compliance.violations = schema_.validate(answer);
  compliance.terms = glossary_.check_strings(answer);
  add_forbidden_terms(compliance);
  compliance.parsed = answer;
  compliance.ok = compliance.violations.empty();
  return compliance;
}

}  // namespace attune::grammar
