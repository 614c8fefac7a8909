#include "kernels/dropout.h"

#include "base/random.h"
#include "kernels/ref/ref.h"

namespace attune::kernels::ref {

void dropout_draw(std::uint8_t* bits, std::int64_t begin, std::int64_t end,
                  const DropoutDraw& draw) {
  for (std::int64_t byte = begin; byte < end; ++byte) {
    const RandomStream random{.seed = draw.seed, .stream = draw.stream, .step = draw.step};
    std::uint32_t kept = 0;
    for (std::uint32_t word = 0; word < 4; ++word) {
      const std::uint32_t drawn = random.bits(static_cast<std::uint64_t>(byte) * 4 + word);
      kept |= static_cast<std::uint32_t>((drawn & 0xffffu) >= draw.threshold) << (2 * word);
      kept |= static_cast<std::uint32_t>((drawn >> 16) >= draw.threshold) << (2 * word + 1);
    }
    bits[byte] = static_cast<std::uint8_t>(kept);
  }
}

void dropout(const float* x, const std::uint8_t* bits, float scale, float* out, std::int64_t rows,
             std::int64_t width, bool add) {
  const std::int64_t row_bytes = (width + kDropoutLanes - 1) / kDropoutLanes;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < width; ++i) {
      const bool kept = (bits[row * row_bytes + i / kDropoutLanes] >> (i % kDropoutLanes) & 1) != 0;
      const std::int64_t at = row * width + i;
      out[at] = (add ? out[at] : 0.0f) + x[at] * (kept ? scale : 0.0f);
    }
  }
}

}  // namespace attune::kernels::ref
