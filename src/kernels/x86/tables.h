// The tables of the vector kernels, one an instruction set (x86/table.cc is compiled for each).
#pragma once

#include "kernels/kernels.h"

namespace attune::kernels {

namespace avx2 {
extern const Kernels kTable;
}
namespace avx512 {
extern const Kernels kTable;
}
namespace avx512_bf16 {
extern const Kernels kTable;
}
namespace amx {
extern const Kernels kTable;
}

}  // namespace attune::kernels
