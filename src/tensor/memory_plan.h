// One block of memory for many float arrays whose sizes are known before the first step.
//
//   MemoryPlan plan;
//   plan.add(&buffers.logits, rows * vocabulary);   // the pointer is set by allocate()
//   Buffer<float> memory = plan.allocate();         // owns all of them
//
// The pointers registered with add() must stay where they are until allocate() returns.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/buffer.h"

namespace attune {

class MemoryPlan {
 public:
  // Each array starts on a kTensorAlignment border. A count of 0 leaves the pointer null.
  void add(float** pointer, std::int64_t count);
  std::int64_t bytes() const { return floats_ * static_cast<std::int64_t>(sizeof(float)); }
  // Zero-filled memory; sets every registered pointer.
  Buffer<float> allocate() const;

 private:
  struct Entry {
    float** pointer;
    std::int64_t offset;
  };
  std::vector<Entry> entries_;
  std::int64_t floats_ = 0;
};

}  // namespace attune
