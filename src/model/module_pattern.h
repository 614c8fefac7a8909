// Matching a module path against a regular expression from a file, whole, with bounded effort.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace attune::model {

// `where` names the field. A broken expression, or one that takes too long, is an error.
Result<bool> matches_whole(std::string_view expression, std::string_view path,
                           std::string_view where);

}  // namespace attune::model
