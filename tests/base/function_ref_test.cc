#include "base/function_ref.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

int twice(FunctionRef<int(int)> body, int x) { return body(body(x)); }

TEST(FunctionRefTest, CallsALambdaWithWhatItCaptured) {
  int calls = 0;
  EXPECT_EQ(twice(
                [&](int x) {
                  ++calls;
                  return 3 * x;
                },
                5),
            45);
  EXPECT_EQ(calls, 2);
}

TEST(FunctionRefTest, ACopyCallsTheSameObject) {
  int sum = 0;
  const auto add = [&](int x) { return sum += x; };
  const FunctionRef<int(int)> first(add), second(first);
  EXPECT_EQ(first(2), 2);
  EXPECT_EQ(second(3), 5);
}

}  // namespace
}  // namespace attune
