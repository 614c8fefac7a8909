#include "kernels/quantised.h"

#include <algorithm>
#include <cmath>

namespace attune::kernels {

namespace {

constexpr float kMostQ = 127;
constexpr unsigned kZeroCode = 7;

// The code of the level nearest to x in [-1, 1].
unsigned nearest_level(float x) {
  unsigned code = 0;
  for (unsigned next = 1; next < 16; ++next) {
    if (std::fabs(kNormalFloatLevels[next] - x) < std::fabs(kNormalFloatLevels[code] - x))
      code = next;
  }
  return code;
}

}  // namespace

bool quantise_row(Dtype dtype, const float* row, std::int64_t columns, std::byte* values,
                  float* scales) {
  for (std::int64_t begin = 0; begin < columns; begin += kQuantBlock) {
    const std::int64_t end = std::min(columns, begin + kQuantBlock);
    float largest = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      if (!std::isfinite(row[i])) return false;
      largest = std::max(largest, std::fabs(row[i]));
    }
    const float wanted = dtype == Dtype::i8 ? largest / kMostQ : largest;
    const float scale = std::isnormal(wanted) ? wanted : 0;
    const float inverse = scale > 0 ? 1 / scale : 0;
    scales[begin / kQuantBlock] = scale;
    for (std::int64_t i = begin; i < begin + kQuantBlock; ++i) {
      const float x = i < end ? row[i] * inverse : 0;
      if (dtype == Dtype::i8) {
        const float q = std::clamp(std::nearbyint(x), -kMostQ, kMostQ);
        values[i] = static_cast<std::byte>(static_cast<std::int8_t>(q));
        continue;
      }
      const auto code = static_cast<std::byte>(x == 0 ? kZeroCode : nearest_level(x));
      values[i / 2] = i % 2 == 0 ? code : values[i / 2] | code << 4;
    }
  }
  return true;
}

float quantised_value(Dtype dtype, const void* values, const float* scales, std::int64_t index) {
  const float scale = scales[index / kQuantBlock];
  if (dtype == Dtype::i8)
    return scale * static_cast<float>(static_cast<const std::int8_t*>(values)[index]);
  const unsigned both = static_cast<const std::uint8_t*>(values)[index / 2];
  return scale * kNormalFloatLevels[index % 2 == 0 ? both & 15 : both >> 4];
}

}  // namespace attune::kernels
