#include <cmath>

#include "kernels/support.h"

namespace attune::kernels {
namespace {

class Optimizer : public EachSet {};

TEST_P(Optimizer, AdamWMatchesTheReferenceToTheBit) {
  for (const std::int64_t n : {1, 3, 16, 17, 65, 127, 300}) {
    const AdamWStep step{.learning_rate = 1e-3f,
                         .weight_decay = 0.1f,
                         .bias_correction1 = 0.271f,
                         .bias_correction2 = 0.003f,
                         .gradient_scale = 0.37f};
    const std::vector<float> gradient = random_floats(n, 1);
    std::vector<float> p = random_floats(n, 2), m = random_floats(n, 3), v = random_floats(n, 4);
    for (float& value : v) value *= value;
    std::vector<float> wanted_p = p, wanted_m = m, wanted_v = v;
    ops().adamw(p.data(), gradient.data(), m.data(), v.data(), n, step);
    reference().adamw(wanted_p.data(), gradient.data(), wanted_m.data(), wanted_v.data(), n, step);
    EXPECT_EQ(p, wanted_p);
    EXPECT_EQ(m, wanted_m);
    EXPECT_EQ(v, wanted_v);
  }
}

TEST_P(Optimizer, TheFirstAdamWStepMovesByTheLearningRate) {
  const AdamWStep step{.learning_rate = 0.01f,
                       .epsilon = 0.0f,
                       .weight_decay = 0.5f,
                       .bias_correction1 = 0.1f,
                       .bias_correction2 = 0.001f};
  std::vector<float> p(20, 2.0f), g(20, -3.0f), m(20, 0.0f), v(20, 0.0f);
  ops().adamw(p.data(), g.data(), m.data(), v.data(), 20, step);
  for (const float value : p) EXPECT_NEAR(value, 2.0 + 0.01 - 0.01 * 0.5 * 2.0, 1e-6);
}

TEST_P(Optimizer, SumOfSquaresIsExactToDouble) {
  for (const std::int64_t n : {0, 1, 3, 17, 65, 300, 10007}) {
    const std::vector<float> x = random_floats(n, 1, 1e3f);
    double wanted = 0;
    for (const float value : x) wanted += static_cast<double>(value) * value;
    EXPECT_NEAR(ops().sum_squares(x.data(), n), wanted, 1e-12 * wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Optimizer, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
