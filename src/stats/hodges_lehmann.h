// By how much does one arm differ from the other, for measures with outliers such as latency? The
// Hodges-Lehmann (1963) estimate: the median of the means of all pairs of differences, an item with
// itself among them. One slow request moves it as little as it moves a median.
#pragma once

#include <span>

#include "stats/statistics.h"

namespace attune::stats {

// first - second on the same items. The interval has no assumption but symmetry: the C-th smallest
// and C-th largest of the n (n + 1) / 2 pair means, C from the signed rank distribution of Wilcoxon
// (exact up to 300 differences, then its normal approximation; Hollander, Wolfe and Chicken 2014,
// section 3.3). `confidence` is what it really covers, at least the confidence asked for. Below 6
// differences no 95 % interval exists: its ends are infinite.
struct HodgesLehmann {
  Estimate difference = {};
  double confidence = 1;
};
HodgesLehmann hodges_lehmann(std::span<const double> first, std::span<const double> second,
                             double confidence = 0.95);

}  // namespace attune::stats
