// The best one-to-one pairing of two lists (the assignment problem), by the Hungarian method with
// potentials (Kuhn 1955, Munkres 1957; the O(rows^2 columns) form of shortest augmenting paths).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace attune::metrics {

// gain is rows x columns, row by row, all finite. For each row the column it is paired with, or
// nothing; min(rows, columns) rows are paired, and the sum of their gains is the largest possible.
std::vector<std::optional<std::size_t>> best_assignment(std::span<const double> gain,
                                                        std::size_t rows, std::size_t columns);

}  // namespace attune::metrics
