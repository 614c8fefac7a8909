#include "wire/ids.h"

#include <algorithm>
#include <array>
#include <set>

#include <gtest/gtest.h>

namespace attune::wire {
namespace {

TEST(Ids, HaveTheirPrefixAndLength) {
  EXPECT_EQ(new_id("ftjob-").size(), 30u);
  EXPECT_TRUE(new_id("ftckpt_").starts_with("ftckpt_"));
  EXPECT_EQ(new_id("x", 0), "x");
  EXPECT_EQ(new_id("", 200).size(), 200u);
  EXPECT_EQ(new_model_tag().size(), 8u);
}

TEST(Ids, NeverRepeatAndHoldOnlyLettersAndDigits) {
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    const std::string id = new_id("", 24);
    EXPECT_TRUE(seen.insert(id).second);
    EXPECT_TRUE(std::all_of(id.begin(), id.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    })) << id;
  }
}

TEST(Ids, UseAllCharactersAlike) {
  std::array<int, 128> counts = {};
  const std::string id = new_id("", 62 * 1000);
  for (const char c : id) ++counts[static_cast<std::size_t>(c)];
  // 1000 expected of each; 250 is about eight standard deviations.
  for (const char c : {'0', '9', 'A', 'Z', 'a', 'z'}) {
    EXPECT_NEAR(counts[static_cast<std::size_t>(c)], 1000, 250) << c;
  }
}

}  // namespace
}  // namespace attune::wire
