#include "kernels/quantised.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/context.h"
#include "kernels/support.h"

namespace attune::kernels {
namespace amx_emulated {
void gemm(const GemmArgs& args);
}
namespace {

constexpr Dtype kFormats[] = {Dtype::i8, Dtype::nf4};

// A matrix [rows, columns] in a format, and what it decodes to.
struct Packed {
  std::int64_t rows, columns;
  Dtype dtype;
  std::vector<std::byte> values;
  std::vector<float> scales, decoded;  // decoded: [rows, columns]
  std::vector<std::byte> panels = {};
  std::vector<float> panel_scales = {};

  GemmOperand operand(bool transposed) const {
    return {values.data(), quantised_stride(columns), dtype, transposed, scales.data()};
  }
  // The same in panels, for as long as this is not called again.
  GemmOperand in_panels() {
    const std::int64_t stride = quantised_stride(columns), elements = panel_rows(rows) * stride;
    panels.resize(static_cast<std::size_t>(stored_bytes(dtype, elements)));
    panel_scales.resize(static_cast<std::size_t>(elements / kQuantBlock));
    arrange_in_panels(dtype, values.data(), rows, columns, panels.data());
    arrange_scales_in_panels(scales.data(), rows, columns, panel_scales.data());
    GemmOperand operand{panels.data(), stride, dtype, true, panel_scales.data()};
    operand.panels = true;
    return operand;
  }
  GemmOperand floats(bool transposed) const {
    return {decoded.data(), columns, Dtype::f32, transposed};
  }
};

Packed pack(const std::vector<float>& matrix, std::int64_t rows, std::int64_t columns,
            Dtype dtype) {
  const std::int64_t stride = quantised_stride(columns);
  Packed p{rows, columns, dtype, {}, {}, {}};
  p.values.resize(static_cast<std::size_t>(stored_bytes(dtype, rows * stride)));
  p.scales.resize(static_cast<std::size_t>(rows * stride / kQuantBlock));
  for (std::int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE(quantise_row(dtype, matrix.data() + row * columns, columns,
                             p.values.data() + stored_bytes(dtype, row * stride),
                             p.scales.data() + row * stride / kQuantBlock));
    for (std::int64_t i = 0; i < columns; ++i) {
      p.decoded.push_back(stored_element(p.operand(false), row, i));
    }
  }
  return p;
}

// The largest gap between neighbouring values of a block whose largest size is 1, halved.
double worst_error(Dtype dtype) { return dtype == Dtype::i8 ? 0.5 / 127 : (1.0 - 0.6961928) / 2; }

TEST(Quantised, StaysWithinHalfAStepOfEachBlock) {
  constexpr std::int64_t kRows = 5, kColumns = 150;
  const std::vector<float> matrix = random_floats(kRows * kColumns, 1, 0.02f);
  for (const Dtype dtype : kFormats) {
    const Packed packed = pack(matrix, kRows, kColumns, dtype);
    for (std::int64_t row = 0; row < kRows; ++row) {
      for (std::int64_t begin = 0; begin < kColumns; begin += kQuantBlock) {
        const auto first = matrix.begin() + row * kColumns + begin;
        const std::int64_t count = std::min(kQuantBlock, kColumns - begin);
        float largest = 0;
        for (auto x = first; x != first + count; ++x) largest = std::max(largest, std::fabs(*x));
        for (std::int64_t i = 0; i < count; ++i) {
          const auto place = static_cast<std::size_t>(row * kColumns + begin + i);
          EXPECT_NEAR(packed.decoded[place], matrix[place],
                      largest * (worst_error(dtype) + kFloatEpsilon * 4))
              << dtype_name(dtype);
        }
      }
    }
  }
}

TEST(Quantised, KeepsWhatItsLevelsCanSay) {
  std::vector<float> levels(kNormalFloatLevels, kNormalFloatLevels + 16);
  for (float& x : levels) x *= 0.25f;
  EXPECT_EQ(pack(levels, 1, 16, Dtype::nf4).decoded, levels);
  std::vector<float> whole;
  for (int q = -127; q <= 0; q += 2) whole.push_back(static_cast<float>(q) * 0.5f);
  EXPECT_EQ(pack(whole, 1, std::ssize(whole), Dtype::i8).decoded, whole);
}

TEST(Quantised, LevelsRiseAndLieCloserNearZero) {
  for (int i = 1; i < 16; ++i) EXPECT_GT(kNormalFloatLevels[i], kNormalFloatLevels[i - 1]);
  for (int i = 1; i < 7; ++i) {
    EXPECT_GT(kNormalFloatLevels[i] - kNormalFloatLevels[i - 1],
              kNormalFloatLevels[i + 1] - kNormalFloatLevels[i]);
  }
  EXPECT_EQ(kNormalFloatLevels[7], 0.0f);
}

TEST(Quantised, ZerosAndTheSmallestNumbersAreZero) {
  const std::vector<float> rows{0.0f, -0.0f, 1e-42f, -1e-45f};
  for (const Dtype dtype : kFormats) {
    for (const float x : pack(rows, 1, 4, dtype).decoded) EXPECT_EQ(x, 0.0f);
  }
}

TEST(Quantised, RefusesWhatIsNoFiniteNumber) {
  for (const float bad : {std::numeric_limits<float>::infinity(), NAN}) {
    const std::vector<float> row{1.0f, bad};
    std::byte values[kQuantBlock];
    float scale = 0;
    for (const Dtype dtype : kFormats)
      EXPECT_FALSE(quantise_row(dtype, row.data(), 2, values, &scale));
  }
}

class QuantisedGemm : public EachSet {};

// A product with packed weights is the product with what they decode to, to the bit.
TEST_P(QuantisedGemm, GivesTheBitsOfTheDecodedWeights) {
  struct Product {
    std::int64_t m, outputs, inputs;
  };
  for (const auto& [m, outputs, inputs] :
       {Product{1, 70, 130}, {3, 33, 64}, {5, 65, 100}, {33, 130, 450}, {70, 64, 30}}) {
    const std::vector<float> matrix = random_floats(outputs * inputs, 2, 0.1f);
    for (const Dtype dtype : kFormats) {
      const Packed packed = pack(matrix, outputs, inputs, dtype);
      for (const bool forward : {true, false}) {
        const std::int64_t n = forward ? outputs : inputs, k = forward ? inputs : outputs;
        const std::vector<float> x = random_floats(m * k, 3);
        for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
          std::vector<float> c[2];
          for (const bool decoded : {false, true}) {
            c[decoded].assign(static_cast<std::size_t>(m * n), 0.25f);
            ops().gemm({.m = m,
                        .n = n,
                        .k = k,
                        .a = {x.data(), k},
                        .b = decoded ? packed.floats(forward) : packed.operand(forward),
                        .c = c[decoded].data(),
                        .c_stride = n,
                        .alpha = 0.5f,
                        .accumulate = true,
                        .math = math,
                        .scratch = scratch()});
          }
          EXPECT_EQ(c[0], c[1]) << dtype_name(dtype) << (forward ? " forward " : " backward ") << m
                                << " x " << n << " x " << k;
        }
      }
    }
  }
}

TEST_P(QuantisedGemm, GivesTheSameBitsFromPanels) {
  for (const std::int64_t m : {1, 2, 3, 4, 5, 8, 9, 14, 15, 33}) {
    for (const auto& [outputs, inputs] :
         {std::pair<std::int64_t, std::int64_t>{70, 130}, {33, 64}, {130, 450}, {1, 1}}) {
      const std::vector<float> matrix = random_floats(outputs * inputs, 2, 0.1f);
      const std::vector<float> x = random_floats(m * inputs, 3);
      for (const Dtype dtype : kFormats) {
        Packed packed = pack(matrix, outputs, inputs, dtype);
        for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
          const auto product = [&](const GemmOperand& b) {
            std::vector<float> c(static_cast<std::size_t>(m * outputs), 0.25f);
            ops().gemm({.m = m,
                        .n = outputs,
                        .k = inputs,
                        .a = {x.data(), inputs},
                        .b = b,
                        .c = c.data(),
                        .c_stride = outputs,
                        .alpha = 0.5f,
                        .accumulate = true,
                        .math = math,
                        .scratch = scratch()});
            return c;
          };
          EXPECT_EQ(product(packed.in_panels()), product(packed.operand(true)))
              << dtype_name(dtype) << " " << m << " x " << outputs << " x " << inputs;
        }
      }
    }
  }
}

// Large enough that both threads get a piece that begins inside the matrix.
TEST_P(QuantisedGemm, GivesTheSameBitsOnTwoThreads) {
  constexpr std::int64_t kSize = 576, kMostRows = 20;
  const std::vector<float> matrix = random_floats(kSize * kSize, 2);
  const std::vector<float> x = random_floats(kMostRows * kSize, 3);
  for (const Dtype dtype : kFormats) {
    Packed packed = pack(matrix, kSize, kSize, dtype);
    for (const GemmOperand& weights :
         {packed.operand(true), packed.operand(false), packed.in_panels()}) {
      for (const std::int64_t m : {kMostRows, std::int64_t{3}}) {
        std::vector<std::vector<float>> results;
        for (const int threads : {1, 2, 3}) {
          std::vector<float> c(static_cast<std::size_t>(m * kSize));
          parallel_gemm(Context(GetParam(), threads), {.m = m,
                                                       .n = kSize,
                                                       .k = kSize,
                                                       .a = {x.data(), kSize},
                                                       .b = weights,
                                                       .c = c.data(),
                                                       .c_stride = kSize,
                                                       .math = GemmMath::bf16});
          results.push_back(c);
        }
        EXPECT_EQ(results[1], results[0]) << dtype_name(dtype);
        EXPECT_EQ(results[2], results[0]) << dtype_name(dtype);
      }
    }
  }
}

// The tile code too, whether or not this CPU has tiles.
TEST(QuantisedTiles, GiveTheBitsOfTheDecodedWeights) {
  if (!cpu_features().avx512_bf16) GTEST_SKIP() << "emulated tiles want AVX-512 with BF16";
  constexpr std::int64_t kRows = 40, kOutputs = 130, kInputs = 450;
  const std::vector<float> matrix = random_floats(kOutputs * kInputs, 2, 0.1f);
  for (const Dtype dtype : kFormats) {
    Packed packed = pack(matrix, kOutputs, kInputs, dtype);
    for (const GemmOperand& weights :
         {packed.operand(true), packed.operand(false), packed.in_panels()}) {
      const bool forward = weights.transposed;
      const std::int64_t n = forward ? kOutputs : kInputs, k = forward ? kInputs : kOutputs;
      const std::vector<float> x = random_floats(kRows * k, 3);
      std::vector<float> c[2];
      for (const bool decoded : {false, true}) {
        c[decoded].resize(static_cast<std::size_t>(kRows * n));
        amx_emulated::gemm({.m = kRows,
                            .n = n,
                            .k = k,
                            .a = {x.data(), k},
                            .b = decoded ? packed.floats(forward) : weights,
                            .c = c[decoded].data(),
                            .c_stride = n,
                            .math = GemmMath::bf16,
                            .scratch = scratch()});
      }
      EXPECT_EQ(c[0], c[1]) << dtype_name(dtype) << forward << weights.panels;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, QuantisedGemm, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
