// D021: every tool call of a conversation against the tools that the row declares: known name,
// arguments that are a JSON object and keep the parameter schema, results that answer a call, calls
// that are answered.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "data/check_place.h"
#include "grammar/json_schema.h"

namespace attune::data {

class ToolCheck {
 public:
  // `tools` may not exist. Both are values of one tree.
  void check(JsonRef messages, JsonRef tools, RowReporter& reporter);

 private:
  struct Tool {
    JsonRef at;
    const grammar::JsonSchema* parameters = nullptr;  // null: any arguments
  };
  using Tools = std::map<std::string, Tool, std::less<>>;

  Tools read_tools(JsonRef tools, RowReporter& reporter);
  const grammar::JsonSchema* schema_of(JsonRef parameters, RowReporter& reporter);
  void check_call(JsonRef call, const Tools& tools, bool declared, RowReporter& reporter);
  void check_arguments(JsonRef arguments, const Tool* tool, RowReporter& reporter);

  // Compiled once for each text: rows usually repeat their tools. Nothing: it does not compile.
  std::map<std::string, std::optional<grammar::JsonSchema>, std::less<>> schemas_;
};

}  // namespace attune::data
