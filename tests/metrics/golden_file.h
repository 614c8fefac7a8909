// Golden numbers as the scripts under tools/ wrote them, next to the tests.
#pragma once

#include <string>

#include "io/json.h"

namespace attune::metrics {

inline Json golden(const std::string& name) {
  return read_json(std::string(ATTUNE_SOURCE_DIR) + "/tests/metrics/golden/" + name).value();
}

}  // namespace attune::metrics
