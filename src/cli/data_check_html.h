// The report of `attune data check` as one page that needs nothing else: to mail, or to keep with a
// model.
#pragma once

#include <string>

#include "data/check.h"

namespace attune::cli {

std::string check_html(const data::CheckReport& report);

}  // namespace attune::cli
