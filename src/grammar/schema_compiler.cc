// One pass over the document makes a node for each subschema and remembers $id, $anchor and $ref; a
// second resolves the references. Keywords with the same kind of value share one handler through
// the tables below. The compiler is one class whose parts share all its state, so it stays in one
// file of about 400 lines.
#include "grammar/schema_compiler.h"

#include <unordered_map>

#include <fmt/format.h>

#include "grammar/canonical.h"
#include "grammar/schema_keywords.h"
#include "grammar/uri.h"

namespace attune::grammar {

namespace {

constexpr int kMaxDepth = 400;

// A subschema being compiled.
struct Here {
  const Json& schema;
  std::string pointer;
  std::string base;  // absolute URI without fragment; "" for a document without $id
  int depth;
};

struct PendingReference {
  NodeId from;
  std::string base;
  std::string target;
  std::string pointer;
};

class Compiler {
 public:
  Compiler(std::string_view where, const SchemaOptions& options)
      : where_(where), dialect_(options.default_dialect), assert_formats_(options.assert_formats) {}

  Result<CompiledSchema> run(const Json& document) {
    ATTUNE_TRY_VOID(choose_dialect(document));
    resources_[""] = "";
    ATTUNE_TRY(compiled_.root, compile({document, "", "", 0}));
    for (const PendingReference& pending : references_) ATTUNE_TRY_VOID(resolve(pending));
    ATTUNE_TRY_VOID(check_reference_chains(compiled_, where_));
    return std::move(compiled_);
  }

 private:
  Failure refuse(std::string_view pointer, std::string found, std::string wanted,
                 std::string fix = "") const {
    return bad_input({.where = fmt::format("{}#{}", where_, pointer),
                      .found = std::move(found),
                      .wanted = std::move(wanted),
                      .fix = std::move(fix)});
  }

  Result<void> choose_dialect(const Json& document) {
    if (!document.is_object() || !document.contains("$schema")) return {};
    const Json& declared = document["$schema"];
    const std::string name =
        declared.is_string() ? split_fragment(declared.get<std::string>()).document : "";
    const auto* entry = find_keyword(kDialects, name);
    if (entry == kDialects.end()) {
      return refuse("/$schema", excerpt(declared), "draft 2020-12, 2019-09, 7 or 6",
                    "declare \"https://json-schema.org/draft/2020-12/schema\"");
    }
    dialect_ = entry->member;
    return {};
  }

  Result<NodeId> compile(const Here& here) {
    if (here.depth > kMaxDepth) {
      return refuse(here.pointer, "a subschema nested too deep",
                    fmt::format("at most {} levels", kMaxDepth));
    }
    const NodeId id = static_cast<NodeId>(compiled_.nodes.size());
    compiled_.nodes.emplace_back();
    by_pointer_[here.pointer] = id;
    SchemaNode node;
    node.location = here.pointer;
    if (here.schema.is_boolean()) {
      node.is_false = !here.schema.get<bool>();
    } else if (here.schema.is_object()) {
      ATTUNE_TRY_VOID(compile_object(here, id, node));
    } else {
      return refuse(here.pointer, excerpt(here.schema), "a schema: an object, true or false");
    }
    compiled_.nodes[static_cast<std::size_t>(id)] = std::move(node);
    return id;
  }

  Result<void> compile_object(const Here& here, NodeId id, SchemaNode& node) {
    // Draft 7: $ref hides its siblings, but definitions beside it can still be referred to.
    const bool reference_only = dialect_ == Dialect::draft_7 && here.schema.contains("$ref");
    Here inner{here.schema, here.pointer, here.base, here.depth};
    if (!reference_only) ATTUNE_TRY_VOID(register_identity(inner, id));
    for (const auto& [key, value] : here.schema.items()) {
      const bool kept = key == "$ref" || key == "definitions" || key == "$defs";
      if (reference_only && !kept) continue;
      ATTUNE_TRY_VOID(keyword(inner, id, node, key, value));
    }
    return {};
  }

  // $id changes the base of everything below; $anchor (draft 7: $id "#name") names this place.
  Result<void> register_identity(Here& here, NodeId id) {
    for (const char* name : {"$id", "$anchor"}) {
      if (here.schema.contains(name) && !here.schema[name].is_string()) {
        return refuse(here.pointer + "/" + name, excerpt(here.schema[name]), "a string");
      }
    }
    if (here.schema.contains("$id")) {
      const SplitUri parts = split_fragment(here.schema["$id"].get<std::string>());
      if (!parts.document.empty()) {
        here.base = resolve_uri(here.base, parts.document);
        if (!resources_.emplace(here.base, here.pointer).second) {
          return refuse(here.pointer + "/$id", fmt::format("\"{}\" a second time", here.base),
                        "one $id for one schema");
        }
      }
      if (!parts.fragment.empty()) anchors_[here.base + "#" + parts.fragment] = id;
    }
    if (here.pointer.empty()) resources_[here.base] = "";
    if (here.schema.contains("$anchor")) {
      const std::string name = here.base + "#" + here.schema["$anchor"].get<std::string>();
      if (!anchors_.emplace(name, id).second) {
        return refuse(here.pointer + "/$anchor", fmt::format("\"{}\" a second time", name),
                      "one anchor of a name");
      }
    }
    return {};
  }

  Result<NodeId> child(const Here& here, const Json& schema, std::string_view key) {
    return compile({schema, here.pointer + pointer_step(key), here.base, here.depth + 1});
  }

  Result<NodeId> grandchild(const Here& here, const Json& schema, std::string_view key,
                            std::string_view name) {
    return compile(
        {schema, here.pointer + pointer_step(key) + pointer_step(name), here.base, here.depth + 2});
  }

  Result<void> keyword(const Here& here, NodeId id, SchemaNode& node, const std::string& key,
                       const Json& value) {
    if (dialect_ == Dialect::draft_7 && contains_name(kAfterDraft7, key)) {
      return refuse(here.pointer + pointer_step(key),
                    "a keyword of a later draft than $schema declares", "draft 7 keywords",
                    "declare draft 2020-12 in $schema");
    }
    if (const auto* entry = find_keyword(kCounts, key); entry != kCounts.end()) {
      return count(here, key, value, node.*(entry->member));
    }
    if (const auto* entry = find_keyword(kNumbers, key); entry != kNumbers.end()) {
      return number(here, key, value, node.*(entry->member));
    }
    if (const auto* entry = find_keyword(kSchemas, key); entry != kSchemas.end()) {
      if (key.starts_with("unevaluated")) compiled_.tracks_evaluated = true;
      ATTUNE_TRY(node.*(entry->member), child(here, value, key));
      return {};
    }
    if (const auto* entry = find_keyword(kSchemaLists, key); entry != kSchemaLists.end()) {
      return schema_list(here, key, value, node.*(entry->member));
    }
    return special_keyword(here, id, node, key, value);
  }

  Result<void> special_keyword(const Here& here, NodeId id, SchemaNode& node,
                               const std::string& key, const Json& value) {
    if (key == "$ref") return reference(here, id, value);
    if (key == "type") return type(here, node, value);
    if (key == "enum" || key == "const") return value_set(here, node, key, value);
    if (key == "required") return names(here, key, value, node.required);
    if (key == "pattern") return pattern(here, node, value);
    if (key == "format") return format(here, node, value);
    if (key == "uniqueItems") return unique_items(here, node, value);
    if (key == "items") return items(here, node, value);
    if (key == "additionalItems") return additional_items(here, node, value);
    if (key == "properties" || key == "$defs" || key == "definitions" ||
        key == "dependentSchemas" || key == "patternProperties" || key == "dependentRequired" ||
        key == "dependencies") {
      return members(here, node, key, value);
    }
    if (key == "$anchor" || contains_name(kAnnotations, key) || key.starts_with("x-")) return {};
    if (key.starts_with("$dynamic") || key.starts_with("$recursive")) {
      return refuse(here.pointer + pointer_step(key), fmt::format("the keyword \"{}\"", key),
                    "references that do not depend on who refers", "use \"$anchor\" and \"$ref\"");
    }
    return refuse(here.pointer + pointer_step(key), fmt::format("the keyword \"{}\"", key),
                  "a supported JSON Schema keyword",
                  "correct its spelling, remove it, or rename it to \"x-...\" if it is a note");
  }

  Result<void> count(const Here& here, const std::string& key, const Json& value,
                     std::optional<std::int64_t>& out) {
    if (!value.is_number() || !is_whole(value) || to_long_double(value) < 0 ||
        to_long_double(value) > 9e18L) {
      return refuse(here.pointer + "/" + key, excerpt(value), "a whole number of 0 or more");
    }
    out = static_cast<std::int64_t>(to_long_double(value));
    return {};
  }

  Result<void> number(const Here& here, const std::string& key, const Json& value,
                      std::optional<Number>& out) {
    if (!value.is_number()) return refuse(here.pointer + "/" + key, excerpt(value), "a number");
    if (key == "multipleOf" && to_long_double(value) <= 0) {
      return refuse(here.pointer + "/" + key, excerpt(value), "a number above 0");
    }
    out = to_number(value);
    return {};
  }

  Result<void> schema_list(const Here& here, const std::string& key, const Json& value,
                           std::vector<NodeId>& out) {
    if (!value.is_array() || value.empty()) {
      return refuse(here.pointer + "/" + key, excerpt(value), "a non-empty array of schemas");
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      ATTUNE_TRY(NodeId id, grandchild(here, value[i], key, std::to_string(i)));
      out.push_back(id);
    }
    return {};
  }

  Result<void> reference(const Here& here, NodeId id, const Json& value) {
    if (!value.is_string()) return refuse(here.pointer + "/$ref", excerpt(value), "a string");
    references_.push_back({id, here.base, value.get<std::string>(), here.pointer + "/$ref"});
    return {};
  }

  Result<void> type(const Here& here, SchemaNode& node, const Json& value) {
    const Json list = value.is_array() ? value : Json::array({value});
    if (list.empty()) return refuse(here.pointer + "/type", excerpt(value), "at least one type");
    for (const Json& name : list) {
      const auto* entry =
          name.is_string() ? find_keyword(kTypes, name.get<std::string>()) : kTypes.end();
      if (entry == kTypes.end()) {
        return refuse(here.pointer + "/type", excerpt(name),
                      "null, boolean, object, array, number, string or integer");
      }
      node.types = static_cast<std::uint8_t>(node.types | entry->member);
      if (!node.types_wanted.empty()) node.types_wanted += " or ";
      node.types_wanted += entry->name;
    }
    return {};
  }

  Result<void> value_set(const Here& here, SchemaNode& node, const std::string& key,
                         const Json& value) {
    if (key == "enum" && !value.is_array())
      return refuse(here.pointer + "/enum", excerpt(value), "an array");
    ValueSet set;
    const Json list = key == "enum" ? value : Json::array({value});
    for (const Json& member : list) {
      set.canonical.insert(canonical_text(member));
      if (!set.wanted.empty()) set.wanted += ", ";
      set.wanted += excerpt(member, 40);
    }
    if (list.size() > 1) set.wanted = "one of " + set.wanted;
    if (list.empty()) set.wanted = "nothing (the list is empty)";
    (key == "enum" ? node.enumeration : node.constant) = std::move(set);
    return {};
  }

  Result<void> names(const Here& here, const std::string& key, const Json& value,
                     std::vector<std::string>& out) {
    if (!value.is_array())
      return refuse(here.pointer + "/" + key, excerpt(value), "an array of strings");
    for (const Json& name : value) {
      if (!name.is_string()) return refuse(here.pointer + "/" + key, excerpt(name), "a string");
      out.push_back(name.get<std::string>());
    }
    return {};
  }

  Result<Pattern> compile_pattern(const std::string& pointer, const std::string& text) {
    Result<Regex> regex = Regex::compile(text);
    if (!regex) return refuse(pointer, regex.error().found, regex.error().wanted);
    return Pattern{*std::move(regex), text};
  }

  Result<void> pattern(const Here& here, SchemaNode& node, const Json& value) {
    if (!value.is_string()) return refuse(here.pointer + "/pattern", excerpt(value), "a string");
    ATTUNE_TRY(node.pattern, compile_pattern(here.pointer + "/pattern", value.get<std::string>()));
    return {};
  }

  Result<void> format(const Here& here, SchemaNode& node, const Json& value) {
    if (!value.is_string()) return refuse(here.pointer + "/format", excerpt(value), "a string");
    if (!assert_formats_) return {};
    node.format_name = value.get<std::string>();
    node.format = find_format(node.format_name);
    if (node.format == nullptr) {
      return refuse(here.pointer + "/format", excerpt(value), "one of " + supported_formats(),
                    "use \"pattern\" for other forms");
    }
    return {};
  }

  Result<void> unique_items(const Here& here, SchemaNode& node, const Json& value) {
    if (!value.is_boolean())
      return refuse(here.pointer + "/uniqueItems", excerpt(value), "true or false");
    node.unique_items = value.get<bool>();
    return {};
  }

  // Before 2020-12, an array of schemas here is what prefixItems is now.
  Result<void> items(const Here& here, SchemaNode& node, const Json& value) {
    if (!value.is_array()) {
      ATTUNE_TRY(node.items, child(here, value, "items"));
      return {};
    }
    if (dialect_ == Dialect::draft_2020_12) {
      return refuse(here.pointer + "/items", "an array", "a schema",
                    "rename \"items\" to \"prefixItems\"");
    }
    if (value.empty()) return {};
    return schema_list(here, "items", value, node.prefix_items);
  }

  Result<void> additional_items(const Here& here, SchemaNode& node, const Json& value) {
    if (dialect_ == Dialect::draft_2020_12) {
      return refuse(here.pointer + "/additionalItems", "a keyword of draft 7",
                    "draft 2020-12 keywords", "use \"prefixItems\" and \"items\"");
    }
    ATTUNE_TRY(const NodeId id, child(here, value, "additionalItems"));
    const bool tuple = here.schema.contains("items") && here.schema["items"].is_array();
    if (tuple) node.items = id;  // beside a schema in "items" it has no effect
    return {};
  }

  Result<void> members(const Here& here, SchemaNode& node, const std::string& key,
                       const Json& value) {
    if (!value.is_object()) return refuse(here.pointer + "/" + key, excerpt(value), "an object");
    for (const auto& [name, member] : value.items()) {
      if (key == "dependentRequired" || (key == "dependencies" && member.is_array())) {
        ATTUNE_TRY_VOID(
            names(here, key, member,
                  node.dependent_required.emplace_back(name, std::vector<std::string>{}).second));
        continue;
      }
      ATTUNE_TRY(const NodeId id, grandchild(here, member, key, name));
      if (key == "properties") node.properties[name] = id;
      if (key == "dependentSchemas" || key == "dependencies")
        node.dependent_schemas.emplace_back(name, id);
      if (key == "patternProperties") {
        ATTUNE_TRY(Pattern compiled,
                   compile_pattern(here.pointer + "/patternProperties" + pointer_step(name), name));
        node.pattern_properties.emplace_back(std::move(compiled), id);
      }
    }
    return {};
  }

  Result<void> resolve(const PendingReference& pending) {
    const SplitUri target = split_fragment(resolve_uri(pending.base, pending.target));
    const auto resource = resources_.find(target.document);
    if (resource == resources_.end()) {
      return refuse(pending.pointer,
                    fmt::format("a reference to another document, \"{}\"", pending.target),
                    "a reference inside this file",
                    "copy that schema into \"$defs\" and refer to \"#/$defs/...\"");
    }
    const std::string fragment = percent_decoded(target.fragment);
    NodeId found = kNoNode;
    if (fragment.empty() || fragment.front() == '/') {
      const auto place = by_pointer_.find(resource->second + fragment);
      if (place != by_pointer_.end()) found = place->second;
    } else {
      const auto anchor = anchors_.find(target.document + "#" + fragment);
      if (anchor != anchors_.end()) found = anchor->second;
    }
    if (found == kNoNode) {
      return refuse(pending.pointer,
                    fmt::format("\"{}\", which names no schema here", pending.target),
                    "the place of a schema in this file");
    }
    compiled_.nodes[static_cast<std::size_t>(pending.from)].reference = found;
    return {};
  }

  std::string_view where_;
  Dialect dialect_;
  bool assert_formats_;
  CompiledSchema compiled_;
  std::unordered_map<std::string, NodeId> by_pointer_;
  std::unordered_map<std::string, std::string> resources_;  // absolute URI to JSON pointer
  std::unordered_map<std::string, NodeId> anchors_;         // URI#name
  std::vector<PendingReference> references_;
};

}  // namespace

Result<CompiledSchema> compile_schema(const Json& document, std::string_view where,
                                      const SchemaOptions& options) {
  return Compiler(where, options).run(document);
}

}  // namespace attune::grammar
