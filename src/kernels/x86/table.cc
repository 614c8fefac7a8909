#include "kernels/ref/ref.h"
#include "kernels/x86/operations.h"
#include "kernels/x86/tables.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

const Kernels kTable = {
    .isa = Isa::ATTUNE_VECTOR_SET,
    .gemm = gemm,
    .attention_forward = ref::attention_forward,
    .attention_backward = ref::attention_backward,
    .rms_norm_forward = ref::rms_norm_forward,
    .rms_norm_backward = ref::rms_norm_backward,
    .rms_norm_backward_weight = ref::rms_norm_backward_weight,
    .rope = ref::rope,
    .swiglu_forward = ref::swiglu_forward,
    .swiglu_backward = ref::swiglu_backward,
    .add = ref::add,
    .bias_add = ref::bias_add,
    .column_sum = ref::column_sum,
    .cross_entropy = ref::cross_entropy,
    .adamw = ref::adamw,
    .sum_squares = ref::sum_squares,
};

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
