#include "grammar/schema_dialect.h"

#include <array>

#include <fmt/format.h>

#include "grammar/canonical.h"
#include "grammar/uri.h"

namespace attune::grammar {

namespace {

using D = Dialect;
using K = ValueKind;
using V = Vocabulary;

constexpr std::array kKeywords = std::to_array<KeywordEntry>({
    {"$schema", V::note, K::reference},
    {"$comment", V::note, K::text, D::draft_7},
    {"title", V::note, K::text},
    {"description", V::note, K::text},
    {"default", V::note, K::any},
    {"examples", V::note, K::values, D::draft_6},
    {"deprecated", V::note, K::flag, D::draft_2019_09},
    {"readOnly", V::note, K::flag, D::draft_7},
    {"writeOnly", V::note, K::flag, D::draft_7},
    {"contentMediaType", V::note, K::text, D::draft_7},
    {"contentEncoding", V::note, K::text, D::draft_7},
    {"contentSchema", V::note, K::schema, D::draft_2019_09},
    {"$vocabulary", V::core, K::any, D::draft_2019_09},
    {"id", V::core, K::reference, D::draft_4, D::draft_4},
    {"$id", V::core, K::reference, D::draft_6},
    {"$ref", V::core, K::reference},
    {"$anchor", V::core, K::text, D::draft_2019_09},
    {"$recursiveRef", V::core, K::reference, D::draft_2019_09, D::draft_2019_09},
    {"$recursiveAnchor", V::core, K::flag, D::draft_2019_09, D::draft_2019_09},
    {"$dynamicRef", V::core, K::reference, D::draft_2020_12},
    {"$dynamicAnchor", V::core, K::text, D::draft_2020_12},
    {"$defs", V::core, K::schema_map},
    {"definitions", V::core, K::schema_map},
    {"properties", V::applicator, K::schema_map},
    {"patternProperties", V::applicator, K::pattern_map},
    {"additionalProperties", V::applicator, K::schema_or_boolean},
    {"propertyNames", V::applicator, K::schema, D::draft_6},
    {"dependencies", V::applicator, K::dependencies},
    {"dependentSchemas", V::applicator, K::schema_map, D::draft_2019_09},
    {"prefixItems", V::applicator, K::schema_list, D::draft_2020_12},
    {"items", V::applicator, K::items},
    {"additionalItems", V::applicator, K::schema_or_boolean},
    {"contains", V::applicator, K::schema, D::draft_6},
    {"allOf", V::applicator, K::schema_list},
    {"anyOf", V::applicator, K::schema_list},
    {"oneOf", V::applicator, K::schema_list},
    {"not", V::applicator, K::schema},
    {"if", V::applicator, K::schema, D::draft_7},
    {"then", V::applicator, K::schema, D::draft_7},
    {"else", V::applicator, K::schema, D::draft_7},
    {"unevaluatedProperties", V::unevaluated, K::schema, D::draft_2019_09},
    {"unevaluatedItems", V::unevaluated, K::schema, D::draft_2019_09},
    {"type", V::validation, K::types},
    {"enum", V::validation, K::values},
    {"const", V::validation, K::any, D::draft_6},
    {"minimum", V::validation, K::number},
    {"maximum", V::validation, K::number},
    {"exclusiveMinimum", V::validation, K::limit},
    {"exclusiveMaximum", V::validation, K::limit},
    {"multipleOf", V::validation, K::positive},
    {"minLength", V::validation, K::count},
    {"maxLength", V::validation, K::count},
    {"pattern", V::validation, K::pattern},
    {"minItems", V::validation, K::count},
    {"maxItems", V::validation, K::count},
    {"uniqueItems", V::validation, K::flag},
    {"minContains", V::validation, K::count, D::draft_2019_09},
    {"maxContains", V::validation, K::count, D::draft_2019_09},
    {"minProperties", V::validation, K::count},
    {"maxProperties", V::validation, K::count},
    {"required", V::validation, K::texts},
    {"dependentRequired", V::validation, K::texts_map, D::draft_2019_09},
    {"format", V::core, K::text},
});

struct DialectEntry {
  Dialect dialect;
  std::string_view name;
  std::string_view address;
};

constexpr std::array kDialects = std::to_array<DialectEntry>({
    {D::draft_4, "draft 4", "http://json-schema.org/draft-04/schema"},
    {D::draft_6, "draft 6", "http://json-schema.org/draft-06/schema"},
    {D::draft_7, "draft 7", "http://json-schema.org/draft-07/schema"},
    {D::draft_2019_09, "draft 2019-09", "https://json-schema.org/draft/2019-09/schema"},
    {D::draft_2020_12, "draft 2020-12", "https://json-schema.org/draft/2020-12/schema"},
});

const DialectEntry& entry_of(Dialect dialect) {
  const auto index = static_cast<std::size_t>(dialect);
  return kDialects[index < kDialects.size() ? index : kDialects.size() - 1];
}

// The name behind ".../vocab/", or "" for an address of another kind.
std::string vocabulary_name(std::string_view address) {
  for (std::string_view start : {"https://json-schema.org/draft/2019-09/vocab/",
                                 "https://json-schema.org/draft/2020-12/vocab/"}) {
    if (address.starts_with(start)) return std::string(address.substr(start.size()));
  }
  return "";
}

bool is_known_vocabulary(std::string_view name) {
  constexpr std::array<std::string_view, 9> kKnown{
      "core",   "applicator",        "unevaluated",      "validation", "meta-data",
      "format", "format-annotation", "format-assertion", "content"};
  for (std::string_view known : kKnown) {
    if (known == name) return true;
  }
  return false;
}

Result<Rules> rules_of_metaschema(const Json& metaschema, Dialect dialect, std::string_view where) {
  Rules rules{.dialect = dialect};
  if (!metaschema.contains("$vocabulary") || dialect < D::draft_2019_09) return rules;
  rules.applicators = rules.unevaluated = rules.validation = false;
  for (const auto& [address, needed] : metaschema["$vocabulary"].items()) {
    const std::string name = vocabulary_name(address);
    if (!is_known_vocabulary(name)) {
      if (needed != Json(true)) continue;
      return bad_input({.where = std::string(where),
                        .found = fmt::format("a metaschema that needs the vocabulary {}", address),
                        .wanted = "vocabularies of JSON Schema itself"});
    }
    if (name == "applicator") rules.applicators = true;
    if (name == "validation") rules.validation = true;
    // Draft 2019-09 has unevaluated... in the vocabulary of the applicators.
    if (name == (dialect == D::draft_2019_09 ? "applicator" : "unevaluated")) {
      rules.unevaluated = true;
    }
  }
  return rules;
}

std::string address_of(const Json& declared) {
  if (!declared.is_string()) return "";
  const SplitUri parts = split_fragment(declared.get<std::string>());
  return parts.fragment.empty() ? parts.document : "";
}

}  // namespace

std::span<const KeywordEntry> keyword_table() { return kKeywords; }

const KeywordEntry* find_keyword_entry(std::string_view name) {
  for (const KeywordEntry& entry : kKeywords) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::string_view dialect_name(Dialect dialect) { return entry_of(dialect).name; }
std::string_view dialect_address(Dialect dialect) { return entry_of(dialect).address; }

std::optional<Dialect> find_dialect(std::string_view address) {
  for (const DialectEntry& entry : kDialects) {
    if (entry.address == address) return entry.dialect;
  }
  return std::nullopt;
}

Result<Rules> rules_declared(const Json& declared, const SchemaDocuments& documents,
                             std::string_view where) {
  const std::string address = address_of(declared);
  if (const auto dialect = find_dialect(address)) return Rules{.dialect = *dialect};
  const auto metaschema = documents.find(address);
  if (metaschema != documents.end() && metaschema->second.is_object() &&
      metaschema->second.contains("$schema")) {
    const auto dialect = find_dialect(address_of(metaschema->second["$schema"]));
    if (dialect) return rules_of_metaschema(metaschema->second, *dialect, where);
  }
  return bad_input({.where = std::string(where),
                    .found = excerpt(declared),
                    .wanted = "draft 2020-12, 2019-09, 7, 6 or 4",
                    .fix = "declare \"https://json-schema.org/draft/2020-12/schema\""});
}

}  // namespace attune::grammar
