// The parts of report.html that show the comparison. Used by report_html.cc only.
#pragma once

#include <string>
#include <vector>

#include "eval/compare.h"
#include "eval/verdict.h"

namespace attune::eval {

std::string verdict_section(const Verdict& verdict);
std::string results_section(const Comparison& comparison);
std::string tests_section(const Comparison& comparison);
std::string measures_section(const Comparison& comparison);
std::string fields_section(const Comparison& comparison);
std::string examples_section(const Comparison& comparison);

}  // namespace attune::eval
