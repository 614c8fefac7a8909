// A linear module in a pass: base product, bias and adapter, forward and backward.
#pragma once

#include "model/activations.h"

namespace attune::model {

// y = x W^T + bias + scale * (dropout(x) A^T) B^T; added to y when `accumulate`.
// `kept_inner` [T, R] keeps dropout(x) A^T for backward; null: scratch is used.
void linear_forward(const Pass& pass, const Linear& linear, const float* x, float* y,
                    float* kept_inner, bool accumulate = false);

// The mirror of linear_forward. Adds to the gradients of what is trained, and writes d_x = d_y W +
// ... unless d_x is null (added to d_x when `accumulate`). `kept_inner` is what forward kept.
void linear_backward(const Pass& pass, Linear& linear, const float* x, const float* d_y, float* d_x,
                     const float* kept_inner, bool accumulate = false);

// Whether training changes this linear in this pass.
bool is_trained(const Pass& pass, const Linear& linear);

}  // namespace attune::model
