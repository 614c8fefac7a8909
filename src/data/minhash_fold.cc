// Compiled once for each instruction set; ATTUNE_VECTOR_SET names the namespace.
#include "data/minhash_fold.h"

#ifndef ATTUNE_VECTOR_SET
#define ATTUNE_VECTOR_SET portable
#endif

namespace attune::data::ATTUNE_VECTOR_SET {

std::uint32_t least_hash(const std::uint32_t* x, std::size_t count, std::uint32_t multiplier,
                         std::uint32_t offset) {
  std::uint32_t least = UINT32_MAX;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t hash = multiplier * x[i] + offset;
    least = hash < least ? hash : least;
  }
  return least;
}

}  // namespace attune::data::ATTUNE_VECTOR_SET
