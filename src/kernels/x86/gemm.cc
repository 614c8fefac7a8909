#include "kernels/gemm.h"

#include "kernels/x86/gemm_few_rows.h"
#include "kernels/x86/gemm_tile.h"
#include "kernels/x86/operations.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {
namespace {

#ifdef __AVX512BF16__
constexpr Step kBf16Step = Step::pair;
#else
constexpr Step kBf16Step = Step::rounded;
#endif

}  // namespace

void gemm(const GemmArgs& args) {
  if (args.m <= 0 || args.n <= 0) return;
  if (suits_few_rows(args)) {
    gemm_few_rows(args);
  } else if (args.math == GemmMath::bf16) {
    gemm_blocked<RegisterTile<kBf16Step>>(args);
  } else {
    gemm_blocked<RegisterTile<Step::plain>>(args);
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
