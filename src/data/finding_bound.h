// Keeps the first CheckReport::kMostKept findings of each code and severity and counts the rest, so
// that the report of a file full of faults fits into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "data/check.h"

namespace attune::data {

class FindingBound {
 public:
  // Looks at the report's findings from `from` on, which it has not seen; those of a row stand
  // together.
  void apply(CheckReport& report, std::size_t from);

 private:
  std::map<std::pair<std::string, Severity>, std::int64_t> seen_;
};

}  // namespace attune::data
