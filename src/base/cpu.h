// What this CPU can do, and which instruction set the kernels use. Read once at start.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace attune {

// In rising order. Each includes those before it; amx also uses the avx512 paths for non-matrix
// work.
enum class Isa { scalar, avx2, avx512, avx512_bf16, amx };

struct CpuFeatures {
  bool avx2_fma = false;
  bool avx512 = false;  // F, BW, DQ, VL and operating-system support
  bool avx512_bf16 = false;
  bool amx_bf16 = false;  // tiles, BF16, and the kernel grants tile state to this process
  std::string vendor;     // "GenuineIntel", "AuthenticAMD"
  std::string brand;
};

// Detected once; safe from any thread.
const CpuFeatures& cpu_features();

std::string_view isa_name(Isa isa);

// The best path of this CPU, lowered by the environment variable ATTUNE_ISA
// (scalar|avx2|avx512|avx512_bf16|amx). An unknown or unavailable name is an error.
// avx512_bf16 is chosen only where its dot product runs at full rate (AMD Zen 4 and later); on
// Intel it has half the FMA rate (111 against 225 GFLOP/s a core, Sapphire Rapids), so plain avx512
// is taken.
Result<Isa> pick_isa();

}  // namespace attune
