// General matrix product, the one kernel that everything leans on.
//
//   C[m, n] = alpha * op(A)[m, k] * op(B)[k, n] (+ C when accumulate)
//
// C is f32 and row-major. A and B are f32 or bf16 in memory, row-major, and may be read transposed;
// B may also be int8 or nf4 (quantised.h) beside an A of f32, and lie in panels (panels.h):
//   forward        Y[T, N] = X[T, K] * W[N, K]^T        b.transposed = true
//   backward data  dX[T, K] = dY[T, N] * W[N, K]
//   weight grad    dW[N, K] += dY[T, N]^T * X[T, K]     a.transposed = true
//
// Numerics: GemmMath::f32 multiplies floats; GemmMath::bf16 rounds every operand element to bf16
// first (to nearest even; of int8 and nf4 the decoded value). Products are summed in f32 in rising
// order of k, one accumulator an element, so an element's bits depend neither on m and n nor on
// where the caller split them. The bits may differ between instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/panels.h"

namespace attune::kernels {

enum class GemmMath { f32, bf16 };

struct GemmOperand {
  const void* data = nullptr;  // element (i, j) of op(X) is data[i*stride + j], or data[j*stride +
                               // i] if transposed
  std::int64_t stride = 0;     // elements between stored rows
  Dtype dtype = Dtype::f32;    // f32 or bf16; of B also i8 or nf4
  bool transposed = false;
  const float* scales = nullptr;  // of i8 and nf4, whose data begins with a block
  bool panels = false;            // B, transposed, lies as panels.h says; data begins with a panel
};

// Element (i, j) of op(X) as f32, whatever its type and order. Where time matters, nothing reads
// so.
[[gnu::always_inline]] inline float stored_element(const GemmOperand& x, std::int64_t i,
                                                   std::int64_t j) {
  const std::int64_t index = x.panels       ? panel_index(j, i, x.stride)
                             : x.transposed ? j * x.stride + i
                                            : i * x.stride + j;
  if (x.dtype == Dtype::f32) return static_cast<const float*>(x.data)[index];
  if (x.dtype == Dtype::bf16) return to_float(static_cast<const bf16*>(x.data)[index]);
  const std::int64_t scale = x.panels ? panel_scale_index(j, i, x.stride) : index / kQuantBlock;
  return x.scales[scale] * quantised_level(x.dtype, x.data, index);
}

struct GemmArgs {
  std::int64_t m = 0, n = 0, k = 0;
  GemmOperand a, b;
  float* c = nullptr;
  std::int64_t c_stride = 0;
  float alpha = 1.0f;
  bool accumulate = false;
  GemmMath math = GemmMath::f32;
  std::byte* scratch = nullptr;  // kGemmScratchBytes, 64-byte aligned, one a thread
};

// An upper bound of the scratch for any product on any instruction set: the packed panels are
// blocked, so it is fixed.
inline constexpr std::int64_t kGemmScratchBytes = 4 << 20;

// Multiples at which a split of m or n wastes little work on any instruction set.
inline constexpr std::int64_t kGemmRowGrain = 16;
inline constexpr std::int64_t kGemmColumnGrain = 64;

}  // namespace attune::kernels
