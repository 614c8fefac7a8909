// The inner loop of MinHash, one body (minhash_fold.cc) that the compiler vectorises for each
// instruction set. All give the same numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::data {

// The least of multiplier * x + offset modulo 2^32 over the `count` numbers at `x`; all ones when
// there are none.
namespace portable {
std::uint32_t least_hash(const std::uint32_t* x, std::size_t count, std::uint32_t multiplier,
                         std::uint32_t offset);
}
namespace avx2 {
std::uint32_t least_hash(const std::uint32_t* x, std::size_t count, std::uint32_t multiplier,
                         std::uint32_t offset);
}
namespace avx512 {
std::uint32_t least_hash(const std::uint32_t* x, std::size_t count, std::uint32_t multiplier,
                         std::uint32_t offset);
}

}  // namespace attune::data
