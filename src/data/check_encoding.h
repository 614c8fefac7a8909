// D001: text that is not UTF-8, told line by line and read as Windows-1252, so that the rest of the
// row can be checked too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/report.h"

namespace attune::data {

// The text with every byte that belongs to no UTF-8 character read as Windows-1252. Each line that
// has such bytes gets a finding about the first of them. Lines and columns stay what they were.
std::string read_as_utf8(std::string_view text, std::string_view source,
                         std::vector<Finding>& findings);

}  // namespace attune::data
