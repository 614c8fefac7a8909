#include "data/split_groups.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <xxhash.h>

#include "data/clean_text.h"
#include "data/union_find.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 3> kGroupings = {"first user turn", "all user turns",
                                                        "system and user turns"};

// The text by which rows are grouped; `grouping` is an index into kGroupings.
std::string group_key(const Example& example, std::size_t grouping) {
  std::string key;
  for (const Json& message : example.messages) {
    const std::string role = message.value("role", "");
    const bool counts =
        role == "user" || (grouping == 2 && (role == "system" || role == "developer"));
    const auto content = message.find("content");
    if (!counts || content == message.end() || !content->is_string()) continue;
    key += comparison_key(content->get_ref<const std::string&>()) + "\n";
    if (grouping == 0) break;
  }
  return key;
}

std::vector<Group> groups_by(std::span<const Example> examples, std::size_t grouping) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t row = 0; row < examples.size(); ++row) {
    std::string key = group_key(examples[row], grouping);
    const auto [place, fresh] = known.emplace(std::move(key), groups.size());
    if (fresh) groups.push_back({.key = place->first, .rows = {}});
    Group& group = groups[place->second];
    group.rows.push_back(static_cast<std::int64_t>(row));
    if (const std::optional<Part> part = part_from_name(examples[row].split)) {
      group.named[static_cast<std::size_t>(*part)] = true;
    }
  }
  return groups;
}

std::uint64_t key_hash(const Group& group) {
  return XXH3_64bits(group.key.data(), group.key.size());
}

// Groups with rows that are alike become one, under the key with the smallest hash.
std::vector<Group> join_groups(std::vector<Group> groups, std::span<const NearPair> alike,
                               std::size_t rows) {
  if (alike.empty()) return groups;
  std::vector<std::int64_t> group_of(rows);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const std::int64_t row : groups[g].rows)
      group_of[static_cast<std::size_t>(row)] = static_cast<std::int64_t>(g);
  }
  UnionFind joined(static_cast<std::int64_t>(groups.size()));
  for (const NearPair& pair : alike) {
    joined.unite(group_of[static_cast<std::size_t>(pair.first)],
                 group_of[static_cast<std::size_t>(pair.second)]);
  }
  std::vector<Group> clusters;
  std::vector<std::size_t> cluster_of(groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto first = static_cast<std::size_t>(joined.find(static_cast<std::int64_t>(g)));
    if (first == g) {  // the smallest of its cluster, so it comes first
      cluster_of[g] = clusters.size();
      clusters.push_back(std::move(groups[g]));
      continue;
    }
    Group& cluster = clusters[cluster_of[first]];
    Group& group = groups[g];
    cluster.rows.insert(cluster.rows.end(), group.rows.begin(), group.rows.end());
    for (std::size_t part = 0; part < 3; ++part)
      cluster.named[part] = cluster.named[part] || group.named[part];
    if (key_hash(group) < key_hash(cluster)) cluster.key = std::move(group.key);
  }
  for (Group& cluster : clusters) std::sort(cluster.rows.begin(), cluster.rows.end());
  return clusters;
}

std::vector<Group> group_usefully(std::span<const Example> examples, std::string& grouped_by) {
  std::vector<Group> groups;
  for (std::size_t grouping = 0; grouping < kGroupings.size(); ++grouping) {
    groups = groups_by(examples, grouping);
    grouped_by = kGroupings[grouping];
    const auto largest =
        std::max_element(groups.begin(), groups.end(),
                         [](const Group& a, const Group& b) { return a.size() < b.size(); });
    if (largest == groups.end() || largest->rows.size() * 2 <= examples.size()) break;
  }
  return groups;
}

}  // namespace

std::vector<Group> group_rows(std::span<const Example> examples, std::span<const NearPair> alike,
                              std::string& grouped_by) {
  return join_groups(group_usefully(examples, grouped_by), alike, examples.size());
}

}  // namespace attune::data
