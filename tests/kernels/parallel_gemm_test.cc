#include <array>
#include <cmath>

#include "kernels/context.h"
#include "kernels/support.h"

namespace attune::kernels {
namespace {

class ParallelGemm : public EachSet {};

TEST_P(ParallelGemm, GivesTheBitsOfOneThreadWithAnyNumberOfThreads) {
  struct Case {
    std::int64_t m, n, k;
    bool a_transposed, b_transposed;
  };
  for (const Case& shape : {Case{95, 130, 400, false, true},
                            {70, 300, 500, true, false},
                            {200, 70, 420, false, false},
                            {3, 700, 300, false, true},
                            {33, 64, 420, false, true},
                            {5, 200, 900, false, true}}) {
    const auto [m, n, k, a_transposed, b_transposed] = shape;
    const std::vector<float> a = random_floats(m * k, 1), b = random_floats(n * k, 2);
    for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
      std::vector<std::vector<float>> results;
      for (const int threads : {1, 2, 3}) {
        std::vector<float> c(static_cast<std::size_t>(m * n), 1.0f);
        parallel_gemm(Context(GetParam(), threads),
                      {.m = m,
                       .n = n,
                       .k = k,
                       .a = {a.data(), a_transposed ? m : k, Dtype::f32, a_transposed},
                       .b = {b.data(), b_transposed ? k : n, Dtype::f32, b_transposed},
                       .c = c.data(),
                       .c_stride = n,
                       .alpha = 0.5f,
                       .accumulate = true,
                       .math = math});
        results.push_back(c);
      }
      EXPECT_EQ(results[0], results[1]) << m << " x " << n << " x " << k;
      EXPECT_EQ(results[0], results[2]) << m << " x " << n << " x " << k;
    }
  }
}

TEST_P(ParallelGemm, CutsWeightsInPanelsBetweenPanels) {
  for (const auto& [m, n, k] :
       {std::array<std::int64_t, 3>{1, 1000, 301}, {9, 333, 400}, {70, 200, 300}}) {
    const std::vector<float> a = random_floats(m * k, 1);
    const InPanels weights = in_panels(to_bf16(random_floats(n * k, 2)), n, k);
    std::vector<std::vector<float>> results;
    for (const int threads : {1, 2, 3}) {
      std::vector<float> c(static_cast<std::size_t>(m * n));
      parallel_gemm(Context(GetParam(), threads), {.m = m,
                                                   .n = n,
                                                   .k = k,
                                                   .a = {a.data(), k},
                                                   .b = weights.operand,
                                                   .c = c.data(),
                                                   .c_stride = n,
                                                   .math = GemmMath::bf16});
      results.push_back(c);
    }
    EXPECT_EQ(results[0], results[1]) << m << " x " << n << " x " << k;
    EXPECT_EQ(results[0], results[2]) << m << " x " << n << " x " << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, ParallelGemm, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
