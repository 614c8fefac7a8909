// The vector kernels of one instruction set (ATTUNE_VECTOR_SET); see kernels.h for what each does.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

void gemm(const GemmArgs& args);

void attention_forward(const AttentionArgs& args);
void attention_backward(const AttentionGradArgs& args);

void rms_norm_forward(const float* x, const float* weight, float* y, float* inv_rms,
                      std::int64_t rows, std::int64_t width, float epsilon);
void rms_norm_backward(const float* dy, const float* x, const float* weight, const float* inv_rms,
                       float* dx, std::int64_t rows, std::int64_t width);
void rms_norm_backward_weight(const float* dy, const float* x, const float* inv_rms, float* dweight,
                              std::int64_t rows, std::int64_t width, std::int64_t begin,
                              std::int64_t end);

void rope(float* x, const float* cosine, const float* sine, std::int64_t rows, std::int64_t heads,
          std::int64_t head_dim, std::int64_t rotary, bool inverse);

void swiglu_forward(const float* gate, const float* up, float* out, std::int64_t n);
void swiglu_backward(const float* d_out, const float* gate, const float* up, float* d_gate,
                     float* d_up, std::int64_t n);

void add(float* y, const float* x, std::int64_t n);
void bias_add(float* y, const float* bias, std::int64_t rows, std::int64_t width);
void column_sum(const float* y, float* sum, std::int64_t rows, std::int64_t width,
                std::int64_t begin, std::int64_t end);

void dropout_draw(std::uint8_t* bits, std::int64_t begin, std::int64_t end,
                  const DropoutDraw& draw);
void dropout(const float* x, const std::uint8_t* bits, float scale, float* out, std::int64_t rows,
             std::int64_t width, bool add);

void cross_entropy(float* logits, const std::int32_t* targets, const float* gradient_scale,
                   double* nll, std::int32_t* best, std::int64_t rows, std::int64_t vocabulary);

void adamw(float* parameter, const float* gradient, float* first_moment, float* second_moment,
           std::int64_t n, const AdamWStep& step);
double sum_squares(const float* x, std::int64_t n);

double peak_work(GemmMath math, const float* data, std::int64_t rounds);

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
