// Items that belong together: sentences of one document, turns of one conversation, paraphrases of
// one question. They succeed and fail together, so they carry less evidence than as many separate
// items, and an interval that ignores it can be two or three times too narrow.
//
//   stats::cluster_bootstrap_mean(scores, conversation_of_item);
#pragma once

#include <cstdint>
#include <span>

#include "stats/statistics.h"

namespace attune::stats {

// The mean over all items with the BCa interval of a bootstrap that draws whole clusters; the
// acceleration comes from the jackknife that leaves out one cluster at a time (Davison and Hinkley
// 1997, section 3.8). `clusters` has the cluster of each item, any numbers. Fewer than two
// clusters, or clusters without difference: no width.
Estimate cluster_bootstrap_mean(std::span<const double> values,
                                std::span<const std::int64_t> clusters,
                                const BootstrapOptions& options = {});

// The mean with its clustered standard error (Liang and Zeger 1986):
//   C / (C - 1)  sum over clusters of (sum of value - mean)^2  / n^2,
// and the interval of Student's t with C - 1 degrees of freedom.
struct ClusteredMean {
  Estimate mean = {};
  double standard_error = 0;
  double naive_standard_error = 0;  // as if the items were independent
  std::int64_t clusters = 0;
};
ClusteredMean clustered_mean(std::span<const double> values, std::span<const std::int64_t> clusters,
                             double confidence = 0.95);

}  // namespace attune::stats
