// Which of the values that a contract lists (enum) the answers have, and how often: a value that no
// training row has is one that the model never learns to give.
//
//   const std::vector<EnumField> fields = enum_fields(contract.document());
//   const EnumCoverage coverage = count_values(fields, answers);
//   coverage.missing();   // {"/customer/tier: \"plus\""}
//
// Followed are properties, items, prefixItems, allOf, anyOf, oneOf, then, else and references
// inside the document; "/items/*/kind" stands for every item. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"

namespace attune::data {

struct EnumField {
  std::string path;          // JSON pointer into an answer; "*" for any item
  std::vector<Json> values;  // in the contract's order
};
std::vector<EnumField> enum_fields(const Json& schema);

struct EnumCount {
  std::string path;
  Json value;
  std::int64_t count = 0;
};

struct EnumCoverage {
  std::vector<EnumCount> counts;  // in the order of fields and values
  std::int64_t covered() const;   // values with a count above 0
  std::vector<std::string> missing() const;
};

// `answers` as texts; those that are not JSON count nothing.
EnumCoverage count_values(std::span<const EnumField> fields, std::span<const std::string> answers);

// {"path": {"value": count}}, values as JSON texts.
Json to_json(const EnumCoverage& coverage);

}  // namespace attune::data
