// How the advice writes numbers for people.
#pragma once

#include <string>
#include <string_view>

#include "advise/variables.h"

namespace attune::advise {

std::string money(double dollars);     // "$0.0042", "$3.10", "$1,240", "-$12", "never" for no end
std::string rounded(double value);     // "0.35", "12.4", "1,240", "9,300,000"
std::string grouped(double value);     // whole, with commas: "1,240"
std::string percent_of(double share);  // "12 %", "3.5 %", "-" for no end

// A value of an input in its unit's form: shares of outputs as "9.4 %", the rest as rounded().
std::string value_words(const VariableSpec& spec, double value);
// "500 [400, 600]", or "500" where both ends are the value.
std::string range_words(const VariableSpec& spec, const stats::Estimate& range);

}  // namespace attune::advise
