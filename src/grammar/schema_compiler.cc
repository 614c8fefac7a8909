// One pass over a document makes a node for each subschema and remembers its identities ($id,
// $anchor, ...) and references; a second resolves the references, which may bring in other
// documents. Keywords without subschemas are read in schema_values.cc.
#include "grammar/schema_compiler.h"

#include <unordered_map>

#include <fmt/format.h>

#include "grammar/canonical.h"
#include "grammar/metaschemas.h"
#include "grammar/schema_dialect.h"
#include "grammar/schema_keywords.h"
#include "grammar/schema_values.h"
#include "grammar/uri.h"

namespace attune::grammar {

namespace {

constexpr int kMaxDepth = 400;
// Under this name the root of a resource with "$recursiveAnchor": true is a dynamic anchor.
constexpr const char* kRecursiveAnchor = "$recursiveAnchor";

// A subschema being compiled.
struct Here {
  const Json& schema;
  std::string pointer;  // in another document: its address, "#" and the pointer
  std::string base;     // absolute URI without fragment; "" for a document without $id
  int depth = 0;
  Rules rules = {};
  std::size_t resource = 0;
  bool boolean_allowed = true;
};

enum class ReferenceKind { plain, dynamic, recursive };

struct PendingReference {
  ReferenceKind kind;
  NodeId from;
  std::string base;
  std::string target;
  std::string pointer;
  Rules rules;
};

class Compiler {
 public:
  Compiler(std::string_view where, const SchemaOptions& options)
      : where_(where), options_(options) {}

  Result<CompiledSchema> run(const Json& document) {
    resources_[""] = "";
    ATTUNE_TRY(compiled_.root, compile_document(document, "", "", {options_.default_dialect}));
    // Resolving may bring in documents with references of their own.
    for (std::size_t i = 0; i < references_.size(); ++i) {
      const PendingReference pending = references_[i];
      ATTUNE_TRY_VOID(resolve(pending));
    }
    ATTUNE_TRY_VOID(check_reference_chains(compiled_, where_));
    return std::move(compiled_);
  }

 private:
  SchemaPlace place(std::string pointer) const { return {where_, std::move(pointer)}; }
  SchemaPlace place(const Here& here, std::string_view key) const {
    return place(here.pointer).below(key);
  }

  Result<NodeId> compile_document(const Json& document, std::string pointer, std::string base,
                                  const Rules& rules) {
    return compile({document, std::move(pointer), std::move(base), 0, rules, new_resource()});
  }

  std::size_t new_resource() {
    compiled_.dynamic_anchors.emplace_back();
    return compiled_.dynamic_anchors.size() - 1;
  }

  Result<NodeId> compile(Here here) {
    if (here.depth > kMaxDepth) {
      return place(here.pointer)
          .refuse("a subschema nested too deep", fmt::format("at most {} levels", kMaxDepth));
    }
    const NodeId id = static_cast<NodeId>(compiled_.nodes.size());
    compiled_.nodes.emplace_back();
    by_pointer_[here.pointer] = id;
    SchemaNode node;
    node.location = here.pointer;
    if (here.schema.is_boolean() && here.boolean_allowed) {
      node.is_false = !here.schema.get<bool>();
    } else if (here.schema.is_object()) {
      ATTUNE_TRY_VOID(compile_object(here, id, node));
    } else {
      return place(here.pointer)
          .refuse(excerpt(here.schema), here.boolean_allowed ? "a schema: an object, true or false"
                                                             : "a schema: an object");
    }
    node.resource = here.resource;
    compiled_.nodes[static_cast<std::size_t>(id)] = std::move(node);
    return id;
  }

  Result<void> compile_object(Here& here, NodeId id, SchemaNode& node) {
    ATTUNE_TRY_VOID(choose_rules(here));
    // Up to draft 7 $ref hides its siblings, but definitions beside it can still be referred to.
    const bool reference_only =
        here.rules.dialect <= Dialect::draft_7 && here.schema.contains("$ref");
    if (!reference_only) ATTUNE_TRY_VOID(register_identity(here, id));
    if (here.rules.dialect == Dialect::draft_2019_09) node.contains_evaluates = false;
    for (const auto& [key, value] : here.schema.items()) {
      const bool kept = key == "$ref" || key == "definitions" || key == "$defs";
      if (reference_only && !kept) continue;
      ATTUNE_TRY_VOID(keyword(here, id, node, key, value));
    }
    return {};
  }

  // $schema counts at the root of a document and beside an $id.
  Result<void> choose_rules(Here& here) const {
    if (!here.schema.contains("$schema")) return {};
    const SchemaPlace declared = place(here, "$schema");
    ATTUNE_TRY(const Rules rules,
               rules_declared(here.schema["$schema"], options_.documents, declared.text()));
    const bool at_root =
        here.depth == 0 || here.schema.contains("$id") || here.schema.contains("id");
    if (!at_root && rules.dialect != here.rules.dialect) {
      return declared.refuse("another draft than around it",
                             "$schema at the root or beside \"$id\"",
                             "give this part an \"$id\" of its own");
    }
    if (at_root) here.rules = rules;
    return {};
  }

  // $id (draft 4: id) changes the base of everything below and begins a resource; $anchor,
  // $dynamicAnchor and up to draft 7 an $id of "#name" name this place.
  Result<void> register_identity(Here& here, NodeId id) {
    const char* id_key = here.rules.dialect == Dialect::draft_4 ? "id" : "$id";
    ATTUNE_TRY(const std::string own, text_of(here, id_key));
    const SplitUri parts = split_fragment(own);
    if (!parts.document.empty()) {
      here.base = resolve_uri(here.base, parts.document);
      const auto [known, is_new] = resources_.emplace(here.base, here.pointer);
      if (!is_new && known->second != here.pointer) {
        return place(here, id_key)
            .refuse(fmt::format("\"{}\" a second time", here.base), "one $id for one schema");
      }
      if (here.depth > 0) here.resource = new_resource();
    }
    if (!parts.fragment.empty()) anchors_[here.base + "#" + parts.fragment] = id;
    for (const char* key : {"$anchor", "$dynamicAnchor"}) {
      ATTUNE_TRY(const std::string name, text_of(here, key));
      if (name.empty()) continue;
      const std::string full = here.base + "#" + name;
      if (!anchors_.emplace(full, id).second) {
        return place(here, key).refuse(fmt::format("\"{}\" a second time", full),
                                       "one anchor of a name");
      }
      if (std::string_view(key) == "$dynamicAnchor")
        compiled_.dynamic_anchors[here.resource][name] = id;
    }
    return register_recursive_anchor(here, id);
  }

  Result<void> register_recursive_anchor(const Here& here, NodeId id) {
    if (!here.schema.contains(kRecursiveAnchor)) return {};
    const Json& value = here.schema[kRecursiveAnchor];
    if (!value.is_boolean()) {
      return place(here, kRecursiveAnchor).refuse(excerpt(value), "true or false");
    }
    const auto root = resources_.find(here.base);
    if (value == Json(true) && (root == resources_.end() || root->second != here.pointer)) {
      return place(here, kRecursiveAnchor).refuse("true", "at most at the root, or beside \"$id\"");
    }
    if (value == Json(true)) compiled_.dynamic_anchors[here.resource][kRecursiveAnchor] = id;
    return {};
  }

  // The text under `key`, "" without one.
  Result<std::string> text_of(const Here& here, const char* key) const {
    if (!here.schema.contains(key)) return std::string();
    if (here.schema[key].is_string()) return here.schema[key].get<std::string>();
    return place(here, key).refuse(excerpt(here.schema[key]), "a string");
  }

  Result<NodeId> child(const Here& here, const Json& schema, std::string_view key) {
    const bool boolean = here.rules.dialect > Dialect::draft_4 || key.starts_with("additional");
    return compile({schema, here.pointer + pointer_step(key), here.base, here.depth + 1, here.rules,
                    here.resource, boolean});
  }

  Result<NodeId> grandchild(const Here& here, const Json& schema, std::string_view key,
                            std::string_view name) {
    return compile({schema, here.pointer + pointer_step(key) + pointer_step(name), here.base,
                    here.depth + 2, here.rules, here.resource,
                    here.rules.dialect > Dialect::draft_4});
  }

  Result<void> keyword(const Here& here, NodeId id, SchemaNode& node, const std::string& key,
                       const Json& value) {
    if (key.starts_with("x-")) return {};
    const KeywordEntry* entry = find_keyword_entry(key);
    if (entry == nullptr) {
      return place(here, key).refuse(
          fmt::format("the keyword \"{}\"", key), "a supported JSON Schema keyword",
          "correct its spelling, remove it, or rename it to \"x-...\" if it is a note");
    }
    if (entry->vocabulary == Vocabulary::note) return {};
    ATTUNE_TRY_VOID(check_draft(place(here, key), here.rules.dialect, *entry));
    const Rules& rules = here.rules;
    if (entry->vocabulary == Vocabulary::applicator && !rules.applicators) return {};
    if (entry->vocabulary == Vocabulary::unevaluated && !rules.unevaluated) return {};
    if (entry->vocabulary == Vocabulary::validation && !rules.validation) return {};
    ATTUNE_TRY(const bool done,
               read_value_keyword(place(here.pointer), rules, options_.assert_formats, here.schema,
                                  key, node));
    return done ? Result<void>() : subschema_keyword(here, id, node, *entry, value);
  }

  Result<void> subschema_keyword(const Here& here, NodeId id, SchemaNode& node,
                                 const KeywordEntry& entry, const Json& value) {
    const std::string key(entry.name);
    if (const auto* one = find_keyword(kSchemas, key); one != kSchemas.end()) {
      if (key.starts_with("unevaluated")) compiled_.tracks_evaluated = true;
      ATTUNE_TRY(node.*(one->member), child(here, value, key));
      return {};
    }
    if (const auto* list = find_keyword(kSchemaLists, key); list != kSchemaLists.end()) {
      return schema_list(here, key, value, node.*(list->member));
    }
    if (key == "$ref") return reference(here, id, key, value, ReferenceKind::plain);
    if (key == "$dynamicRef") return reference(here, id, key, value, ReferenceKind::dynamic);
    if (key == "$recursiveRef") return reference(here, id, key, value, ReferenceKind::recursive);
    if (key == "items") return items(here, node, value);
    if (key == "additionalItems") return additional_items(here, node, value);
    switch (entry.kind) {
      case ValueKind::schema_map:
      case ValueKind::pattern_map:
      case ValueKind::dependencies:
      case ValueKind::texts_map:
        return members(here, node, key, value);
      default:
        return {};  // names this place, or says nothing about values ($vocabulary)
    }
  }

  Result<void> schema_list(const Here& here, const std::string& key, const Json& value,
                           std::vector<NodeId>& out) {
    if (!value.is_array() || value.empty()) {
      return place(here, key).refuse(excerpt(value), "a non-empty array of schemas");
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      ATTUNE_TRY(NodeId id, grandchild(here, value[i], key, std::to_string(i)));
      out.push_back(id);
    }
    return {};
  }

  Result<void> reference(const Here& here, NodeId id, const std::string& key, const Json& value,
                         ReferenceKind kind) {
    if (!value.is_string()) return place(here, key).refuse(excerpt(value), "a string");
    if (kind == ReferenceKind::recursive && value != Json("#")) {
      return place(here, key).refuse(excerpt(value), "\"#\"");
    }
    references_.push_back(
        {kind, id, here.base, value.get<std::string>(), place(here, key).pointer, here.rules});
    return {};
  }

  // Before 2020-12, an array of schemas here is what prefixItems is now.
  Result<void> items(const Here& here, SchemaNode& node, const Json& value) {
    if (!value.is_array()) {
      ATTUNE_TRY(node.items, child(here, value, "items"));
      return {};
    }
    if (here.rules.dialect == Dialect::draft_2020_12) {
      return place(here, "items")
          .refuse("an array", "a schema", "rename \"items\" to \"prefixItems\"");
    }
    if (value.empty()) return {};
    return schema_list(here, "items", value, node.prefix_items);
  }

  Result<void> additional_items(const Here& here, SchemaNode& node, const Json& value) {
    if (here.rules.dialect == Dialect::draft_2020_12) {
      return place(here, "additionalItems")
          .refuse("a keyword of draft 7", "draft 2020-12 keywords",
                  "use \"prefixItems\" and \"items\"");
    }
    ATTUNE_TRY(const NodeId id, child(here, value, "additionalItems"));
    const bool tuple = here.schema.contains("items") && here.schema["items"].is_array();
    if (tuple) node.items = id;  // beside a schema in "items" it has no effect
    return {};
  }

  Result<void> members(const Here& here, SchemaNode& node, const std::string& key,
                       const Json& value) {
    if (!value.is_object()) return place(here, key).refuse(excerpt(value), "an object");
    for (const auto& [name, member] : value.items()) {
      const SchemaPlace member_place = place(here, key).below(name);
      if (key == "dependentRequired" || (key == "dependencies" && member.is_array())) {
        ATTUNE_TRY(std::vector<std::string> names, read_names(member_place, member));
        node.dependent_required.emplace_back(name, std::move(names));
        continue;
      }
      ATTUNE_TRY(const NodeId id, grandchild(here, member, key, name));
      if (key == "properties") node.properties[name] = id;
      if (key == "dependentSchemas" || key == "dependencies")
        node.dependent_schemas.emplace_back(name, id);
      if (key == "patternProperties") {
        ATTUNE_TRY(Pattern compiled, read_pattern(member_place, name));
        node.pattern_properties.emplace_back(std::move(compiled), id);
      }
    }
    return {};
  }

  // Brings in the document of that address, if it is not here yet.
  Result<void> load(const std::string& address, const PendingReference& pending) {
    if (resources_.contains(address)) return {};
    const Json* document = nullptr;
    Json built;
    if (const auto given = options_.documents.find(address); given != options_.documents.end()) {
      document = &given->second;
    } else if (const auto dialect = find_dialect(address)) {
      built = metaschema(*dialect);
      document = &built;
    } else {
      return place(pending.pointer)
          .refuse(fmt::format("a reference to another document, \"{}\"", pending.target),
                  "a reference inside this file",
                  "copy that schema into \"$defs\" and refer to \"#/$defs/...\"");
    }
    resources_[address] = address + "#";
    ATTUNE_TRY(const NodeId root,
               compile_document(*document, address + "#", address, pending.rules));
    static_cast<void>(root);
    return {};
  }

  Result<void> resolve(const PendingReference& pending) {
    const SplitUri target = split_fragment(resolve_uri(pending.base, pending.target));
    ATTUNE_TRY_VOID(load(target.document, pending));
    const std::string fragment = percent_decoded(target.fragment);
    const bool by_name = !fragment.empty() && fragment.front() != '/';
    NodeId found = kNoNode;
    if (by_name) {
      const auto anchor = anchors_.find(target.document + "#" + fragment);
      if (anchor != anchors_.end()) found = anchor->second;
    } else {
      const auto known = by_pointer_.find(resources_[target.document] + fragment);
      if (known != by_pointer_.end()) found = known->second;
    }
    if (found == kNoNode) {
      return place(pending.pointer)
          .refuse(fmt::format("\"{}\", which names no schema here", pending.target),
                  "the place of a schema in this file");
    }
    SchemaNode& from = compiled_.nodes[static_cast<std::size_t>(pending.from)];
    if (pending.kind == ReferenceKind::plain) {
      from.reference = found;
      return {};
    }
    from.dynamic_reference = found;
    // Only where the first target is such an anchor itself does the way there matter.
    const std::string name = pending.kind == ReferenceKind::recursive ? kRecursiveAnchor
                             : by_name                                ? fragment
                                                                      : "";
    const std::size_t resource = compiled_.nodes[static_cast<std::size_t>(found)].resource;
    const auto& anchors = compiled_.dynamic_anchors[resource];
    const auto anchor = anchors.find(name);
    if (anchor != anchors.end() && anchor->second == found) from.dynamic_anchor = name;
    return {};
  }

  std::string_view where_;
  const SchemaOptions& options_;
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
