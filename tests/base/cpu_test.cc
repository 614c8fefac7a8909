#include "base/cpu.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace attune {
namespace {

class PickIsa : public testing::Test {
 protected:
  ~PickIsa() override { unsetenv("ATTUNE_ISA"); }
};

TEST_F(PickIsa, ScalarCanAlwaysBeForced) {
  setenv("ATTUNE_ISA", "scalar", 1);
  EXPECT_EQ(pick_isa().value(), Isa::scalar);
}

TEST_F(PickIsa, AnUnknownNameIsAnErrorThatListsTheChoices) {
  setenv("ATTUNE_ISA", "sse9", 1);
  const Result<Isa> isa = pick_isa();
  ASSERT_FALSE(isa);
  EXPECT_NE(isa.error().message().find("scalar, avx2, avx512, avx512_bf16 or amx"),
            std::string::npos);
}

TEST_F(PickIsa, AnInstructionSetThatTheCpuLacksIsRefused) {
  if (cpu_features().amx_bf16) GTEST_SKIP() << "this CPU has AMX";
  setenv("ATTUNE_ISA", "amx", 1);
  EXPECT_FALSE(pick_isa());
}

}  // namespace
}  // namespace attune
