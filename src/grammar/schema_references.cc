#include <fmt/format.h>

#include "grammar/schema_compiler.h"

namespace attune::grammar {

namespace {

// Longest allowed chain of subschemas that look at the same value.
constexpr int kLongestChain = 200;

enum class Visit : char { not_yet, now, done };

std::vector<NodeId> same_value_children(const CompiledSchema& schema, const SchemaNode& node) {
  std::vector<NodeId> children{node.reference, node.dynamic_reference, node.negated,
                               node.condition, node.consequence,       node.alternative};
  if (node.dynamic_anchor) {  // any resource may be the one that led there
    for (const auto& anchors : schema.dynamic_anchors) {
      const auto anchor = anchors.find(*node.dynamic_anchor);
      if (anchor != anchors.end()) children.push_back(anchor->second);
    }
  }
  children.insert(children.end(), node.all_of.begin(), node.all_of.end());
  children.insert(children.end(), node.any_of.begin(), node.any_of.end());
  children.insert(children.end(), node.one_of.begin(), node.one_of.end());
  for (const auto& [name, id] : node.dependent_schemas) children.push_back(id);
  std::erase(children, kNoNode);
  return children;
}

class ChainCheck {
 public:
  ChainCheck(const CompiledSchema& schema, std::string_view where)
      : schema_(schema),
        where_(where),
        visits_(schema.nodes.size(), Visit::not_yet),
        lengths_(schema.nodes.size(), 0) {}

  // Depth-first; the length of the longest chain that starts at `id`.
  Result<int> length(NodeId id, int above) {
    const auto index = static_cast<std::size_t>(id);
    if (visits_[index] == Visit::done) return lengths_[index];
    if (visits_[index] == Visit::now)
      return refuse(index, "a schema that refers to itself for the same value");
    if (above > kLongestChain) return refuse(index, "a chain of references that is too long");
    visits_[index] = Visit::now;
    int longest = 0;
    for (NodeId child : same_value_children(schema_, schema_.nodes[index])) {
      ATTUNE_TRY(const int below, length(child, above + 1));
      longest = std::max(longest, below + 1);
    }
    if (longest > kLongestChain) return refuse(index, "a chain of references that is too long");
    visits_[index] = Visit::done;
    lengths_[index] = longest;
    return longest;
  }

 private:
  Failure refuse(std::size_t index, std::string found) const {
    return bad_input({.where = fmt::format("{}#{}", where_, schema_.nodes[index].location),
                      .found = std::move(found),
                      .wanted = fmt::format("references that end within {} steps", kLongestChain)});
  }

  const CompiledSchema& schema_;
  std::string_view where_;
  std::vector<Visit> visits_;
  std::vector<int> lengths_;
};

}  // namespace

Result<void> check_reference_chains(const CompiledSchema& schema, std::string_view where) {
  ChainCheck check(schema, where);
  for (std::size_t i = 0; i < schema.nodes.size(); ++i) {
    ATTUNE_TRY_VOID(check.length(static_cast<NodeId>(i), 0));
  }
  return {};
}

}  // namespace attune::grammar
