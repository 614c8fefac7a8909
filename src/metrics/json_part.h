// The first JSON object or list in a text.
#pragma once

#include <optional>
#include <string_view>

#include "io/json.h"

namespace attune::metrics {

struct JsonPart {
  std::string_view text;
  Json value;
};

// The first balanced { } or [ ] that parses; text around it, chatter or fences, is passed over.
std::optional<JsonPart> find_json_part(std::string_view text);

}  // namespace attune::metrics
