#include "base/result.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

Result<int> fail() {
  return bad_input(
      {.where = "rows.csv:3:7", .found = "rank 0", .wanted = "1 or more", .fix = "set --rank"});
}

Result<int> twice(bool broken) {
  ATTUNE_TRY(const int value, broken ? fail() : Result<int>(21));
  return 2 * value;
}

TEST(Result, MessageSaysWhereWhatWantedAndHowToMend) {
  EXPECT_EQ(fail().error().message(), "rows.csv:3:7: rank 0; wanted 1 or more. Fix: set --rank");
}

TEST(Result, TryReturnsTheErrorAndElseTheValue) {
  EXPECT_EQ(twice(false).value(), 42);
  EXPECT_EQ(twice(true).error().where, "rows.csv:3:7");
}

TEST(Result, ExitCodeTellsBadInputFromTheEnvironment) {
  EXPECT_EQ(exit_code(fail().error()), 2);
  const Result<> environment = environment_failure({.where = "out", .found = "the disk is full"});
  EXPECT_EQ(exit_code(environment.error()), 4);
}

}  // namespace
}  // namespace attune
