#include "kernels/gemm.h"

#include "kernels/x86/gemm_few_rows.h"
#include "kernels/x86/operations.h"
#ifdef ATTUNE_TILES
#include "kernels/x86/gemm_amx.h"
#endif

namespace attune::kernels::ATTUNE_VECTOR_SET {
namespace {

template <Step kStep>
void gemm_in_registers(const GemmArgs& args) {
  if (suits_few_rows<kStep>(args)) {
    gemm_few_rows<kStep>(args);
  } else {
    gemm_blocked<RegisterTile<kStep>>(args);
  }
}

void gemm_bf16(const GemmArgs& args) {
#if defined(ATTUNE_TILES)
  gemm_amx(args);  // few rows too: tiles add pairs in an order of their own
#elif defined(__AVX512BF16__)
  gemm_in_registers<Step::pair>(args);
#else
  gemm_in_registers<Step::rounded>(args);
#endif
}

}  // namespace

void gemm(const GemmArgs& args) {
  if (args.m <= 0 || args.n <= 0) return;
  if (args.math == GemmMath::bf16) {
    gemm_bf16(args);
  } else {
    gemm_in_registers<Step::plain>(args);
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
