#include "stats/false_discovery.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace attune::stats {

std::vector<double> benjamini_hochberg_adjusted(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double least = 1;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t place = order[rank - 1];
    const double scaled =
        p_values[place] * static_cast<double>(order.size()) / static_cast<double>(rank);
    adjusted[place] = least = std::min(least, scaled);
  }
  return adjusted;
}

}  // namespace attune::stats
