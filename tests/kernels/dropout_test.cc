#include "kernels/dropout.h"

#include "base/random.h"
#include "kernels/support.h"

namespace attune::kernels {
namespace {

class Dropout : public EachSet {};

TEST_P(Dropout, DrawsTheReferencesBitsHoweverTheBytesAreCut) {
  for (const std::uint32_t threshold : {0u, 1u, 6554u, 32768u, 65535u}) {
    const DropoutDraw draw{
        .seed = 0x123456789abcdefu, .stream = 77, .step = 3, .threshold = threshold};
    std::vector<std::uint8_t> wanted(101), whole(101, 9), cut(101, 9);
    reference().dropout_draw(wanted.data(), 0, 101, draw);
    ops().dropout_draw(whole.data(), 0, 101, draw);
    for (const auto& [begin, end] : {std::pair{0, 1}, {1, 13}, {13, 64}, {64, 101}})
      ops().dropout_draw(cut.data(), begin, end, draw);
    EXPECT_EQ(whole, wanted) << threshold;
    EXPECT_EQ(cut, wanted) << threshold;
  }
}

// The mask's rule in its own words: 16 random bits an element against the threshold.
TEST_P(Dropout, DrawsSixteenBitsOfTheStreamAnElement) {
  constexpr std::uint32_t kThreshold = 20000;
  const RandomStream stream{.seed = 5, .stream = 6, .step = 7};
  std::vector<std::uint8_t> bits(40);
  ops().dropout_draw(bits.data(), 0, 40,
                     {.seed = 5, .stream = 6, .step = 7, .threshold = kThreshold});
  for (std::size_t i = 0; i < 8 * bits.size(); ++i) {
    const std::uint32_t drawn = stream.bits(i / 2) >> (i % 2 * 16) & 0xffffu;
    ASSERT_EQ(bits[i / 8] >> (i % 8) & 1, drawn >= kThreshold ? 1 : 0) << i;
  }
}

TEST_P(Dropout, WritesAndAddsTheReferencesBits) {
  for (const std::int64_t width : {1, 7, 8, 9, 16, 17, 33, 77, 288}) {
    constexpr std::int64_t kRows = 5;
    std::vector<std::uint8_t> bits(static_cast<std::size_t>(kRows * ((width + 7) / 8)));
    reference().dropout_draw(bits.data(), 0, std::ssize(bits), {.seed = 1, .threshold = 9000});
    const std::vector<float> x = random_floats(kRows * width, 1);
    for (const bool add : {false, true}) {
      std::vector<float> out = random_floats(kRows * width, 2), wanted = out;
      ops().dropout(x.data(), bits.data(), 1.25f, out.data(), kRows, width, add);
      reference().dropout(x.data(), bits.data(), 1.25f, wanted.data(), kRows, width, add);
      EXPECT_EQ(out, wanted) << width;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Dropout, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
