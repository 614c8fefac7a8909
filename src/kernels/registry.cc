#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/ref/ref.h"
#include "kernels/x86/tables.h"

namespace attune::kernels {
namespace {

// Whether a bf16 product in tile registers agrees with the scalar one. Run once before tiles are
// used: hypervisors and compilers have been seen to break them, and a wrong product would only show
// as a model that does not learn.
bool tiles_agree() {
  constexpr std::int64_t kM = 45, kN = 70, kK = 700;
  const auto values = [](std::int64_t n, std::uint32_t seed) {
    std::vector<float> v(static_cast<std::size_t>(n));
    for (float& value : v) {
      seed = seed * 1664525u + 1013904223u;
      value = static_cast<float>(seed >> 8) / static_cast<float>(1 << 23) - 1.0f;
    }
    return v;
  };
  const std::vector<float> a = values(kM * kK, 1), b = values(kN * kK, 2);
  std::vector<float> c(kM * kN), wanted(kM * kN);
  std::vector<std::byte> memory(kGemmScratchBytes + 64);
  void* scratch = memory.data();
  std::size_t space = memory.size();
  GemmArgs args{.m = kM,
                .n = kN,
                .k = kK,
                .a = {a.data(), kK},
                .b = {b.data(), kK, Dtype::f32, true},
                .c = c.data(),
                .c_stride = kN,
                .math = GemmMath::bf16};
  args.scratch = static_cast<std::byte*>(std::align(64, kGemmScratchBytes, scratch, space));
  amx::kTable.gemm(args);
  args.c = wanted.data();
  ref::gemm(args);
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (!(std::fabs(c[i] - wanted[i]) < 1e-3f)) return false;  // sums of 700 products of size 1/3
  }
  return true;
}

const Kernels& tile_kernels() {
  static const bool agree = [] {
    const bool agreed = tiles_agree();
    if (!agreed) {
      std::fputs("attune: tile products (AMX) failed their check on this machine; using AVX-512\n",
                 stderr);
    }
    return agreed;
  }();
  return agree ? amx::kTable : avx512::kTable;
}

}  // namespace

const Kernels& kernels_for(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return avx2::kTable;
    case Isa::avx512:
      return avx512::kTable;
    case Isa::avx512_bf16:
      return avx512_bf16::kTable;
    case Isa::amx:
      return tile_kernels();
    case Isa::scalar:
      break;
  }
  return ref::kTable;
}

}  // namespace attune::kernels
