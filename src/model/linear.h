// A linear module in a pass: base product, bias and adapter, forward and backward.
#pragma once

#include "model/activations.h"

namespace attune::model {

// y = x W^T + bias + scale * (dropout(x) A^T) B^T; added to y when `accumulate`. `kept` is filled
// for backward.
void linear_forward(const Pass& pass, const Linear& linear, const float* x, float* y,
                    const LoraActivations& kept, bool accumulate = false);

// The mirror of linear_forward. Adds to the gradients of what is trained, and writes d_x = d_y W +
// ... unless d_x is null (added to d_x when `accumulate`). `kept` is what forward filled.
void linear_backward(const Pass& pass, Linear& linear, const float* x, const float* d_y, float* d_x,
                     const LoraActivations& kept, bool accumulate = false);

// Whether training changes this linear in this pass.
bool is_trained(const Pass& pass, const Linear& linear);

}  // namespace attune::model
