// The contract: what every answer must look like. One file, a JSON Schema with an optional
// "x-glossary" beside its keywords, is used to check training data, to score answers and to explain
// what is wrong with them.
//
//   ATTUNE_TRY(Contract contract, Contract::load("ticket.schema.json"));
//   Compliance compliance = contract.check(answer_text);
//   if (!compliance.ok) print(compliance.violations[0].message());
//
// An answer is compliant when its text, white space around it aside, is exactly one JSON document,
// valid under the schema, and none of its strings uses a forbidden term.
//
// A file with "x-pattern" (a regular expression of ECMA-262) or "x-text": true in place of schema
// keywords is a contract for answers in plain text: the whole text, white space around it aside,
// matches the pattern and uses no forbidden term.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grammar/glossary.h"
#include "grammar/json_schema.h"
#include "grammar/regex.h"
#include "io/json.h"

namespace attune::grammar {

struct Compliance {
  bool ok = false;
  std::optional<Json> parsed;  // absent when the text is not one JSON document
  std::vector<Violation> violations;
  GlossaryUse terms;
};

class Contract {
 public:
  static Result<Contract> load(const std::filesystem::path& path);
  static Result<Contract> from_json(const Json& document, std::string_view where);

  Compliance check(std::string_view answer) const;
  Compliance check_value(const Json& answer) const;  // an answer already parsed

  const JsonSchema& schema() const { return schema_; }
  const Glossary& glossary() const { return glossary_; }
  bool is_for_text() const { return for_text_; }
  const std::string& pattern() const { return pattern_text_; }  // empty: any text
  const Json& document() const { return document_; }

 private:
  Contract(Json document, JsonSchema schema, Glossary glossary)
      : document_(std::move(document)),
        schema_(std::move(schema)),
        glossary_(std::move(glossary)) {}

  Compliance check_text(std::string_view answer) const;

  Json document_;
  JsonSchema schema_;
  Glossary glossary_;
  bool for_text_ = false;
  std::string pattern_text_;
  std::optional<Regex> pattern_;
};

}  // namespace attune::grammar
