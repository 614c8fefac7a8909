// The dropout before an adapter. Which elements of x [T, K] are kept is drawn once in the forward
// pass and stored, a bit an element, for the backward pass.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace attune::model {

class DropoutMask {
 public:
  // `memory` is floats_needed() floats that live as long as the mask.
  DropoutMask(float probability, std::int64_t width, float* memory);
  static std::int64_t floats_needed(std::int64_t rows, std::int64_t width);

  // Draws the given rows' bits. A row's bits depend on the stream, its number and the width alone.
  void draw(const kernels::Kernels& ops, const RandomStream& stream, Range rows);
  // out = x * mask / (1 - probability)
  void apply(const kernels::Kernels& ops, const float* x, float* out, Range rows) const;
  // out += x * mask / (1 - probability)
  void add(const kernels::Kernels& ops, const float* x, float* out, Range rows) const;

 private:
  void write(const kernels::Kernels& ops, const float* x, float* out, Range rows, bool add) const;

  std::uint32_t threshold_;  // an element is kept when its 16 random bits are at least this
  float scale_;
  std::int64_t width_;
  std::int64_t row_bytes_;
  std::uint8_t* bits_;  // [T, row_bytes]
};

}  // namespace attune::model
