#include "base/trim.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(Trim, DropsWhiteSpaceAtBothEndsOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(""), "");
}

TEST(Trim, OfBlankTextIsAnEmptyViewInsideIt) {
  constexpr std::string_view kBlank = " \n\t ";
  const std::string_view trimmed = trim(kBlank);
  EXPECT_TRUE(trimmed.empty());
  EXPECT_EQ(trimmed.data(), kBlank.data() + kBlank.size());
}

}  // namespace
}  // namespace attune
