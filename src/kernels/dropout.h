// Dropout with a mask of one bit an element: drawn once in the forward pass, kept for the backward.
//
// The bits of x [rows, width] lie in rows of (width + 7) / 8 bytes, the lowest bit first. A byte is
// drawn from one Philox4x32-10 block whose counter is {its index in the mask, stream, step} and
// whose key is the seed (base/random.h): 16 random bits an element, and an element is kept when
// they are at least `threshold`. So a mask depends on nothing but these numbers.
#pragma once

#include <cstdint>

namespace attune::kernels {

struct DropoutDraw {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0, step = 0;
  std::uint32_t threshold = 0;  // of 65536: the probability of dropping
};

// Elements that share a byte of the mask.
inline constexpr std::int64_t kDropoutLanes = 8;

}  // namespace attune::kernels
