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
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grammar/glossary.h"
#include "grammar/json_schema.h"
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
  const Json& document() const { return document_; }

 private:
  Contract(Json document, JsonSchema schema, Glossary glossary)
      : document_(std::move(document)),
        schema_(std::move(schema)),
        glossary_(std::move(glossary)) {}

  Json document_;
  JsonSchema schema_;
  Glossary glossary_;
};

}  // namespace attune::grammar
