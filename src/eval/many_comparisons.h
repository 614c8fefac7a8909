// When a report makes many comparisons at once, several arms or several fields, some look real by
// chance. Their p-values side by side, adjusted by Benjamini and Hochberg
// (stats/false_discovery.h): of the differences kept at 5 %, about 5 % are false. To look where a
// second run is worth while; the verdict has its own family, by Holm.
#pragma once

#include <optional>

#include "eval/compare.h"
#include "eval/intervals.h"

namespace attune::eval {

// The subject against each other arm in format compliance, exact match and each field. Nothing
// where there are two comparisons or fewer.
std::optional<Supplement> many_comparisons(const Comparison& comparison,
                                           const Intervals& intervals);

}  // namespace attune::eval
