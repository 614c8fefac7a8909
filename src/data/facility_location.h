// Choosing rows that stand for all: greedy maximisation of facility location.
//
//   value(S) = mean over all rows i of max over j in S of similarity(i, j)
//              + quality_weight * mean-so-far of quality(j) over S (divided by `keep`)
//
// Both parts are monotone and submodular when similarities are 0 or more, so the greedy choice has
// at least (1 - 1/e) of the best possible value (Nemhauser, Wolsey, Fisher 1978). Gains only
// fall as rows are chosen, so an old gain bounds the new one and most are never computed again
// (Minoux 1978); the choice is that of the plain greedy algorithm, ties going to the first row.
//
//   const FacilityChoice choice = choose_facilities(rows, 100, similarities, {});
//
// Deterministic. The callback is called from the calling thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace attune::data {

// Writes the similarities of each candidate with every row, [candidates, rows]. Negative ones count
// as 0.
using Similarities =
    std::function<void(std::span<const std::int64_t> candidates, std::span<float> out)>;

struct FacilityOptions {
  std::span<const double> quality = {};        // of each row, 0 to 1; empty: none
  double quality_weight = 0;                   // its share of the value, 0 to 1
  std::span<const std::int64_t> allowed = {};  // rows that may be chosen; empty: all
};

struct FacilityChoice {
  std::vector<std::int64_t> rows;  // in the order of choice
  std::vector<double> values;      // value(S) after each
  std::int64_t evaluations = 0;    // gains computed
};

FacilityChoice choose_facilities(std::int64_t rows, std::int64_t keep,
                                 const Similarities& similarities, const FacilityOptions& options);

// The facility-location part of value(S).
double facility_value(std::int64_t rows, std::span<const std::int64_t> chosen,
                      const Similarities& similarities);

}  // namespace attune::data
