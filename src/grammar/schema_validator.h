// Walks a value and a compiled schema together. Used by JsonSchema::validate only.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "grammar/json_schema.h"

namespace attune::grammar {

// Which members of one object or items of one array some subschema has looked at (for
// unevaluated...).
using Seen = std::vector<char>;

class Validator {
 public:
  Validator(const CompiledSchema& schema, const ValidationBudget& budget)
      : schema_(schema),
        most_steps_(budget.steps),
        deadline_(std::chrono::steady_clock::now() + budget.time) {}
  std::vector<Violation> run(const Json& value);

 private:
  using Violations = std::vector<Violation>;

  // Checks `value` against a node. Violations are appended to `out`; what was looked at is added to
  // `seen` if valid.
  void evaluate(NodeId id, const Json& value, Seen* seen, Violations& out);
  bool spend(const Json& value, Violations& out);
  // A search that counts on the budget.
  Match search(const Pattern& pattern, std::string_view text);
  NodeId dynamic_target(const SchemaNode& node) const;

  // A subschema for the same value (allOf, $ref, ...): sees nothing of its siblings' marks.
  bool apply(NodeId id, const Json& value, Seen* seen, Violations& out);
  // A subschema for a member or item of the value.
  void descend(NodeId id, const Json& value, std::string_view step, Violations& out);
  void descend(NodeId id, const Json& value, std::size_t index, Violations& out);

  void check_type_and_values(const SchemaNode& node, const Json& value, Violations& out);
  void check_number(const SchemaNode& node, const Json& value, Violations& out);
  void check_string(const SchemaNode& node, const Json& value, Violations& out);
  void check_combinations(const SchemaNode& node, const Json& value, Seen* seen, Violations& out);
  void check_any_of(const SchemaNode& node, const Json& value, Seen* seen, Violations& out);
  void check_one_of(const SchemaNode& node, const Json& value, Seen* seen, Violations& out);
  void check_object(const SchemaNode& node, const Json& value, Seen* seen, Violations& out);
  void check_object_size_and_names(const SchemaNode& node, const Json& value, Violations& out);
  void check_dependents(const SchemaNode& node, const Json& value, Seen* seen, Violations& out);
  void check_array(const SchemaNode& node, const Json& value, Seen* seen, Violations& out);
  void check_contains(const SchemaNode& node, const Json& value, Seen* seen, Violations& out);
  void check_unique(const Json& value, Violations& out);
  void check_unevaluated(const SchemaNode& node, const Json& value, Seen* seen, Violations& out);
  void check_member(NodeId id, const std::string& key, const Json& member, std::string_view keyword,
                    Violations& out);

  void report(std::string_view keyword, std::string found, std::string wanted,
              Violations& out) const;
  const SchemaNode& node(NodeId id) const { return schema_.nodes[static_cast<std::size_t>(id)]; }

  const CompiledSchema& schema_;
  std::string path_;
  std::vector<std::size_t> resources_;  // that led here, outermost first
  std::int64_t steps_ = 0;
  std::int64_t most_steps_;
  std::chrono::steady_clock::time_point deadline_;
  int depth_ = 0;
  bool late_ = false;       // past the deadline
  bool exhausted_ = false;  // some limit was met
};

}  // namespace attune::grammar
