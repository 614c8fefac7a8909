// Aligned tables for the terminal, in plain ASCII, and the one that ends `attune tune`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/compare.h"
#include "eval/verdict.h"

namespace attune::eval {

// The first row is the heading. Columns are as wide as their widest cell (counted in characters);
// the first column is aligned left, the others right.
std::string aligned_table(const std::vector<std::vector<std::string>>& rows);

// Words folded at a terminal's width, behind `first`; later lines behind `indent`.
std::string folded(std::string_view text, std::string_view first, std::string_view indent);
std::size_t characters(std::string_view text);  // of UTF-8

// Arms down, measures across; then the paired tests.
std::string comparison_table(const Comparison& comparison);

// The decision, its reasons and the bars.
std::string verdict_text(const Verdict& verdict);

}  // namespace attune::eval
