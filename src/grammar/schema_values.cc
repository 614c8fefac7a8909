#include "grammar/schema_values.h"

#include <fmt/format.h>

#include "grammar/canonical.h"
#include "grammar/schema_keywords.h"

namespace attune::grammar {

namespace {

Result<std::int64_t> read_count(const SchemaPlace& place, const Json& value) {
  if (!value.is_number() || !is_whole(value) || to_long_double(value) < 0 ||
      to_long_double(value) > 9e18L) {
    return place.refuse(excerpt(value), "a whole number of 0 or more");
  }
  return static_cast<std::int64_t>(to_long_double(value));
}

Result<Number> read_number(const SchemaPlace& place, const std::string& key, const Json& value) {
  if (!value.is_number()) {
    const bool flag = key.starts_with("exclusive") && value.is_boolean();
    return place.refuse(
        excerpt(value), "a number",
        flag ? "write the limit itself here, or declare draft 4 in $schema" : std::string());
  }
  if (key == "multipleOf" && to_long_double(value) <= 0) {
    return place.refuse(excerpt(value), "a number above 0");
  }
  return to_number(value);
}

// Draft 4: a flag that makes the bound beside it exclusive.
Result<void> read_exclusive_flag(const SchemaPlace& place, const Json& schema,
                                 const std::string& key) {
  const char* bound = key == "exclusiveMinimum" ? "minimum" : "maximum";
  if (!schema[key].is_boolean()) {
    return place.refuse(excerpt(schema[key]), "true or false",
                        "declare a later draft than 4 in $schema to write the limit itself here");
  }
  if (schema[key] == Json(true) && !schema.contains(bound)) {
    return place.refuse("true", fmt::format("\"{}\" beside it", bound));
  }
  return {};
}

Result<void> read_bound(const SchemaPlace& place, const Rules& rules, const Json& schema,
                        const std::string& key, SchemaNode& node,
                        std::optional<Number> SchemaNode::*member) {
  if (rules.dialect == Dialect::draft_4) {
    if (key.starts_with("exclusive")) return read_exclusive_flag(place, schema, key);
    const auto is_exclusive = [&](const char* flag) {
      return schema.contains(flag) && schema[flag] == Json(true);
    };
    if (key == "minimum" && is_exclusive("exclusiveMinimum")) {
      member = &SchemaNode::exclusive_minimum;
    }
    if (key == "maximum" && is_exclusive("exclusiveMaximum")) {
      member = &SchemaNode::exclusive_maximum;
    }
  }
  ATTUNE_TRY(node.*member, read_number(place, key, schema[key]));
  return {};
}

Result<void> read_type(const SchemaPlace& place, const Rules& rules, const Json& value,
                       SchemaNode& node) {
  const Json list = value.is_array() ? value : Json::array({value});
  if (list.empty()) return place.refuse(excerpt(value), "at least one type");
  for (const Json& name : list) {
    const auto* entry =
        name.is_string() ? find_keyword(kTypes, name.get<std::string>()) : kTypes.end();
    if (entry == kTypes.end()) {
      return place.refuse(excerpt(name), "null, boolean, object, array, number, string or integer");
    }
    // In draft 4 an integer is a number written without a fraction; later 1.0 is one too.
    const bool as_written = entry->member == kInteger && rules.dialect == Dialect::draft_4;
    const std::uint8_t bit = as_written ? std::uint8_t{kWrittenInteger} : entry->member;
    node.types = static_cast<std::uint8_t>(node.types | bit);
    if (!node.types_wanted.empty()) node.types_wanted += " or ";
    node.types_wanted += entry->name;
  }
  return {};
}

ValueSet set_of(const Json& list) {
  ValueSet set;
  for (const Json& member : list) {
    set.canonical.insert(canonical_text(member));
    if (!set.wanted.empty()) set.wanted += ", ";
    set.wanted += excerpt(member, 40);
  }
  if (list.size() > 1) set.wanted = "one of " + set.wanted;
  if (list.empty()) set.wanted = "nothing (the list is empty)";
  return set;
}

Result<void> read_format(const SchemaPlace& place, const Json& value, bool assert_formats,
                         SchemaNode& node) {
  if (!value.is_string()) return place.refuse(excerpt(value), "a string");
  if (!assert_formats) return {};
  node.format_name = value.get<std::string>();
  node.format = find_format(node.format_name);
  if (node.format == nullptr) {
    return place.refuse(excerpt(value), "one of " + supported_formats(),
                        "use \"pattern\" for other forms");
  }
  return {};
}

}  // namespace

SchemaPlace SchemaPlace::below(std::string_view key) const {
  return {where, pointer + pointer_step(key)};
}

std::string SchemaPlace::text() const {
  const bool inside = pointer.empty() || pointer.front() == '/';
  return inside ? fmt::format("{}#{}", where, pointer) : fmt::format("{}: {}", where, pointer);
}

Failure SchemaPlace::refuse(std::string found, std::string wanted, std::string fix) const {
  return bad_input({.where = text(),
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = std::move(fix)});
}

Result<void> check_draft(const SchemaPlace& place, Dialect dialect, const KeywordEntry& entry) {
  if (dialect >= entry.first && dialect <= entry.last) return {};
  const bool later = dialect < entry.first;
  const Dialect other = later ? entry.first : entry.last;
  const std::string_view range = entry.first == entry.last ? " only" : " and later";
  return place.refuse(
      fmt::format("the keyword \"{}\", which is of {}{}", entry.name, dialect_name(other), range),
      fmt::format("keywords of {}", dialect_name(dialect)),
      fmt::format("declare \"{}\" in $schema, or leave it out", dialect_address(other)));
}

Result<Pattern> read_pattern(const SchemaPlace& place, const std::string& text) {
  Result<Regex> regex = Regex::compile(text);
  if (!regex) return place.refuse(regex.error().found, regex.error().wanted);
  return Pattern{*std::move(regex), text};
}

Result<std::vector<std::string>> read_names(const SchemaPlace& place, const Json& value) {
  if (!value.is_array()) return place.refuse(excerpt(value), "an array of strings");
  std::vector<std::string> names;
  for (const Json& name : value) {
    if (!name.is_string()) return place.refuse(excerpt(name), "a string");
    names.push_back(name.get<std::string>());
  }
  return names;
}

Result<bool> read_value_keyword(const SchemaPlace& here, const Rules& rules, bool assert_formats,
                                const Json& schema, const std::string& key, SchemaNode& node) {
  const SchemaPlace place = here.below(key);
  const Json& value = schema[key];
  if (const auto* entry = find_keyword(kCounts, key); entry != kCounts.end()) {
    ATTUNE_TRY(node.*(entry->member), read_count(place, value));
  } else if (const auto* bound = find_keyword(kNumbers, key); bound != kNumbers.end()) {
    ATTUNE_TRY_VOID(read_bound(place, rules, schema, key, node, bound->member));
  } else if (key == "type") {
    ATTUNE_TRY_VOID(read_type(place, rules, value, node));
  } else if (key == "enum") {
    if (!value.is_array()) return place.refuse(excerpt(value), "an array");
    node.enumeration = set_of(value);
  } else if (key == "const") {
    node.constant = set_of(Json::array({value}));
  } else if (key == "required") {
    ATTUNE_TRY(node.required, read_names(place, value));
  } else if (key == "pattern") {
    if (!value.is_string()) return place.refuse(excerpt(value), "a string");
    ATTUNE_TRY(node.pattern, read_pattern(place, value.get<std::string>()));
  } else if (key == "uniqueItems") {
    if (!value.is_boolean()) return place.refuse(excerpt(value), "true or false");
    node.unique_items = value.get<bool>();
  } else if (key == "format") {
    ATTUNE_TRY_VOID(read_format(place, value, assert_formats, node));
  } else {
    return false;
  }
  return true;
}

}  // namespace attune::grammar
