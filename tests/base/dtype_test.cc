#include "base/dtype.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(Dtype, EveryBf16PatternSurvivesARoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const bf16 value{static_cast<std::uint16_t>(bits)};
    const float wide = to_float(value);
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(to_float(to_bf16(wide))));
    } else {
      EXPECT_EQ(to_bf16(wide).bits, value.bits);
    }
  }
}

TEST(Dtype, Bf16RoundsToNearestEven) {
  EXPECT_EQ(round_to_bf16(1.0f + 0x1p-8f), 1.0f);                // a tie goes to the even neighbour
  EXPECT_EQ(round_to_bf16(1.0f + 3 * 0x1p-8f), 1.0f + 0x1p-6f);  // and up when that one is even
  EXPECT_EQ(round_to_bf16(1.0f + 0x1.1p-8f), 1.0f + 0x1p-7f);
  EXPECT_EQ(round_to_bf16(std::numeric_limits<float>::max()),
            std::numeric_limits<float>::infinity());
}

TEST(Dtype, EveryF16PatternSurvivesARoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const f16 value{static_cast<std::uint16_t>(bits)};
    const float wide = to_float(value);
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(to_float(to_f16(wide))));
    } else {
      EXPECT_EQ(to_f16(wide).bits, value.bits) << bits;
    }
  }
}

TEST(Dtype, F16AgreesWithTheCompilersConversion) {
  for (std::uint32_t i = 0; i < 200000; ++i) {
    const float value = std::bit_cast<float>(i * 21467u);
    if (std::isnan(value)) continue;
    const auto reference = static_cast<_Float16>(value);
    EXPECT_EQ(to_f16(value).bits, std::bit_cast<std::uint16_t>(reference)) << value;
  }
}

}  // namespace
}  // namespace attune
