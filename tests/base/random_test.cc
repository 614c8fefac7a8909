#include "base/random.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace attune {
namespace {

// Known answers published with Random123 (kat_vectors, philox4x32-10).
TEST(Random, PhiloxGivesThePublishedAnswers) {
  EXPECT_EQ(philox({0, 0}, {0, 0, 0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Random, SameSeedStreamAndIndexGiveTheSameNumber) {
  const RandomStream a{7, stream_id("lora"), 3};
  const RandomStream b{7, stream_id("lora"), 3};
  const RandomStream other{7, stream_id("lora"), 4};
  EXPECT_EQ(a.bits(1000), b.bits(1000));
  EXPECT_NE(a.bits(1000), other.bits(1000));
}

TEST(Random, NormalHasMeanZeroAndVarianceOne) {
  const RandomStream stream{1, 2, 3};
  constexpr std::uint64_t kCount = 200000;
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double x = stream.normal(i);
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kCount, 0.0, 0.01);
  EXPECT_NEAR(squares / kCount, 1.0, 0.02);
}

TEST(Random, ShuffleIsAPermutationThatDependsOnTheStream) {
  std::vector<std::int64_t> a(100), b(100);
  std::iota(a.begin(), a.end(), 0);
  std::iota(b.begin(), b.end(), 0);
  shuffle_indices(a, {1, 1, 0});
  shuffle_indices(b, {1, 1, 1});
  EXPECT_NE(a, b);
  std::sort(a.begin(), a.end());
  for (std::int64_t i = 0; i < 100; ++i) EXPECT_EQ(a[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace attune
