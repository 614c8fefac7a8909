// The report of `attune data check` as one page that needs nothing else: to mail, or to keep with a
// model. Everything that comes from the data is escaped; no script, no address is loaded.
#pragma once

#include <string>
#include <vector>

#include "data/check.h"
#include "data/check_fix.h"

namespace attune::cli {

// `report`: made with CheckOptions::samples, or the page has no clusters and no failed answers.
// `mends`: what --fix changed; the report is then about the mended file.
std::string check_html(const data::CheckReport& report, const std::vector<data::Mend>& mends);

}  // namespace attune::cli
