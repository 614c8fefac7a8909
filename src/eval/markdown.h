// Tables and texts of Markdown, for report.md: pull requests, wikis.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::eval {

// On one line; what would end a table's cell or start markup is escaped.
std::string markdown_text(std::string_view text);
// A row of a table; cells are escaped.
std::string markdown_row(const std::vector<std::string>& cells);
// The first row, and the line under it.
std::string markdown_head(const std::vector<std::string>& cells);

}  // namespace attune::eval
