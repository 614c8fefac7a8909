// The consistency score, 0 to 10: do answers stay the same when asked again, asked in other words,
// asked late in a conversation?
//
//   S1 samples      mean agreement of K sampled answers (output_agreement.h)
//   S2 paraphrases  the same, over reworded inputs (paraphrases.h), answered greedily
//   S3 reliability  pass^K on the item's own criterion
//   S4 style        style_stability (style_profile.h)
//   S5 drift        mean over turns of min(1, c_t / max(c_1, 0.05)), c_t the compliance at turn t
//
//   CS = 10 S1^0.25 S2^0.25 S3^0.20 S4^0.15 S5^0.15
//
// A geometric mean: no part hides behind the others. Each S is a mean over the items that have it;
// a part that no item has leaves the score absent, and `missing` names it. The interval resamples
// items, all parts of an item together (percentile bootstrap). Consistency is not accuracy: the
// shares of items that are consistently right and consistently wrong stand beside it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/statistics.h"

namespace attune::metrics {

inline constexpr std::size_t kConsistencyParts = 5;
inline constexpr std::array<double, kConsistencyParts> kConsistencyWeights{0.25, 0.25, 0.20, 0.15,
                                                                           0.15};
inline constexpr std::array<std::string_view, kConsistencyParts> kConsistencyNames{
    "samples", "paraphrases", "reliability", "style", "drift"};

struct ConsistencyItem {
  std::array<std::optional<double>, kConsistencyParts> parts;  // S1 ... S5 of the item, in [0, 1]
  std::int64_t answers = 0;                                    // sampled answers that were judged
  std::int64_t right = 0;                                      // of these
};

struct ConsistencyScore {
  std::array<std::optional<stats::Estimate>, kConsistencyParts> parts;
  std::optional<stats::Estimate> score;  // 0 to 10
  std::vector<std::string> missing;      // names of the parts that no item has
  std::int64_t judged = 0;               // items with answers
  stats::Estimate consistently_right;    // share of judged items with every answer right (Wilson)
  stats::Estimate consistently_wrong;    // ... with none right
};

ConsistencyScore consistency(std::span<const ConsistencyItem> items,
                             const stats::BootstrapOptions& options = {.resamples = 2'000});

// 10 times the weighted geometric mean; absent when a part is.
std::optional<double> consistency_of_parts(
    const std::array<std::optional<double>, kConsistencyParts>& parts);

struct Drift {
  double kept = 0;                  // S5
  double slope = 0;                 // of compliance by turn, least squares
  std::optional<double> half_life;  // the first turn at or below half of the first turn's
                                    // compliance, between turns by a straight line
};

// compliance[t] is the rate at turn t + 1. Nothing without turns.
std::optional<Drift> drift(std::span<const double> compliance);

}  // namespace attune::metrics
