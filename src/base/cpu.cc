#include "base/cpu.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace attune {

namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  if (__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

std::uint64_t enabled_state() {  // XCR0: which register files the operating system saves
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

bool bit(unsigned word, int position) { return ((word >> position) & 1u) != 0; }

// Linux gives tile registers only on request (arch_prctl ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA).
bool request_tile_permission() {
  constexpr long kRequestPermission = 0x1023;
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

std::string vendor_string() {
  const Registers r = cpuid(0, 0);
  std::array<char, 12> text{};
  std::memcpy(text.data(), &r.ebx, 4);
  std::memcpy(text.data() + 4, &r.edx, 4);
  std::memcpy(text.data() + 8, &r.ecx, 4);
  return {text.data(), text.size()};
}

std::string brand_string() {
  if (cpuid(0x80000000u, 0).eax < 0x80000004u) return "unknown";
  std::string text;
  for (unsigned leaf = 0x80000002u; leaf <= 0x80000004u; ++leaf) {
    const Registers r = cpuid(leaf, 0);
    std::array<char, 16> part{};
    std::memcpy(part.data(), &r, 16);
    text.append(part.data(), part.size());
  }
  return text.substr(0, text.find('\0'));
}

CpuFeatures detect() {
  CpuFeatures f;
  f.vendor = vendor_string();
  f.brand = brand_string();
  const Registers leaf1 = cpuid(1, 0), leaf7 = cpuid(7, 0), leaf7_1 = cpuid(7, 1);
  if (!bit(leaf1.ecx, 27)) return f;  // no OSXSAVE: no wide registers
  const std::uint64_t state = enabled_state();
  const bool avx_state = (state & 0x6) == 0x6;
  const bool avx512_state = (state & 0xe6) == 0xe6;
  const bool tile_state = (state & 0x60000) == 0x60000;
  f.avx2_fma = avx_state && bit(leaf7.ebx, 5) && bit(leaf1.ecx, 12) && bit(leaf1.ecx, 29);
  f.avx512 = f.avx2_fma && avx512_state && bit(leaf7.ebx, 16) && bit(leaf7.ebx, 17) &&
             bit(leaf7.ebx, 30) && bit(leaf7.ebx, 31);
  f.avx512_bf16 = f.avx512 && bit(leaf7_1.eax, 5);
  f.amx_bf16 = f.avx512 && tile_state && bit(leaf7.edx, 24) && bit(leaf7.edx, 22) &&
               request_tile_permission();
  return f;
}

bool available(Isa isa) {
  const CpuFeatures& f = cpu_features();
  switch (isa) {
    case Isa::scalar:
      return true;
    case Isa::avx2:
      return f.avx2_fma;
    case Isa::avx512:
      return f.avx512;
    case Isa::avx512_bf16:
      return f.avx512_bf16;
    case Isa::amx:
      return f.amx_bf16;
  }
  return false;
}

constexpr std::array kAllIsas = {Isa::scalar, Isa::avx2, Isa::avx512, Isa::avx512_bf16, Isa::amx};

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

std::string_view isa_name(Isa isa) {
  constexpr std::array<std::string_view, 5> kNames = {"scalar", "avx2", "avx512", "avx512_bf16",
                                                      "amx"};
  return kNames[static_cast<std::size_t>(isa)];
}

Result<Isa> pick_isa() {
  if (const char* wanted = std::getenv("ATTUNE_ISA"); wanted != nullptr && *wanted != '\0') {
    for (const Isa isa : kAllIsas) {
      if (isa_name(isa) != wanted) continue;
      if (available(isa)) return isa;
      return bad_input({.where = "ATTUNE_ISA",
                        .found = std::string(wanted) + ", which this CPU (" + cpu_features().brand +
                                 ") does not have",
                        .wanted = "a lower instruction set",
                        .fix = "unset ATTUNE_ISA to let Attune choose"});
    }
    return bad_input({.where = "ATTUNE_ISA",
                      .found = wanted,
                      .wanted = "scalar, avx2, avx512, avx512_bf16 or amx",
                      .fix = "unset ATTUNE_ISA to let Attune choose"});
  }
  const CpuFeatures& f = cpu_features();
  if (f.amx_bf16) return Isa::amx;
  if (f.avx512_bf16 && f.vendor == "AuthenticAMD") return Isa::avx512_bf16;
  if (f.avx512) return Isa::avx512;
  if (f.avx2_fma) return Isa::avx2;
  return Isa::scalar;
}

}  // namespace attune
