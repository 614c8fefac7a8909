// The best sequence that never falls: isotonic regression by pooling adjacent violators (Ayer et
// al. 1955). Weighted least squares, which for rates with their counts as weights is also the
// maximum of the binomial likelihood.
#pragma once

#include <span>
#include <vector>

namespace attune::stats {

// `weights` are positive, one a value.
std::vector<double> isotonic(std::span<const double> values, std::span<const double> weights);

}  // namespace attune::stats
