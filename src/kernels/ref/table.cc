#include "kernels/ref/ref.h"

namespace attune::kernels::ref {

const Kernels kTable = {
    .isa = Isa::scalar,
    .gemm = gemm,
    .attention_forward = attention_forward,
    .attention_backward = attention_backward,
    .rms_norm_forward = rms_norm_forward,
    .rms_norm_backward = rms_norm_backward,
    .rms_norm_backward_weight = rms_norm_backward_weight,
    .rope = rope,
    .swiglu_forward = swiglu_forward,
    .swiglu_backward = swiglu_backward,
    .add = add,
    .bias_add = bias_add,
    .column_sum = column_sum,
    .dropout_draw = dropout_draw,
    .dropout = dropout,
    .cross_entropy = cross_entropy,
    .adamw = adamw,
    .sum_squares = sum_squares,
    .peak_work = peak_work,
};

}  // namespace attune::kernels::ref
