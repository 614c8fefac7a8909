// The parts of the page of `attune data check` that show texts and numbers: HTML, escaped.
#pragma once

#include <string>
#include <vector>

#include "data/check.h"
#include "data/check_fix.h"

namespace attune::cli {

// A histogram as inline SVG, in the colours of the page, with its numbers below. Empty without
// values.
std::string distribution_html(const data::Distribution& all);

// Groups of rows that say the same, each with its places and what differs word by word.
std::string duplicates_html(const std::vector<data::DuplicateSample>& groups);

// The answers that break the contract.
std::string failures_html(const std::vector<data::ContractFailure>& failures);

// What --fix changed, before and after.
std::string mends_html(const std::vector<data::Mend>& mends);

// Both texts as one, words that only one has in <del> and <ins>; what is equal is shortened, and
// what nobody sees is shown by its code.
std::string difference_html(const std::string& before, const std::string& after);

}  // namespace attune::cli
