// The table of kernels of one instruction set. The model layer calls through it; each function is
// single-threaded, takes pointers and sizes, and never allocates, locks or logs. Everything is f32
// and row-major unless the parameter says otherwise. Reductions run in a fixed order.
//
//   const Kernels& ops = kernels_for(isa);
//   ops.rms_norm_forward(x, weight, y, inv_rms, rows, width, eps);
//
// ref/ holds the scalar oracle (isa == scalar), x86/ the vector versions: one body compiled per
// instruction set.
#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "kernels/attention.h"
#include "kernels/dropout.h"
#include "kernels/gemm.h"

namespace attune::kernels {

struct AdamWStep {
  float learning_rate = 0, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f, weight_decay = 0;
  float bias_correction1 = 1, bias_correction2 = 1;  // 1 - beta^t
  float gradient_scale = 1;                          // multiplies the gradient first (clipping)
};

inline constexpr std::int64_t kPeakFloats = 4096;

struct Kernels {
  Isa isa;

  // See gemm.h.
  void (*gemm)(const GemmArgs& args);

  // See attention.h.
  void (*attention_forward)(const AttentionArgs& args);
  void (*attention_backward)(const AttentionGradArgs& args);

  // y = x / rms(x) * weight, rms over `width`; inv_rms [rows] is kept for backward (may be null).
  void (*rms_norm_forward)(const float* x, const float* weight, float* y, float* inv_rms,
                           std::int64_t rows, std::int64_t width, float epsilon);
  // dx += J^T dy.
  void (*rms_norm_backward)(const float* dy, const float* x, const float* weight,
                            const float* inv_rms, float* dx, std::int64_t rows, std::int64_t width);
  // dweight[c] += sum over rows of dy * x * inv_rms, for columns [begin, end), rows in rising
  // order.
  void (*rms_norm_backward_weight)(const float* dy, const float* x, const float* inv_rms,
                                   float* dweight, std::int64_t rows, std::int64_t width,
                                   std::int64_t begin, std::int64_t end);

  // Rotates pairs (j, j + rotary/2) of each head in place; cosine and sine are [rows, rotary/2].
  // inverse rotates back: it is the backward of the rotation.
  void (*rope)(float* x, const float* cosine, const float* sine, std::int64_t rows,
               std::int64_t heads, std::int64_t head_dim, std::int64_t rotary, bool inverse);

  // out = silu(gate) * up, elementwise over n.
  void (*swiglu_forward)(const float* gate, const float* up, float* out, std::int64_t n);
  // d_gate and d_up may be the same memory as gate and up.
  void (*swiglu_backward)(const float* d_out, const float* gate, const float* up, float* d_gate,
                          float* d_up, std::int64_t n);

  // y += x over n elements.
  void (*add)(float* y, const float* x, std::int64_t n);
  // Each of `rows` rows of y [rows, width] += bias [width].
  void (*bias_add)(float* y, const float* bias, std::int64_t rows, std::int64_t width);
  // sum[c] += sum over rows of y[r, c] for columns [begin, end), rows in rising order.
  void (*column_sum)(const float* y, float* sum, std::int64_t rows, std::int64_t width,
                     std::int64_t begin, std::int64_t end);

  // Draws bytes [begin, end) of a mask; see dropout.h.
  void (*dropout_draw)(std::uint8_t* bits, std::int64_t begin, std::int64_t end,
                       const DropoutDraw& draw);
  // out = x * scale where the mask's bit is set, else 0, over x [rows, width]; added to out when
  // `add`. `bits` is the mask's first row.
  void (*dropout)(const float* x, const std::uint8_t* bits, float scale, float* out,
                  std::int64_t rows, std::int64_t width, bool add);

  // For each row of logits [rows, vocabulary]: nll[r] = logsumexp - logit[target] (double,
  // unweighted); best[r] = index of the largest logit. When gradient_scale != null the row is
  // overwritten with its gradient (softmax - onehot(target)) * gradient_scale[r].
  void (*cross_entropy)(float* logits, const std::int32_t* targets, const float* gradient_scale,
                        double* nll, std::int32_t* best, std::int64_t rows,
                        std::int64_t vocabulary);

  // Decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW.
  void (*adamw)(float* parameter, const float* gradient, float* first_moment, float* second_moment,
                std::int64_t n, const AdamWStep& step);
  // Sum of squares in double, in a fixed order.
  double (*sum_squares)(const float* x, std::int64_t n);

  // Does `rounds` rounds of multiply-adds on operands that stay in registers (tiles: in the
  // first-level cache) and returns how many operations they were: timed, the rate that no product
  // can exceed. `data` are kPeakFloats values, random ones: with equal or zero operands processors
  // draw less power and run faster than they ever do at work.
  double (*peak_work)(GemmMath math, const float* data, std::int64_t rounds);
};

// The table of one instruction set; `isa` must be available on this CPU (see pick_isa).
const Kernels& kernels_for(Isa isa);

}  // namespace attune::kernels
