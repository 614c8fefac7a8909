// Golden numbers as the scripts under tools/ wrote them, next to the tests.
#pragma once

#include <string>
#include <vector>

#include "io/json.h"
#include "stats/statistics.h"

namespace attune::stats {

inline Json golden(const std::string& name) {
  return read_json(std::string(ATTUNE_SOURCE_DIR) + "/tests/stats/golden/" + name).value();
}

inline std::vector<double> numbers(const Json& values) { return values.get<std::vector<double>>(); }

}  // namespace attune::stats
