#include "kernels/support.h"

namespace attune::kernels {
namespace {

class Peak : public EachSet {};

TEST_P(Peak, CountsOperationsInProportionToTheRounds) {
  const std::vector<float> data = random_floats(kPeakFloats, 1);
  for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
    const double once = ops().peak_work(math, data.data(), 10);
    EXPECT_GT(once, 0);
    EXPECT_EQ(ops().peak_work(math, data.data(), 30), 3 * once);
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Peak, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
