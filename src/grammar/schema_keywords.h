// The keywords of JSON Schema, grouped by the kind of value they take, with the member of
// SchemaNode that each fills. Used by the compiler only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "grammar/json_schema.h"

namespace attune::grammar {

template <typename Member>
struct Keyword {
  std::string_view name;
  Member member;
};

inline constexpr std::array<Keyword<std::optional<std::int64_t> SchemaNode::*>, 8> kCounts{{
    {"minLength", &SchemaNode::min_length},
    {"maxLength", &SchemaNode::max_length},
    {"minProperties", &SchemaNode::min_properties},
    {"maxProperties", &SchemaNode::max_properties},
    {"minItems", &SchemaNode::min_items},
    {"maxItems", &SchemaNode::max_items},
    {"minContains", &SchemaNode::min_contains},
    {"maxContains", &SchemaNode::max_contains},
}};

inline constexpr std::array<Keyword<std::optional<Number> SchemaNode::*>, 5> kNumbers{{
    {"minimum", &SchemaNode::minimum},
    {"maximum", &SchemaNode::maximum},
    {"exclusiveMinimum", &SchemaNode::exclusive_minimum},
    {"exclusiveMaximum", &SchemaNode::exclusive_maximum},
    {"multipleOf", &SchemaNode::multiple_of},
}};

inline constexpr std::array<Keyword<NodeId SchemaNode::*>, 9> kSchemas{{
    {"additionalProperties", &SchemaNode::additional_properties},
    {"propertyNames", &SchemaNode::property_names},
    {"unevaluatedProperties", &SchemaNode::unevaluated_properties},
    {"contains", &SchemaNode::contains},
    {"unevaluatedItems", &SchemaNode::unevaluated_items},
    {"not", &SchemaNode::negated},
    {"if", &SchemaNode::condition},
    {"then", &SchemaNode::consequence},
    {"else", &SchemaNode::alternative},
}};

inline constexpr std::array<Keyword<std::vector<NodeId> SchemaNode::*>, 4> kSchemaLists{{
    {"allOf", &SchemaNode::all_of},
    {"anyOf", &SchemaNode::any_of},
    {"oneOf", &SchemaNode::one_of},
    {"prefixItems", &SchemaNode::prefix_items},
}};

inline constexpr std::array<Keyword<std::uint8_t>, 7> kTypes{{
    {"null", kNull},
    {"boolean", kBoolean},
    {"object", kObject},
    {"array", kArray},
    {"number", kNumber},
    {"string", kString},
    {"integer", kInteger},
}};

template <typename Table>
auto find_keyword(const Table& table, std::string_view name) {
  const auto* found = table.begin();
  while (found != table.end() && found->name != name) ++found;
  return found;
}

}  // namespace attune::grammar
