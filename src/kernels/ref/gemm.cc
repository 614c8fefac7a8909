#include "kernels/gemm.h"

#include "kernels/ref/ref.h"

namespace attune::kernels::ref {
namespace {

// Element (i, j) of op(X), as the multiplication sees it.
float element(const GemmOperand& x, std::int64_t i, std::int64_t j, GemmMath math) {
  const float value = stored_element(x, i, j);
  return math == GemmMath::bf16 ? round_to_bf16(value) : value;
}

}  // namespace

void gemm(const GemmArgs& args) {
  for (std::int64_t i = 0; i < args.m; ++i) {
    for (std::int64_t j = 0; j < args.n; ++j) {
      float sum = 0;
      for (std::int64_t p = 0; p < args.k; ++p) {
        sum += element(args.a, i, p, args.math) * element(args.b, p, j, args.math);
      }
      float& c = args.c[i * args.c_stride + j];
      c = args.accumulate ? c + args.alpha * sum : args.alpha * sum;
    }
  }
}

}  // namespace attune::kernels::ref
