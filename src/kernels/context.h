// What a computation needs besides its operands: the threads, the kernels, and scratch for each
// thread. One context serves one computation at a time.
#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace attune::kernels {

class Context {
 public:
  Context(Isa isa, int threads);

  const Kernels& ops() const { return *ops_; }
  ThreadPool& pool() const { return *pool_; }
  // Per-thread scratch of kGemmScratchBytes (attention needs less).
  std::byte* scratch(int worker) const;

 private:
  const Kernels* ops_;
  std::unique_ptr<ThreadPool> pool_;
  struct Scratch;  // page-aligned memory
  std::shared_ptr<Scratch> scratch_;
};

// The product of gemm.h with m or n split over the context's threads; args.scratch is ignored.
// The split never changes the bits of the result.
void parallel_gemm(const Context& context, const GemmArgs& args);

}  // namespace attune::kernels
