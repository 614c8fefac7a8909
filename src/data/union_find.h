// Disjoint sets of the numbers 0..count-1, joined pair by pair. A set is named by its smallest
// member, whatever the order of joining.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace attune::data {

class UnionFind {
 public:
  explicit UnionFind(std::int64_t count) : parent_(static_cast<std::size_t>(count)) {
    std::iota(parent_.begin(), parent_.end(), std::int64_t{0});
  }

  std::int64_t find(std::int64_t member) {
    while (parent(member) != member) {
      parent(member) = parent(parent(member));  // path halving
      member = parent(member);
    }
    return member;
  }

  // False when they were joined before.
  bool unite(std::int64_t a, std::int64_t b) {
    a = find(a);
    b = find(b);
    if (a == b) return false;
    (a < b ? parent(b) : parent(a)) = a < b ? a : b;
    return true;
  }

 private:
  std::int64_t& parent(std::int64_t member) { return parent_[static_cast<std::size_t>(member)]; }
  std::vector<std::int64_t> parent_;
};

}  // namespace attune::data
