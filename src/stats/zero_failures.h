// "No failure in n tries" is not "it never fails". What it does show: with confidence 1 - alpha the
// rate is at most 1 - alpha^(1/n), about 3 / n at 95 %: the rule of three (Hanley and Lippman-Hand
// 1983).
#pragma once

#include <cstdint>

namespace attune::stats {

// The one-sided upper limit of the failure rate after n tries without one; 1 when n is 0.
double zero_failures_limit(std::int64_t n, double confidence = 0.95);

// Tries without a failure that show a rate below `rate` (0 to 1, both excluded): 299 for 1 %.
std::int64_t zero_failures_needed(double rate, double confidence = 0.95);

}  // namespace attune::stats
