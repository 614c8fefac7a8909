// Element types of tensors, as named by safetensors, and the two half-width floats.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace attune {

enum class Dtype : std::uint8_t {
  f64,
  f32,
  f16,
  bf16,
  i64,
  i32,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean,
  f8_e4m3,
  f8_e5m2,
  nf4,  // half a byte: frozen weights in memory (kernels/quantised.h), never in a file
};

constexpr std::int64_t dtype_bytes(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
    case Dtype::i64:
    case Dtype::u64:
      return 8;
    case Dtype::f32:
    case Dtype::i32:
    case Dtype::u32:
      return 4;
    case Dtype::f16:
    case Dtype::bf16:
    case Dtype::i16:
    case Dtype::u16:
      return 2;
    default:
      return 1;
  }
}

// "F32", "BF16", ... as written in a safetensors header.
std::string_view dtype_name(Dtype dtype);

// bfloat16: the upper half of a float. Conversion rounds to nearest even; NaN stays NaN.
struct bf16 {
  std::uint16_t bits;
};

constexpr float to_float(bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

constexpr bf16 to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {  // NaN: keep the sign, force a quiet payload bit
    return bf16{static_cast<std::uint16_t>((bits >> 16) | 0x0040u)};
  }
  return bf16{static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

// The float nearest to `value` that bfloat16 can hold.
constexpr float round_to_bf16(float value) { return to_float(to_bf16(value)); }

// IEEE half precision, round to nearest even.
struct f16 {
  std::uint16_t bits;
};
float to_float(f16 value);
f16 to_f16(float value);

}  // namespace attune
