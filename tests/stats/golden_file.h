// Golden numbers as the scripts under tools/ wrote them, next to the tests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/json.h"
#include "stats/statistics.h"

namespace attune::stats {

// Read once; the reference holds until the end of the program.
inline const Json& golden(const std::string& name) {
  static std::map<std::string, Json> files;
  const auto [place, is_new] = files.try_emplace(name);
  if (is_new)
    place->second =
        read_json(std::string(ATTUNE_SOURCE_DIR) + "/tests/stats/golden/" + name).value();
  return place->second;
}

inline std::vector<double> numbers(const Json& values) { return values.get<std::vector<double>>(); }

}  // namespace attune::stats
