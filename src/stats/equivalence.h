// Is there no difference worth speaking of? Two one-sided tests (TOST, Schuirmann 1987) of paired
// arms against a margin: equivalence is shown when the difference is both significantly above
// -margin and significantly below +margin. A test of difference that finds nothing shows no such
// thing.
//
//   const Equivalence plateau = tost_paired_rates(counts, 0.02);   // within 2 points
//   if (plateau.verdict == EquivalenceVerdict::equivalent) ...
#pragma once

#include <span>
#include <string_view>

#include "stats/statistics.h"

namespace attune::stats {

enum class EquivalenceVerdict {
  equivalent,  // the interval lies within the margin
  different,   // the interval lies beyond the margin, on one side
  undecided,   // it straddles the margin: more items are needed
};
std::string_view equivalence_verdict_name(EquivalenceVerdict verdict);

// `difference` has the interval at confidence 1 - 2 significance: it lies inside the margin exactly
// when both tests reject.
struct Equivalence {
  double margin = 0;
  double p = 1;  // the larger of the two one-sided p
  Estimate difference = {};
  EquivalenceVerdict verdict = EquivalenceVerdict::undecided;
};

// Two arms on the same items, right or wrong. Score test and interval of Tango (1998):
//   z(D) = (b - c - n D) / sqrt(n (2 q + D (1 - D))),
// b and c the items on which only the first or only the second is right, and q the restricted
// maximum likelihood estimate of the rate of c when the difference is D.
Equivalence tost_paired_rates(const PairedCounts& counts, double margin,
                              double significance = 0.05);

// The interval alone; closer to its nominal coverage near 0 and 1 than Newcombe's
// (tests/stats/coverage_test.cc).
Estimate tango_difference(const PairedCounts& counts, double confidence = 0.95);

// Two arms with scores on the same items: paired t tests. Fewer than two items: undecided. Scores
// that never differ are taken as rates that never differ: no spread seen is no spread shown.
Equivalence tost_paired_means(std::span<const double> first, std::span<const double> second,
                              double margin, double significance = 0.05);

}  // namespace attune::stats
