// Many comparisons at once, to explore. Benjamini and Hochberg (1995) bound the share of false
// findings among the findings, where Holm (holm_adjusted, statistics.h) bounds the chance of any
// false one: Holm for the family that decides, this to see what is worth a second look.
#pragma once

#include <vector>

namespace attune::stats {

// Adjusted p-values, same order: min over j >= i of p_(j) m / j. Keep those below the rate wanted.
std::vector<double> benjamini_hochberg_adjusted(const std::vector<double>& p_values);

}  // namespace attune::stats
