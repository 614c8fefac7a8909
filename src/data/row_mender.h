// The mends of one row (see check_fix.h), as changes to its text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/check_fix.h"
#include "data/check_place.h"

namespace attune::data {

// The row's text on one line with all mends, which are added to `mends`; nothing when the row is to
// be left out (PiiPolicy::drop).
std::optional<std::string> mend_row(const CheckedRow& row, const std::vector<JsonRef>& duplicates,
                                    const CheckOptions& options, std::vector<Mend>& mends);

// Without control, zero-width and direction characters, and with line feeds for carriage returns.
std::string without_invisible(std::string_view text);

}  // namespace attune::data
