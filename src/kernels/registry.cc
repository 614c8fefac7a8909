#include "kernels/kernels.h"
#include "kernels/ref/ref.h"
#include "kernels/x86/tables.h"

namespace attune::kernels {

const Kernels& kernels_for(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return avx2::kTable;
    case Isa::avx512:
      return avx512::kTable;
    case Isa::avx512_bf16:
    case Isa::amx:
      return avx512_bf16::kTable;
    case Isa::scalar:
      break;
  }
  return ref::kTable;
}

}  // namespace attune::kernels
