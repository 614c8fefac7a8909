// Golden numbers as the scripts under tools/ wrote them, next to the tests.
#pragma once

#include <map>
#include <string>

#include "io/json.h"

namespace attune::metrics {

// Read once; the reference holds until the end of the program.
inline const Json& golden(const std::string& name) {
  static std::map<std::string, Json> files;
  const auto [place, is_new] = files.try_emplace(name);
  if (is_new) {
    place->second =
        read_json(std::string(ATTUNE_SOURCE_DIR) + "/tests/metrics/golden/" + name).value();
  }
  return place->second;
}

}  // namespace attune::metrics
