// Copies of blocks of the operands in the order in which the tile loop reads them.
//
// The unit is a step: four bytes along k, either one float or (Step::pair) two neighbouring bf16.
// Both operands are seen as lines over k: rows of op(A), columns of op(B).
//   panel of A  [line][step], lines a fixed stride apart: the tile loop broadcasts one step of each
//   line panel of B  [step][line]: the tile loop loads a vector of lines
// Lines and elements beyond the operand are packed as zero.
#pragma once

#include "kernels/gemm.h"
#include "kernels/x86/vector.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {

enum class Step {
  plain,    // a float as it is
  rounded,  // a float rounded to bf16: bf16 math where there is no bf16 dot product
  pair,     // two bf16
};

template <Step kStep>
inline constexpr std::int64_t kStepElements = kStep == Step::pair ? 2 : 1;

template <Step kStep>
ATTUNE_INLINE std::int64_t steps_of(std::int64_t k) {
  return (k + kStepElements<kStep> - 1) / kStepElements<kStep>;
}

// Lines over k of one operand. Quantised rows are padded to whole blocks, of which a vector is a
// part: it is read whole.
template <Step kStep, Dtype kStored>
struct Lines {
  static constexpr std::int64_t kElements = kStepElements<kStep>;
  static constexpr bool kInPanels = false;

  const GemmOperand& operand;
  std::int64_t line_count, k;
  bool along_k;  // neighbours in memory are neighbours in k (else: neighbouring lines)

  // Steps [step, step + kWidth) of one line.
  Vec along(std::int64_t line, std::int64_t step) const;
  // Lines [line, line + kWidth) of one step.
  Vec across(std::int64_t line, std::int64_t step) const;

  // t[i] = along(line + i, step), whichever way the operand lies.
  void lines_of_steps(std::int64_t line, std::int64_t step, Vec (&t)[kWidth]) const {
    if (along_k) {
      for (int i = 0; i < kWidth; ++i) t[i] = along(line + i, step);
    } else {
      for (int i = 0; i < kWidth; ++i) t[i] = across(line, step + i);
      transpose(t);
    }
  }
  // t[i] = across(line, step + i).
  void steps_of_lines(std::int64_t line, std::int64_t step, Vec (&t)[kWidth]) const {
    if (along_k) {
      if (holds(line, kWidth, step, kWidth)) {
#pragma GCC unroll 16
        for (int i = 0; i < kWidth; ++i) t[i] = inside(line + i, step);
      } else {
        for (int i = 0; i < kWidth; ++i) t[i] = along(line + i, step);
      }
      transpose(t);
    } else {
      for (int i = 0; i < kWidth; ++i) t[i] = across(line, step + i);
    }
  }

  // Whether all of these lines and steps exist.
  bool holds(std::int64_t line, std::int64_t lines, std::int64_t step, std::int64_t steps) const {
    return line + lines <= line_count && (step + steps) * kElements <= k;
  }
  // along() where all steps exist.
  Vec inside(std::int64_t line, std::int64_t step) const {
    return elements(line, step, kWidth * kElements);
  }

 private:
  // Steps [step, step + kWidth) of a line that exists, of which `count` > 0 elements do.
  Vec elements(std::int64_t line, std::int64_t step, std::int64_t count) const;
  // Elements [i, i + kWidth) of the stored row, of which `count` exist.
  static Vec floats(const GemmOperand& operand, std::int64_t row, std::int64_t i,
                    std::int64_t count) {
    if constexpr (is_quantised(kStored)) {
      const std::int64_t index = row * operand.stride + i;
      const Vec levels = kStored == Dtype::i8
                             ? load_int8(static_cast<const std::int8_t*>(operand.data) + index)
                             : load_nf4(static_cast<const std::uint8_t*>(operand.data) + index / 2);
      const Vec decoded = levels * set(operand.scales[index / kQuantBlock]);
      const Vec v = count >= kWidth ? decoded : select(first(count), decoded, zero());
      return kStep == Step::rounded ? round_bf16(v) : v;
    } else if constexpr (kStored == Dtype::bf16) {
      const auto* p = static_cast<const std::uint16_t*>(operand.data) + row * operand.stride + i;
      return count >= kWidth ? load_bf16(p) : load_bf16(p, count);
    } else {
      const auto* p = static_cast<const float*>(operand.data) + row * operand.stride + i;
      const Vec v = count >= kWidth ? load(p) : load(p, first(count));
      return kStep == Step::rounded ? round_bf16(v) : v;
    }
  }
};

#ifdef __AVX512BF16__
// Two vectors of 16 floats rounded to bf16, `low` in the lower half. Denormals become zero.
ATTUNE_INLINE Vec to_bf16(Vec low, Vec high) {
  return reinterpret_cast<Vec>(_mm512_cvtne2ps_pbh(high, low));
}
// (low half, high half) to pairs: lane i is {v[i], v[16 + i]}.
ATTUNE_INLINE Vec interleave_halves(Vec v) {
  alignas(64) static constexpr std::uint16_t kOrder[32] = {
      0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_castsi512_ps(
      _mm512_permutexvar_epi16(_mm512_load_si512(kOrder), _mm512_castps_si512(v)));
}

ATTUNE_INLINE __m256i load_halves(const std::uint16_t* p, std::int64_t count) {
  return _mm256_maskz_loadu_epi16(first(smaller(count, kWidth)), p);
}
#endif

template <Step kStep, Dtype kStored>
inline __attribute__((always_inline)) Vec Lines<kStep, kStored>::elements(
    std::int64_t line, std::int64_t step, std::int64_t count) const {
  const std::int64_t i = step * kElements;
#ifdef __AVX512BF16__
  if constexpr (kStep == Step::pair && kStored == Dtype::bf16) {
    const auto* p = static_cast<const std::uint16_t*>(operand.data) + line * operand.stride + i;
    return count >= 2 * kWidth ? load_bits(p) : load_bits(p, count);
  } else if constexpr (kStep == Step::pair) {
    const Vec high = count > kWidth ? floats(operand, line, i + kWidth, count - kWidth) : zero();
    return to_bf16(floats(operand, line, i, count), high);
  }
#endif
  return floats(operand, line, i, count);
}

template <Step kStep, Dtype kStored>
inline __attribute__((always_inline)) Vec Lines<kStep, kStored>::along(std::int64_t line,
                                                                       std::int64_t step) const {
  const std::int64_t count = k - step * kElements;
  if (line >= line_count || count <= 0) return zero();
  return elements(line, step, count);
}

template <Step kStep, Dtype kStored>
inline __attribute__((always_inline)) Vec Lines<kStep, kStored>::across(std::int64_t line,
                                                                        std::int64_t step) const {
  const std::int64_t row = step * kElements, count = line_count - line;
  if (row >= k || count <= 0) return zero();
#ifdef __AVX512BF16__
  if constexpr (kStep == Step::pair && kStored == Dtype::bf16) {
    const auto* p = static_cast<const std::uint16_t*>(operand.data) + row * operand.stride + line;
    const __m256i high =
        row + 1 < k ? load_halves(p + operand.stride, count) : _mm256_setzero_si256();
    const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(load_halves(p, count)), high, 1);
    return interleave_halves(_mm512_castsi512_ps(both));
  } else if constexpr (kStep == Step::pair) {
    const Vec high = row + 1 < k ? floats(operand, row + 1, line, count) : zero();
    return interleave_halves(to_bf16(floats(operand, row, line, count), high));
  }
#endif
  return floats(operand, row, line, count);
}

// Lines over k of an operand that lies in panels (panels.h).
template <Step kStep, Dtype kStored>
struct Panels {
  // A pair of elements of each line is one step of pairs, or two of floats.
  static constexpr int kSteps = kStep == Step::pair ? 1 : 2;
  static constexpr bool kInPanels = true;

  const GemmOperand& operand;

  // The steps of one pair of kWidth lines; `line` is a multiple of kWidth.
  void steps_of_pair(std::int64_t line, std::int64_t pair, Vec (&t)[kSteps]) const {
    const std::int64_t index = panel_index(line, 2 * pair, operand.stride) / 2;
    fetch(index + kPairsAhead * kPanelRows);
    Vec even, odd;
    if constexpr (kStored == Dtype::bf16) {
      const Vec both = load(static_cast<const float*>(operand.data) + index);
      if constexpr (kStep == Step::pair) {
        t[0] = both;
        return;
      }
      even = even_halves(both), odd = odd_halves(both);
    } else {
      if constexpr (kStored == Dtype::i8) {
        load_int8_pairs(static_cast<const std::int8_t*>(operand.data) + 2 * index, even, odd);
      } else {
        load_nf4_pairs(static_cast<const std::uint8_t*>(operand.data) + index, even, odd);
      }
      const Vec scales = load(operand.scales + panel_scale_index(line, 2 * pair, operand.stride));
      even = scales * even, odd = scales * odd;
    }
    if constexpr (kStep != Step::pair) {
      const bool rounds = kStep == Step::rounded && kStored != Dtype::bf16;
      t[0] = rounds ? round_bf16(even) : even;
      t[1] = rounds ? round_bf16(odd) : odd;
    }
#ifdef __AVX512BF16__
    if constexpr (kStep == Step::pair) t[0] = interleave_halves(to_bf16(even, odd));
#endif
  }
  // t[i] is step `step` + i, zero behind the last; `step` is even.
  void steps_of_lines(std::int64_t line, std::int64_t step, Vec (&t)[kWidth]) const {
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; i += kSteps) {
      Vec some[kSteps];
      for (Vec& v : some) v = zero();
      const std::int64_t pair = (step + i) / kSteps;
      if (pair < operand.stride / 2) steps_of_pair(line, pair, some);
      for (int s = 0; s < kSteps; ++s) t[i + s] = some[s];
    }
  }

 private:
  // How far ahead of its use a panel is fetched: with 8 rows, 32,000 x 1,024 weights come twice
  // as fast as without (bench/kernels_bench --only decode).
  static constexpr std::int64_t kPairsAhead = 16;

  // Asks for the memory of a pair, which may be none.
  void fetch(std::int64_t index) const {
    constexpr std::int64_t kPairBits = kStored == Dtype::bf16 ? 32 : kStored == Dtype::i8 ? 16 : 8;
    __builtin_prefetch(static_cast<const char*>(operand.data) + index * kPairBits / 8);
  }
};

// Steps [step, step + steps) of `lines` lines, as a panel of A. Whole vectors of steps are written.
template <class Source>
void pack_a(const Source& source, std::int64_t line, std::int64_t lines, std::int64_t step,
            std::int64_t steps, std::int64_t panel_stride, float* panel) {
  for (std::int64_t i = 0; i < lines; i += kWidth) {
    const std::int64_t used = smaller(lines - i, kWidth);
    for (std::int64_t s = 0; s < steps; s += kWidth) {
      Vec t[kWidth];
      source.lines_of_steps(line + i, step + s, t);
      for (std::int64_t r = 0; r < used; ++r) store(panel + (i + r) * panel_stride + s, t[r]);
    }
  }
}

// Steps [step, step + steps) of `lines` lines (a multiple of kWidth), as a panel of B with `lines`
// lines a step.
template <class Source>
void pack_b(const Source& source, std::int64_t line, std::int64_t lines, std::int64_t step,
            std::int64_t steps, float* panel) {
  for (std::int64_t s = 0; s < steps; s += kWidth) {
    const std::int64_t used = smaller(steps - s, kWidth);
    for (std::int64_t i = 0; i < lines; i += kWidth) {
      Vec t[kWidth];
      source.steps_of_lines(line + i, step + s, t);
      for (std::int64_t r = 0; r < used; ++r) store(panel + (s + r) * lines + i, t[r]);
    }
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
