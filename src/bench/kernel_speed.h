// The speed of each kernel that a training step calls, at the sizes of a model, with all threads of
// the context. The operands of one kernel are used again and again, so they may stay in the caches:
// a whole step (train_speed.h) reads and writes more.
//
//   measure_kernels(context, spec, {.tokens = 1024}, print);
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kernels/context.h"
#include "model/arch_spec.h"

namespace attune::bench {

struct KernelSpeedOptions {
  std::int64_t tokens = 1024;
  std::int64_t documents = 2;  // of equal length, for attention
  std::int64_t rank = 16;
  kernels::GemmMath math = kernels::GemmMath::bf16;
  double seconds = 0.2;  // of each kernel; at least three runs
};

struct KernelSpeed {
  std::string group;   // forward, backward, weight gradient, lora, attention, rows
  std::string name;    // gate/up, u = x A^T, ...
  std::string sizes;   // 1024 x 4864 x 896
  double seconds = 0;  // median
  double flops = 0;    // multiply-adds that the mathematics needs, two each; 0 where bytes count
  double bytes = 0;    // read and written
};

void measure_kernels(const kernels::Context& context, const model::ArchSpec& spec,
                     const KernelSpeedOptions& options,
                     const std::function<void(const KernelSpeed&)>& report);

}  // namespace attune::bench
