#include "kernels/dropout.h"

#include "kernels/x86/operations.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {
namespace {

// Philox4x32-10 of several counters side by side: a word lies in the lower half of a 64-bit lane,
// and what is in the upper half does not matter.
struct Words {
  Lanes word[4];
};

ATTUNE_INLINE Words philox(Words c, std::uint64_t seed) {
  std::uint32_t key0 = static_cast<std::uint32_t>(seed);
  std::uint32_t key1 = static_cast<std::uint32_t>(seed >> 32);
  const Lanes multiplier0 = set_lanes(0xD2511F53u), multiplier1 = set_lanes(0xCD9E8D57u);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Lanes product0 = multiply_lower(multiplier0, c.word[0]);
    const Lanes product1 = multiply_lower(multiplier1, c.word[2]);
    c = {{shift_right<32>(product1) ^ c.word[1] ^ set_lanes(key0), product1,
          shift_right<32>(product0) ^ c.word[3] ^ set_lanes(key1), product0}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return c;
}

// Bit `shift` when the 16 bits of each lane from `from` on are at least the threshold. `margin` is
// 65536 less the threshold: the sum reaches bit 16 exactly then.
template <int kFrom, int kShift>
ATTUNE_INLINE Lanes kept_bit(Lanes word, Lanes margin) {
  const Lanes sum = (shift_right<kFrom>(word) & set_lanes(0xffff)) + margin;
  return shift_right<16 - kShift>(sum) & set_lanes(1u << kShift);
}

}  // namespace

void dropout_draw(std::uint8_t* bits, std::int64_t begin, std::int64_t end,
                  const DropoutDraw& draw) {
  const Lanes margin = set_lanes(65536u - draw.threshold);
  for (std::int64_t first = begin; first < end; first += kLanes) {
    const Lanes counter = count_from(static_cast<std::uint64_t>(first));
    const Words random =
        philox({{counter, shift_right<32>(counter), set_lanes(draw.stream), set_lanes(draw.step)}},
               draw.seed);
    const Lanes kept =
        kept_bit<0, 0>(random.word[0], margin) | kept_bit<16, 1>(random.word[0], margin) |
        kept_bit<0, 2>(random.word[1], margin) | kept_bit<16, 3>(random.word[1], margin) |
        kept_bit<0, 4>(random.word[2], margin) | kept_bit<16, 5>(random.word[2], margin) |
        kept_bit<0, 6>(random.word[3], margin) | kept_bit<16, 7>(random.word[3], margin);
    alignas(64) std::uint64_t bytes[kLanes];
    store_lanes(bytes, kept);
    const std::int64_t count = smaller(end - first, kLanes);
    for (std::int64_t i = 0; i < count; ++i) bits[first + i] = static_cast<std::uint8_t>(bytes[i]);
  }
}

void dropout(const float* x, const std::uint8_t* bits, float scale, float* out, std::int64_t rows,
             std::int64_t width, bool add) {
  constexpr std::int64_t kBytes = kWidth / kDropoutLanes;  // of the mask, a vector
  const std::int64_t row_bytes = (width + kDropoutLanes - 1) / kDropoutLanes;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* from = x + row * width;
    float* to = out + row * width;
    for (std::int64_t i = 0; i < width; i += kWidth) {
      const std::uint8_t* mask = bits + row * row_bytes + i / kDropoutLanes;
      std::uint32_t kept = mask[0];
      if (kBytes > 1 && i / kDropoutLanes + 1 < row_bytes) {
        kept |= static_cast<std::uint32_t>(mask[kBytes - 1]) << kDropoutLanes;
      }
      const Vec factor = select(from_bits(kept), set(scale), zero());
      const Vec before = add ? load_at(to, i, width) : zero();
      store_at(to, i, width, before + load_at(from, i, width) * factor);
    }
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
