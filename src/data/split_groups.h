// The rows that a split keeps together: those that ask the same, and those that are given as alike.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/near_duplicates.h"
#include "data/split.h"

namespace attune::data {

struct Group {
  std::string key;                 // the text from whose hash the side follows
  std::vector<std::int64_t> rows;  // rising
  std::array<bool, 3> named{};     // a row of the group names this part
  bool names(Part part) const { return named[static_cast<std::size_t>(part)]; }
  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
};

// In the order of their first rows. `grouped_by` becomes Split::grouped_by.
std::vector<Group> group_rows(std::span<const Example> examples, std::span<const NearPair> alike,
                              std::string& grouped_by);

}  // namespace attune::data
