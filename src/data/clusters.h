// Groups of vectors that point the same way: spherical k-means (Dhillon and Modha 2001) from
// k-means++ seeds, at most 25 rounds.
//
//   const std::vector<std::int32_t> cluster = cluster_rows(vectors, width, 20, seed);
//
// Same seed, same clusters. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune::data {

// `vectors` [rows, width], each of length one or zero. The cluster of each row, from 0; no more
// than `clusters`, some may be empty.
std::vector<std::int32_t> cluster_rows(std::span<const float> vectors, std::int64_t width,
                                       std::int64_t clusters, std::uint64_t seed);

}  // namespace attune::data
