// How sure is a mean over several training seeds and many items? Both vary: another seed gives
// another model, another test set other items. `scores[seed][item]` holds the same items in the
// same order for every seed; for two arms, pass the differences.
//
//   const Estimate interval = two_level_mean(scores);
//   const NoiseSources noise = noise_sources(scores);   // which to reduce: more seeds or more
//   items
#pragma once

#include <cstdint>
#include <vector>

#include "stats/statistics.h"

namespace attune::stats {

using SeedItemScores = std::vector<std::vector<double>>;

// The mean with the percentile interval of a bootstrap that draws seeds and, crossed with them,
// items (the pigeonhole bootstrap, Owen 2007). With few seeds (below about 8) it is too narrow
// where seeds are what varies: S drawn from S seeds have only (S - 1) / S of their variance. Rows
// of unequal length are cut to the shortest.
Estimate two_level_bootstrap(const SeedItemScores& scores, const BootstrapOptions& options = {});

// The same question by the analysis of variance: Student's t with the variance
// (MS_seed + MS_item - MS_rest) / (S I) and Satterthwaite's (1946) degrees of freedom. Holds for as
// few as three seeds. One seed says nothing of seeds: the interval is then that of the items alone.
Estimate two_level_mean(const SeedItemScores& scores, double confidence = 0.95);

// Standard deviations of the seed effect, the item effect and what is left (seeds that do well on
// some items and badly on others), by the method of moments: two-way layout without replication,
// random effects (Searle 1971). An effect below 0 is 0.
struct NoiseSources {
  double seed = 0;
  double item = 0;
  double rest = 0;
  // The standard error of a mean over so many.
  double standard_error(std::int64_t seeds, std::int64_t items) const;
};
NoiseSources noise_sources(const SeedItemScores& scores);

}  // namespace attune::stats
