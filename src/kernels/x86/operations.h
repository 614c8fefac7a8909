// The vector kernels of one instruction set (ATTUNE_VECTOR_SET); see kernels.h for what each does.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

void gemm(const GemmArgs& args);

}
