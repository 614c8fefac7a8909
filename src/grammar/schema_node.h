// The compiled form of a JSON Schema: one SchemaNode for each subschema, referring to each other by
// index. The validator walks it; token masks are built from the same form.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "grammar/formats.h"
#include "grammar/number.h"
#include "grammar/regex.h"

namespace attune::grammar {

using NodeId = std::int32_t;
constexpr NodeId kNoNode = -1;

// Bits of SchemaNode::types.
enum TypeBit : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kObject = 4,
  kArray = 8,
  kNumber = 16,  // integers included
  kString = 32,
  kInteger = 64,
  kWrittenInteger = 128,  // draft 4: written without a fraction
};

// The values of enum or const: canonical texts, and how to name them in a message.
struct ValueSet {
  std::unordered_set<std::string> canonical;
  std::string wanted;
};

struct Pattern {
  Regex regex;
  std::string text;
};

struct SchemaNode {
  std::string location;      // JSON pointer in the schema document
  std::size_t resource = 0;  // the schema with an $id of its own that this one belongs to
  bool is_false = false;     // the schema `false`
  std::uint8_t types = 0;    // allowed types; 0: any
  std::string types_wanted;  // "string or null"
  std::optional<ValueSet> enumeration;
  std::optional<ValueSet> constant;

  std::optional<Number> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;

  std::optional<std::int64_t> min_length, max_length;  // code points
  std::optional<Pattern> pattern;
  FormatCheck format = nullptr;
  std::string format_name;

  std::optional<std::int64_t> min_properties, max_properties;
  std::vector<std::string> required;
  std::map<std::string, NodeId, std::less<>> properties;
  std::vector<std::pair<Pattern, NodeId>> pattern_properties;
  NodeId additional_properties = kNoNode;
  NodeId property_names = kNoNode;
  NodeId unevaluated_properties = kNoNode;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  std::vector<std::pair<std::string, NodeId>> dependent_schemas;

  std::optional<std::int64_t> min_items, max_items;
  bool unique_items = false;
  std::vector<NodeId> prefix_items;
  NodeId items = kNoNode;  // the items after prefix_items
  NodeId contains = kNoNode;
  std::optional<std::int64_t> min_contains, max_contains;
  bool contains_evaluates = true;  // what fits `contains` counts as looked at (since 2020-12)
  NodeId unevaluated_items = kNoNode;

  // Applied to the same value.
  NodeId reference = kNoNode;
  // $dynamicRef and $recursiveRef: this node, unless `dynamic_anchor` is set and one of the
  // resources that led here has that anchor; then the anchor of the outermost of these.
  NodeId dynamic_reference = kNoNode;
  std::optional<std::string> dynamic_anchor;
  std::vector<NodeId> all_of, any_of, one_of;
  NodeId negated = kNoNode;
  NodeId condition = kNoNode, consequence = kNoNode, alternative = kNoNode;
};

struct CompiledSchema {
  std::vector<SchemaNode> nodes;
  NodeId root = 0;
  std::vector<std::map<std::string, NodeId>> dynamic_anchors;  // of each resource, by name
  bool tracks_evaluated = false;  // some node uses unevaluatedProperties or unevaluatedItems
};

}  // namespace attune::grammar
