// The part of the validator that looks into objects and arrays.
#include <unordered_map>

#include <fmt/format.h>

#include "grammar/canonical.h"
#include "grammar/schema_validator.h"

namespace attune::grammar {

namespace {

void mark(Seen* seen, std::size_t index) {
  if (seen != nullptr) (*seen)[index] = 1;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

// A member that a `false` schema forbids is named, instead of "nothing here".
void Validator::check_member(NodeId id, const std::string& key, const Json& member,
                             std::string_view keyword, Violations& out) {
  if (node(id).is_false) {
    report(keyword, fmt::format("the extra property \"{}\"", excerpt_of_text(key)),
           "only the declared properties", out);
  } else {
    descend(id, member, key, out);
  }
}

void Validator::check_object(const SchemaNode& schema, const Json& value, Seen* seen,
                             Violations& out) {
  check_object_size_and_names(schema, value, out);
  std::size_t index = 0;
  for (const auto& [key, member] : value.items()) {
    bool declared = false;
    if (const auto property = schema.properties.find(key); property != schema.properties.end()) {
      declared = true;
      descend(property->second, member, key, out);
    }
    for (const auto& [pattern, id] : schema.pattern_properties) {
      const Match match = search(pattern, key);
      if (match == Match::exhausted) declared = true;  // not known; the limit is the fault
      if (match == Match::exhausted && !late_) {
        report("limit", fmt::format("\"{}\", on which the pattern takes too many steps", key),
               pattern.text, out);
      }
      if (match != Match::yes) continue;
      declared = true;
      check_member(id, key, member, "patternProperties", out);
    }
    if (!declared && schema.additional_properties != kNoNode) {
      declared = true;
      check_member(schema.additional_properties, key, member, "additionalProperties", out);
    }
    if (declared) mark(seen, index);
    ++index;
  }
  check_dependents(schema, value, seen, out);
}

void Validator::check_object_size_and_names(const SchemaNode& schema, const Json& value,
                                            Violations& out) {
  for (const std::string& name : schema.required) {
    if (!value.contains(name))
      report("required", "no such property", fmt::format("the property \"{}\"", name), out);
  }
  const auto size = static_cast<std::int64_t>(value.size());
  if (schema.min_properties && size < *schema.min_properties) {
    report("minProperties", counted(value.size(), "property", "properties"),
           fmt::format("at least {}", *schema.min_properties), out);
  }
  if (schema.max_properties && size > *schema.max_properties) {
    report("maxProperties", counted(value.size(), "property", "properties"),
           fmt::format("at most {}", *schema.max_properties), out);
  }
  if (schema.property_names == kNoNode) return;
  for (const auto& [key, member] : value.items()) {
    Violations failed;
    evaluate(schema.property_names, Json(key), nullptr, failed);
    if (!failed.empty()) {
      report("propertyNames", fmt::format("the name \"{}\"", excerpt_of_text(key)),
             failed[0].wanted, out);
    }
  }
}

void Validator::check_dependents(const SchemaNode& schema, const Json& value, Seen* seen,
                                 Violations& out) {
  for (const auto& [name, wanted] : schema.dependent_required) {
    if (!value.contains(name)) continue;
    for (const std::string& other : wanted) {
      if (!value.contains(other)) {
        report("dependentRequired", fmt::format("\"{}\" without \"{}\"", name, other),
               fmt::format("the property \"{}\" too", other), out);
      }
    }
  }
  for (const auto& [name, id] : schema.dependent_schemas) {
    if (value.contains(name)) apply(id, value, seen, out);
  }
}

void Validator::check_array(const SchemaNode& schema, const Json& value, Seen* seen,
                            Violations& out) {
  const auto size = static_cast<std::int64_t>(value.size());
  if (schema.min_items && size < *schema.min_items) {
    report("minItems", counted(value.size(), "item", "items"),
           fmt::format("at least {}", *schema.min_items), out);
  }
  if (schema.max_items && size > *schema.max_items) {
    report("maxItems", counted(value.size(), "item", "items"),
           fmt::format("at most {}", *schema.max_items), out);
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    NodeId id = schema.items;
    if (i < schema.prefix_items.size()) id = schema.prefix_items[i];
    if (id == kNoNode) continue;
    descend(id, value[i], i, out);
    mark(seen, i);
  }
  if (schema.contains != kNoNode) check_contains(schema, value, seen, out);
  if (schema.unique_items) check_unique(value, out);
}

void Validator::check_contains(const SchemaNode& schema, const Json& value, Seen* seen,
                               Violations& out) {
  std::int64_t matched = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    Violations ignored;
    if (!apply(schema.contains, value[i], nullptr, ignored)) continue;
    ++matched;
    if (schema.contains_evaluates) mark(seen, i);
  }
  const std::int64_t least = schema.min_contains.value_or(1);
  if (matched < least) {
    report(schema.min_contains ? "minContains" : "contains",
           fmt::format("{} fitting", counted(static_cast<std::size_t>(matched), "item", "items")),
           fmt::format("at least {} that the schema under \"contains\" accepts", least), out);
  }
  if (schema.max_contains && matched > *schema.max_contains) {
    report("maxContains",
           fmt::format("{} fitting", counted(static_cast<std::size_t>(matched), "item", "items")),
           fmt::format("at most {}", *schema.max_contains), out);
  }
}

void Validator::check_unique(const Json& value, Violations& out) {
  std::unordered_map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto [place, is_new] = first.emplace(canonical_text(value[i]), i);
    if (is_new) continue;
    report("uniqueItems",
           fmt::format("items {} and {} equal, {}", place->second, i, excerpt(value[i])),
           "different items", out);
    return;
  }
}

}  // namespace attune::grammar
