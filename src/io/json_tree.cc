#include "io/json_tree.h"

#include <algorithm>
#include <array>

namespace attune {

std::string_view json_type_name(JsonType type) {
  constexpr std::array<std::string_view, 6> kNames = {"null",   "boolean", "number",
                                                      "string", "array",   "object"};
  return kNames[static_cast<std::size_t>(type)];
}

void JsonTree::note_duplicate_keys(std::uint32_t object) {
  const std::uint32_t count = nodes_[object].size;
  if (count < 2) return;
  keys_.clear();
  std::uint32_t key = object + 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    keys_.push_back(key);
    key = nodes_[key + 1].after;
  }
  const auto name = [&](std::uint32_t index) { return JsonRef(this, index).string(); };
  constexpr std::uint32_t kFewMembers = 12;
  if (count <= kFewMembers) {
    for (std::size_t i = 1; i < keys_.size(); ++i) {
      const bool seen =
          std::any_of(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(i),
                      [&](std::uint32_t other) { return name(other) == name(keys_[i]); });
      if (seen) duplicates_.emplace_back(this, keys_[i]);
    }
    return;
  }
  std::stable_sort(keys_.begin(), keys_.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return name(a) < name(b); });
  for (std::size_t i = 1; i < keys_.size(); ++i) {
    if (name(keys_[i]) == name(keys_[i - 1])) duplicates_.emplace_back(this, keys_[i]);
  }
}

JsonRef JsonRef::find(std::string_view key) const {
  if (!is_object()) return {};
  const std::vector<JsonTree::Node>& nodes = tree_->nodes_;
  std::uint32_t name = index_ + 1;
  for (std::uint32_t left = nodes[index_].size; left > 0; --left) {
    const JsonTree::Node& node = nodes[name];
    // Its length between the quotes and its first character tell most names apart.
    const bool may_be = node.escaped || (node.end - node.begin - 2 == key.size() &&
                                         (key.empty() || tree_->text_[node.begin + 1] == key[0]));
    if (may_be && JsonRef(tree_, name).string() == key) return {tree_, name + 1};
    name = nodes[name + 1].after;
  }
  return {};
}

std::vector<JsonRef> JsonRef::items() const {
  std::vector<JsonRef> all;
  if (!is_array()) return all;
  all.reserve(static_cast<std::size_t>(size()));
  for (JsonRef item = first(); item.exists(); item = item.next()) all.push_back(item);
  return all;
}

std::vector<JsonTreeMember> JsonRef::members() const {
  std::vector<JsonTreeMember> all;
  if (!is_object()) return all;
  all.reserve(static_cast<std::size_t>(size()));
  for (JsonRef key = first(); key.exists(); key = all.back().value.next())
    all.push_back({key, key.next()});
  return all;
}

Json to_json(JsonRef value) {
  switch (value.type()) {
    case JsonType::string:
      return Json(std::string(value.string()));
    case JsonType::array: {
      Json array = Json::array();
      for (JsonRef item = value.first(); item.exists(); item = item.next())
        array.push_back(to_json(item));
      return array;
    }
    case JsonType::object: {
      Json object = Json::object();
      for (const JsonTreeMember& member : value.members())
        object[std::string(member.key.string())] = to_json(member.value);
      return object;
    }
    case JsonType::null:
      return Json();
    default: {
      // Already checked by the grammar of the tree; only a number beyond all bounds is refused.
      Result<Json> parsed = parse_json(value.text(), "number");
      return parsed ? std::move(*parsed) : Json(std::string(value.text()));
    }
  }
}

}  // namespace attune
