// Do judges agree, beyond chance? For human labels, a judging model held against them, or repeated
// answers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/statistics.h"

namespace attune::stats {

// ratings[rater][unit]; empty where a rater has not judged a unit.
using Ratings = std::vector<std::vector<std::optional<double>>>;

enum class RatingScale {
  nominal,   // categories, coded as numbers: agree or not
  interval,  // numbers whose differences count: disagreement is the squared difference
};

// Krippendorff's alpha, 1 - observed / expected disagreement (Krippendorff 2011): 1 is perfect, 0
// is chance. For any number of raters, with gaps. Below 0.667 no conclusion should rest on the
// ratings, from 0.8 on they can be relied on (Krippendorff 2004). Empty when it is undefined: fewer
// than two ratings of one unit, or all ratings equal.
std::optional<double> krippendorff_alpha(const Ratings& ratings, RatingScale scale);

// Cohen's (1960) kappa of two raters' categories of the same items, (p_o - p_e) / (1 - p_e), with
// the large-sample interval of Fleiss, Cohen and Everitt (1969). Empty when chance alone would make
// them agree always.
std::optional<Estimate> cohen_kappa(std::span<const std::int64_t> first,
                                    std::span<const std::int64_t> second, double confidence = 0.95);

}  // namespace attune::stats
