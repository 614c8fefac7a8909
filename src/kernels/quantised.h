// Frozen weights of few bits. A row is cut into blocks of kQuantBlock columns, each with a scale:
//
//   int8 (Dtype::i8)   value = scale * q, q in [-127, 127], scale = largest |w| of the block / 127
//   nf4 (Dtype::nf4)   value = scale * level[code], scale = largest |w|; the 16 levels are those of
//                      NormalFloat (Dettmers et al. 2023, QLoRA, appendix E), two codes a byte, the
//                      first in the lower half
//
// Rows are padded with zeros to whole blocks, so the scale of element i of the whole matrix is
// scales[i / kQuantBlock]. The product of gemm.h decodes them while it packs a panel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace attune::kernels {

inline constexpr std::int64_t kQuantBlock = 64;

inline constexpr float kNormalFloatLevels[16] = {-1.0f,
                                                 -0.6961928009986877f,
                                                 -0.5250730514526367f,
                                                 -0.39491748809814453f,
                                                 -0.28444138169288635f,
                                                 -0.18477343022823334f,
                                                 -0.09105003625154495f,
                                                 0.0f,
                                                 0.07958029955625534f,
                                                 0.16093020141124725f,
                                                 0.24611230194568634f,
                                                 0.33791524171829224f,
                                                 0.44070982933044434f,
                                                 0.5626170039176941f,
                                                 0.7229568362236023f,
                                                 1.0f};

constexpr bool is_quantised(Dtype dtype) { return dtype == Dtype::i8 || dtype == Dtype::nf4; }

// Bytes of so many stored elements: for nf4 an even number.
constexpr std::int64_t stored_bytes(Dtype dtype, std::int64_t elements) {
  return dtype == Dtype::nf4 ? elements / 2 : elements * dtype_bytes(dtype);
}

// Elements of a stored row.
constexpr std::int64_t quantised_stride(std::int64_t columns) {
  return (columns + kQuantBlock - 1) / kQuantBlock * kQuantBlock;
}

// One row of `columns` floats: fills stored_bytes(dtype, quantised_stride(columns)) bytes and a
// scale a block. Each value becomes the nearest that its block has; a tie takes the even q or the
// lower level; blocks of subnormal numbers become zero. False where a value is no finite number.
bool quantise_row(Dtype dtype, const float* row, std::int64_t columns, std::byte* values,
                  float* scales);

// Element `index` of the stored matrix, in units of its block's scale.
float quantised_level(Dtype dtype, const void* values, std::int64_t index);

}  // namespace attune::kernels
