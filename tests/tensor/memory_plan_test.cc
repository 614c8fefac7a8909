#include "tensor/memory_plan.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(MemoryPlan, GivesDisjointAlignedZeroedArrays) {
  float *first = nullptr, *second = nullptr, *third = nullptr;
  MemoryPlan plan;
  plan.add(&first, 3);
  plan.add(&second, 16);
  plan.add(&third, 17);
  EXPECT_EQ(plan.bytes(), (16 + 16 + 32) * 4);
  const Buffer<float> memory = plan.allocate();
  EXPECT_EQ(memory.bytes(), plan.bytes());
  for (const float* array : {first, second, third}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array) % kTensorAlignment, 0U);
  }
  EXPECT_GE(second, first + 3);
  EXPECT_GE(third, second + 16);
  EXPECT_LE(third + 17, memory.data() + memory.size());
  for (const float value : memory.span()) EXPECT_EQ(value, 0.0f);
}

TEST(MemoryPlan, LeavesAnEmptyArrayNull) {
  float value = 0;
  float* empty = &value;
  MemoryPlan plan;
  plan.add(&empty, 0);
  const Buffer<float> memory = plan.allocate();
  EXPECT_EQ(empty, nullptr);
  EXPECT_EQ(memory.size(), 0);
}

}  // namespace
}  // namespace attune
