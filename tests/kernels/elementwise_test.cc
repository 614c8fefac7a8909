#include <cmath>

#include "kernels/support.h"

namespace attune::kernels {
namespace {

constexpr std::int64_t kSizes[] = {0, 1, 3, 15, 16, 17, 33, 65, 127, 300};

class Elementwise : public EachSet {};

TEST_P(Elementwise, AddAndBiasAddMatchTheReferenceToTheBit) {
  for (const std::int64_t n : kSizes) {
    const std::vector<float> x = random_floats(n, 1), start = random_floats(3 * n, 2);
    std::vector<float> y = start, wanted = start;
    ops().add(y.data(), x.data(), n);
    reference().add(wanted.data(), x.data(), n);
    ops().bias_add(y.data(), x.data(), 3, n);
    reference().bias_add(wanted.data(), x.data(), 3, n);
    EXPECT_EQ(y, wanted);
  }
}

TEST_P(Elementwise, ColumnSumMatchesTheReferenceToTheBitHoweverItIsCut) {
  for (const std::int64_t width : kSizes) {
    const std::vector<float> y = random_floats(7 * width, 1), start = random_floats(width, 2);
    std::vector<float> sum = start, wanted = start;
    const std::int64_t cut = width / 3;
    ops().column_sum(y.data(), sum.data(), 7, width, 0, cut);
    ops().column_sum(y.data(), sum.data(), 7, width, cut, width);
    reference().column_sum(y.data(), wanted.data(), 7, width, 0, width);
    EXPECT_EQ(sum, wanted);
  }
}

TEST_P(Elementwise, RopeMatchesTheReferenceAndInverseUndoesIt) {
  for (const auto& [head_dim, rotary] : {std::pair<std::int64_t, std::int64_t>{2, 2},
                                         {8, 8},
                                         {36, 20},
                                         {64, 64},
                                         {66, 66},
                                         {128, 32}}) {
    const std::int64_t rows = 4, heads = 3;
    std::vector<float> cosine(static_cast<std::size_t>(rows * rotary / 2)), sine(cosine.size());
    for (std::size_t i = 0; i < cosine.size(); ++i) {
      cosine[i] = std::cos(0.7f * static_cast<float>(i)),
      sine[i] = std::sin(0.7f * static_cast<float>(i));
    }
    const std::vector<float> start = random_floats(rows * heads * head_dim, 1);
    std::vector<float> x = start, wanted = start;
    ops().rope(x.data(), cosine.data(), sine.data(), rows, heads, head_dim, rotary, false);
    reference().rope(wanted.data(), cosine.data(), sine.data(), rows, heads, head_dim, rotary,
                     false);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], wanted[i], 1e-6);
    ops().rope(x.data(), cosine.data(), sine.data(), rows, heads, head_dim, rotary, true);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], start[i], 1e-6);
  }
}

TEST_P(Elementwise, SwigluMatchesTheReference) {
  for (const std::int64_t n : kSizes) {
    const std::vector<float> gate = random_floats(n, 1, 5), up = random_floats(n, 2),
                             d_out = random_floats(n, 3);
    std::vector<float> out(gate.size()), wanted(gate.size());
    ops().swiglu_forward(gate.data(), up.data(), out.data(), n);
    reference().swiglu_forward(gate.data(), up.data(), wanted.data(), n);
    std::vector<float> d_gate = gate, d_up = up, wanted_gate(gate.size()), wanted_up(gate.size());
    ops().swiglu_backward(d_out.data(), d_gate.data(), d_up.data(), d_gate.data(), d_up.data(),
                          n);  // in place
    reference().swiglu_backward(d_out.data(), gate.data(), up.data(), wanted_gate.data(),
                                wanted_up.data(), n);
    for (std::size_t i = 0; i < gate.size(); ++i) {
      ASSERT_NEAR(out[i], wanted[i], 5e-7 * std::fabs(wanted[i]));
      ASSERT_NEAR(d_up[i], wanted_up[i], 5e-7 * std::fabs(wanted_up[i]));
      ASSERT_NEAR(d_gate[i], wanted_gate[i], 1e-6 * (1 + std::fabs(wanted_gate[i])));
    }
  }
}

TEST_P(Elementwise, SwigluBackwardIsTheSlopeOfForward) {
  const std::vector<float> gate = random_floats(40, 1, 3), up = random_floats(40, 2),
                           d_out = random_floats(40, 3);
  std::vector<float> d_gate(40), d_up(40);
  ops().swiglu_backward(d_out.data(), gate.data(), up.data(), d_gate.data(), d_up.data(), 40);
  for (std::size_t i = 0; i < 40; ++i) {
    const auto f = [&](const std::vector<double>& gate_up) {
      return d_out[i] * gate_up[0] / (1 + std::exp(-gate_up[0])) * gate_up[1];
    };
    const std::vector<double> at{gate[i], up[i]};
    EXPECT_NEAR(d_gate[i], slope(f, at, 0), 2e-6);
    EXPECT_NEAR(d_up[i], slope(f, at, 1), 2e-6);
  }
}

TEST_P(Elementwise, SwigluStaysFiniteFarFromZeroAndCarriesNaN) {
  const std::vector<float> gate{-1e30f, -200.0f, -100.0f, 100.0f, 200.0f,
                                1e30f,  0.0f,    -0.0f,   NAN,    1e-40f};
  const std::vector<float> up(gate.size(), 1.0f);
  std::vector<float> out(gate.size()), d_gate(gate.size()), d_up(gate.size());
  const auto n = static_cast<std::int64_t>(gate.size());
  ops().swiglu_forward(gate.data(), up.data(), out.data(), n);
  ops().swiglu_backward(up.data(), gate.data(), up.data(), d_gate.data(), d_up.data(), n);
  for (std::size_t i = 0; i < gate.size(); ++i) {
    if (std::isnan(gate[i])) {
      EXPECT_TRUE(std::isnan(out[i]) && std::isnan(d_gate[i]));
    } else {
      const double g = gate[i];
      EXPECT_NEAR(out[i], g < -100 ? 0.0 : g / (1 + std::exp(-g)), 1e-6 * std::fabs(g)) << g;
      EXPECT_TRUE(std::isfinite(d_up[i])) << g;
      EXPECT_NEAR(d_gate[i], g > 0 ? g > 50 ? 1.0 : 0.5 : g < -50 ? 0.0 : 0.5, 1e-6) << g;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Elementwise, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
