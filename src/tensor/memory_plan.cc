#include "tensor/memory_plan.h"

#include "base/check.h"

namespace attune {

void MemoryPlan::add(float** pointer, std::int64_t count) {
  CHECK(count >= 0, "an array of {} floats", count);
  *pointer = nullptr;
  if (count == 0) return;
  constexpr auto kFloats = static_cast<std::int64_t>(kTensorAlignment / sizeof(float));
  entries_.push_back({pointer, floats_});
  floats_ += (count + kFloats - 1) / kFloats * kFloats;
}

Buffer<float> MemoryPlan::allocate() const {
  Buffer<float> memory(floats_);
  for (const Entry& entry : entries_) *entry.pointer = memory.data() + entry.offset;
  return memory;
}

}  // namespace attune
