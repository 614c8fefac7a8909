#include "kernels/gemm.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ostream>

#include "kernels/support.h"

namespace attune::kernels {
namespace amx_emulated {
void gemm(const GemmArgs& args);
}
namespace {

struct Shape {
  std::int64_t m, n, k;
};

constexpr Shape kShapes[] = {{1, 1, 1},      {1, 33, 65},   {2, 17, 300},   {3, 65, 127},
                             {4, 127, 33},   {4, 3, 1},     {5, 1, 3},      {6, 16, 17},
                             {13, 31, 65},   {14, 32, 385}, {15, 33, 127},  {17, 300, 33},
                             {33, 65, 300},  {65, 8, 127},  {127, 17, 65},  {300, 3, 17},
                             {29, 340, 700}, {8, 77, 1030}, {16, 330, 130}, {61, 64, 0}};

// An operand [rows, columns] of op(X), stored as asked; strides are longer than the rows.
struct Stored {
  std::vector<float> floats;
  std::vector<bf16> halves;
  GemmOperand operand;
};

Stored stored(std::int64_t rows, std::int64_t columns, Dtype dtype, bool transposed,
              std::uint32_t seed) {
  const std::int64_t stride = (transposed ? rows : columns) + 3;
  Stored s;
  s.floats = random_floats((transposed ? columns : rows) * stride, seed);
  s.halves = to_bf16(s.floats);
  const void* data =
      dtype == Dtype::bf16 ? static_cast<const void*>(s.halves.data()) : s.floats.data();
  s.operand = {data, stride, dtype, transposed};
  return s;
}

double element(const GemmOperand& x, std::int64_t index, GemmMath math) {
  if (x.dtype == Dtype::bf16) return to_float(static_cast<const bf16*>(x.data)[index]);
  const float value = static_cast<const float*>(x.data)[index];
  return math == GemmMath::bf16 ? round_to_bf16(value) : value;
}

// Lines over k (rows of op(A) or columns of op(B)), one after the other.
std::vector<double> lines(const GemmOperand& x, std::int64_t count, std::int64_t k, bool along_k,
                          GemmMath math) {
  std::vector<double> all;
  for (std::int64_t line = 0; line < count; ++line) {
    for (std::int64_t p = 0; p < k; ++p) {
      all.push_back(element(x, along_k ? line * x.stride + p : p * x.stride + line, math));
    }
  }
  return all;
}

// Compares with the product in double. The error of a sum of k products in any order is below (k +
// 2) epsilon times the sum of their sizes; a blocked or lane-wise sum stays far below, so the
// factor grows with sqrt(k) only.
void expect_product(const GemmArgs& args, const std::vector<float>& before) {
  const double factor = 4 * kFloatEpsilon * (4 + std::sqrt(static_cast<double>(args.k)));
  const std::vector<double> a = lines(args.a, args.m, args.k, !args.a.transposed, args.math);
  const std::vector<double> b = lines(args.b, args.n, args.k, args.b.transposed, args.math);
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < args.m; ++i) {
    for (std::int64_t j = 0; j < args.n; ++j) {
      const std::int64_t place = i * args.c_stride + j;
      double sum = 0, size = 0;
      for (std::int64_t p = 0; p < args.k; ++p) {
        const double product = a[static_cast<std::size_t>(i * args.k + p)] *
                               b[static_cast<std::size_t>(j * args.k + p)];
        sum += product;
        size += std::fabs(product);
      }
      const double old = args.accumulate ? before[static_cast<std::size_t>(place)] : 0.0;
      const double wanted = args.alpha * sum + old;
      const double bound = factor * (std::fabs(args.alpha) * size + std::fabs(old)) + 1e-37;
      if (!(std::fabs(args.c[place] - wanted) <= bound) && ++wrong <= 3) {
        ADD_FAILURE() << "C[" << i << ", " << j << "] is " << args.c[place] << ", wanted " << wanted
                      << " +- " << bound << " (m " << args.m << ", n " << args.n << ", k " << args.k
                      << ")";
      }
    }
    for (std::int64_t j = args.n; j < args.c_stride; ++j) {  // the gap between rows is not touched
      const auto place = static_cast<std::size_t>(i * args.c_stride + j);
      if (args.c[place] != before[place]) ++wrong;
    }
  }
  EXPECT_EQ(wrong, 0);
}

// Every product there is, and the tile code over emulated tiles, whether or not this CPU has them.
struct Subject {
  std::string name;
  void (*gemm)(const GemmArgs& args);
};

std::vector<Subject> subjects() {
  std::vector<Subject> all;
  for (const Isa isa : available_sets())
    all.push_back({std::string(isa_name(isa)), kernels_for(isa).gemm});
  if (cpu_features().avx512_bf16) all.push_back({"amx_emulated", amx_emulated::gemm});
  return all;
}

std::ostream& operator<<(std::ostream& out, const Subject& subject) { return out << subject.name; }

class Gemm : public testing::TestWithParam<Subject> {
 protected:
  void gemm(const GemmArgs& args) const { GetParam().gemm(args); }
};

TEST_P(Gemm, MatchesTheProductInDoubleForEveryFormAndOddSize) {
  for (const auto& [m, n, k] : kShapes) {
    for (const int form : {0, 1, 2, 3}) {
      for (const auto& [a_type, b_type] : {std::pair{Dtype::f32, Dtype::f32},
                                           {Dtype::f32, Dtype::bf16},
                                           {Dtype::bf16, Dtype::f32},
                                           {Dtype::bf16, Dtype::bf16}}) {
        for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
          const Stored a = stored(m, k, a_type, (form & 1) != 0, 1);
          const Stored b = stored(k, n, b_type, (form & 2) != 0, 2);
          const std::vector<float> before = random_floats(m * (n + 5), 3);
          std::vector<float> c = before;
          const GemmArgs args{.m = m,
                              .n = n,
                              .k = k,
                              .a = a.operand,
                              .b = b.operand,
                              .c = c.data(),
                              .c_stride = n + 5,
                              .math = math,
                              .scratch = scratch()};
          gemm(args);
          SCOPED_TRACE(testing::Message()
                       << "form " << form << " types " << dtype_name(a_type) << " "
                       << dtype_name(b_type) << " bf16 math " << (math == GemmMath::bf16));
          expect_product(args, before);
          if (HasFailure()) return;
        }
      }
    }
  }
}

TEST_P(Gemm, ScalesAndAccumulates) {
  for (const auto& [m, n, k] : kShapes) {
    const Stored a = stored(m, k, Dtype::f32, false, 1);
    const Stored b = stored(k, n, Dtype::f32, true, 2);
    for (const bool accumulate : {false, true}) {
      const std::vector<float> before = random_floats(m * (n + 5), 3);
      std::vector<float> c = before;
      const GemmArgs args{.m = m,
                          .n = n,
                          .k = k,
                          .a = a.operand,
                          .b = b.operand,
                          .c = c.data(),
                          .c_stride = n + 5,
                          .alpha = -1.75f,
                          .accumulate = accumulate,
                          .scratch = scratch()};
      gemm(args);
      expect_product(args, before);
    }
  }
}

TEST_P(Gemm, DoesNotReadWhatItOverwrites) {
  const Stored a = stored(33, 65, Dtype::f32, false, 1), b = stored(65, 47, Dtype::f32, false, 2);
  std::vector<float> c(33 * 47, NAN);
  const GemmArgs args{.m = 33,
                      .n = 47,
                      .k = 65,
                      .a = a.operand,
                      .b = b.operand,
                      .c = c.data(),
                      .c_stride = 47,
                      .scratch = scratch()};
  gemm(args);
  for (const float value : c) ASSERT_TRUE(std::isfinite(value));
}

// Multiplies with m and n cut at the given places; returns C.
std::vector<float> cut_product(const Subject& subject, GemmArgs args, std::int64_t row_cut,
                               std::int64_t column_cut) {
  std::vector<float> c(static_cast<std::size_t>(args.m * args.n));
  const auto part = [&](std::int64_t row, std::int64_t rows, std::int64_t column,
                        std::int64_t columns) {
    GemmArgs p = args;
    const auto at = [](const GemmOperand& x, std::int64_t elements) {
      GemmOperand moved = x;
      moved.data = static_cast<const std::byte*>(x.data) + elements * dtype_bytes(x.dtype);
      return moved;
    };
    p.m = rows, p.n = columns;
    p.a = at(args.a, args.a.transposed ? row : row * args.a.stride);
    p.b = at(args.b, args.b.transposed ? column * args.b.stride : column);
    p.c = c.data() + row * args.n + column;
    p.c_stride = args.n;
    p.scratch = scratch();
    subject.gemm(p);
  };
  part(0, row_cut, 0, column_cut);
  part(0, row_cut, column_cut, args.n - column_cut);
  part(row_cut, args.m - row_cut, 0, column_cut);
  part(row_cut, args.m - row_cut, column_cut, args.n - column_cut);
  return c;
}

TEST_P(Gemm, GivesTheSameBitsHoweverRowsAndColumnsAreCut) {
  for (const int form : {0, 1, 2, 3}) {
    for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
      for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
        const std::int64_t m = 61, n = 357;
        const std::int64_t k =
            GetParam().name == "scalar" ? 20 : 811;  // plain loops have no blocks of k
        const Stored a = stored(m, k, dtype, (form & 1) != 0, 1),
                     b = stored(k, n, dtype, (form & 2) != 0, 2);
        const GemmArgs args{.m = m, .n = n, .k = k, .a = a.operand, .b = b.operand, .math = math};
        const std::vector<float> whole = cut_product(GetParam(), args, m, n);
        for (const auto& [row, column] : {std::pair<std::int64_t, std::int64_t>{17, 64},
                                          {5, 1},
                                          {30, 333},
                                          {56, 15},
                                          {1, 31},
                                          {59, 32},
                                          {3, 65},
                                          {57, 300}}) {
          const std::vector<float> cut = cut_product(GetParam(), args, row, column);
          ASSERT_EQ(std::memcmp(whole.data(), cut.data(), whole.size() * sizeof(float)), 0)
              << "form " << form << " cut at " << row << ", " << column;
        }
      }
    }
  }
}

// Weights as models store them, row after row, at sizes with and without a last part.
TEST_P(Gemm, ARowHasTheSameBitsAloneAndAmongMany) {
  const bool plain_loops = GetParam().name == "scalar";
  for (const std::int64_t k : {1, 3, 32, 64, 66, 255, 288, 768, 1024, 2048}) {
    if (plain_loops && k > 100) continue;
    for (const std::int64_t n : {32, 65, 96}) {
      for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
        for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
          constexpr std::int64_t kRows = 23;
          const Stored a = stored(kRows, k, Dtype::f32, false, 1);
          Stored b = stored(k, n, dtype, true, 2);
          b.operand.stride = k;
          std::vector<float> whole(static_cast<std::size_t>(kRows * n), 0.5f), part(whole);
          GemmArgs args{.m = kRows,
                        .n = n,
                        .k = k,
                        .a = a.operand,
                        .b = b.operand,
                        .c = whole.data(),
                        .c_stride = n,
                        .alpha = 0.7f,
                        .accumulate = true,
                        .math = math,
                        .scratch = scratch()};
          gemm(args);
          for (std::int64_t row = 0, rows = 1; row < kRows; row += rows, rows = rows % 5 + 1) {
            args.m = std::min(rows, kRows - row);
            args.a.data = static_cast<const float*>(a.operand.data) + row * a.operand.stride;
            args.c = part.data() + row * n;
            gemm(args);
          }
          ASSERT_EQ(std::memcmp(whole.data(), part.data(), whole.size() * sizeof(float)), 0)
              << "n " << n << " k " << k << " stored " << dtype_name(dtype) << " bf16 math "
              << (math == GemmMath::bf16);
        }
      }
    }
  }
}

// However many rows there are.
TEST_P(Gemm, WeightsInPanelsGiveTheBitsOfWeightsByRows) {
  const bool plain_loops = GetParam().name == "scalar";
  for (const std::int64_t k : {1, 2, 31, 64, 257, 386, 768, 1031}) {
    if (plain_loops && k > 100) continue;
    for (const std::int64_t n : {1, 17, 32, 49, 64, 330, 1090}) {
      const Stored a = stored(31, k, Dtype::f32, false, 1);
      Stored rows = stored(k, n, Dtype::bf16, true, 2);
      rows.operand.stride = k;
      const InPanels panels = in_panels(rows.halves, n, k);
      for (const std::int64_t m : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 31}) {
        for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
          std::vector<float> wanted(static_cast<std::size_t>(m * n), 0.5f), got(wanted);
          GemmArgs args{.m = m,
                        .n = n,
                        .k = k,
                        .a = a.operand,
                        .b = rows.operand,
                        .c = wanted.data(),
                        .c_stride = n,
                        .alpha = 0.7f,
                        .accumulate = m % 2 == 1,
                        .math = math,
                        .scratch = scratch()};
          gemm(args);
          args.b = panels.operand;
          args.c = got.data();
          gemm(args);
          ASSERT_EQ(std::memcmp(wanted.data(), got.data(), wanted.size() * sizeof(float)), 0)
              << "m " << m << " n " << n << " k " << k << " bf16 math " << (math == GemmMath::bf16);
        }
      }
    }
  }
}

TEST_P(Gemm, CarriesInfinityAndNaN) {
  std::vector<float> a = random_floats(20 * 30, 1), b = random_floats(30 * 40, 2), c(20 * 40);
  a[3 * 30 + 7] = NAN;
  a[5 * 30 + 7] = INFINITY;
  const GemmArgs args{.m = 20,
                      .n = 40,
                      .k = 30,
                      .a = {a.data(), 30},
                      .b = {b.data(), 40},
                      .c = c.data(),
                      .c_stride = 40,
                      .math = GemmMath::bf16,
                      .scratch = scratch()};
  gemm(args);
  for (std::size_t j = 0; j < 40; ++j) {
    EXPECT_TRUE(std::isnan(c[3 * 40 + j]));
    EXPECT_TRUE(std::isinf(c[5 * 40 + j]));
    EXPECT_TRUE(std::isfinite(c[4 * 40 + j]));
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Gemm, testing::ValuesIn(subjects()),
                         [](const auto& subject) { return subject.param.name; });

}  // namespace
}  // namespace attune::kernels
