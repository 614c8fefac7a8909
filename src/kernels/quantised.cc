#include "kernels/quantised.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attune::kernels {

namespace {

constexpr float kMostQ = 127;

// To the nearest integer, ties to even, for |x| < 2^22: beyond 2^23 floats have no fraction.
float rounded(float x) {
  constexpr float kNoFraction = 12582912.0f;
  return x + kNoFraction - kNoFraction;
}

// What a block of a row becomes, in steps that a compiler turns into vectors: billions of weights
// pass here while a model loads.
struct Block {
  float x[kQuantBlock] = {};  // in units of the scale
  int code[kQuantBlock] = {};

  void to_int8() {
    for (std::int64_t i = 0; i < kQuantBlock; ++i)
      code[i] = static_cast<int>(std::clamp(rounded(x[i]), -kMostQ, kMostQ));
  }
  // A level for each middle between two levels that lies below.
  void to_levels() {
    for (int level = 0; level < 15; ++level) {
      const float middle = (kNormalFloatLevels[level] + kNormalFloatLevels[level + 1]) / 2;
      for (std::int64_t i = 0; i < kQuantBlock; ++i) code[i] += x[i] > middle ? 1 : 0;
    }
  }
};

}  // namespace

bool quantise_row(Dtype dtype, const float* row, std::int64_t columns, std::byte* values,
                  float* scales) {
  for (std::int64_t begin = 0; begin < columns; begin += kQuantBlock) {
    const std::int64_t count = std::min(kQuantBlock, columns - begin);
    float largest = 0;
    bool finite = true;
    for (std::int64_t i = begin; i < begin + count; ++i) {
      finite &= std::fabs(row[i]) <= std::numeric_limits<float>::max();
      largest = std::max(largest, std::fabs(row[i]));
    }
    if (!finite) return false;
    const float wanted = dtype == Dtype::i8 ? largest / kMostQ : largest;
    const float scale = std::isnormal(wanted) ? wanted : 0;
    const float inverse = scale > 0 ? 1 / scale : 0;
    scales[begin / kQuantBlock] = scale;
    Block block;
    for (std::int64_t i = 0; i < count; ++i) block.x[i] = row[begin + i] * inverse;
    if (dtype == Dtype::i8) {
      block.to_int8();
      for (std::int64_t i = 0; i < kQuantBlock; ++i)
        values[begin + i] = static_cast<std::byte>(static_cast<std::int8_t>(block.code[i]));
    } else {
      block.to_levels();
      for (std::int64_t i = 0; i < kQuantBlock; i += 2)
        values[(begin + i) / 2] = static_cast<std::byte>(block.code[i] | block.code[i + 1] << 4);
    }
  }
  return true;
}

float quantised_level(Dtype dtype, const void* values, std::int64_t index) {
  if (dtype == Dtype::i8) return static_cast<float>(static_cast<const std::int8_t*>(values)[index]);
  const unsigned both = static_cast<const std::uint8_t*>(values)[index / 2];
  return kNormalFloatLevels[index % 2 == 0 ? both & 15 : both >> 4];
}

}  // namespace attune::kernels
