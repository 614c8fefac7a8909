#include <cmath>

#include "kernels/support.h"

namespace attune::kernels {
namespace {

constexpr std::int64_t kSizes[] = {1, 3, 16, 17, 33, 65, 127, 288, 300};
constexpr float kNormEpsilon = 1e-5f;

class RmsNorm : public EachSet {};

// The norm in double, weighted into one number by `d_y`.
double weighted_norm(const std::vector<double>& x, const std::vector<double>& weight,
                     const std::vector<float>& d_y, std::size_t rows) {
  const std::size_t width = weight.size();
  double total = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    double squares = 0;
    for (std::size_t c = 0; c < width; ++c) squares += x[row * width + c] * x[row * width + c];
    const double r =
        1.0 / std::sqrt(squares / static_cast<double>(width) + static_cast<double>(kNormEpsilon));
    for (std::size_t c = 0; c < width; ++c)
      total += d_y[row * width + c] * x[row * width + c] * r * weight[c];
  }
  return total;
}

TEST_P(RmsNorm, MatchesTheReference) {
  for (const std::int64_t width : kSizes) {
    const std::int64_t rows = 5;
    const auto count = static_cast<std::size_t>(rows * width);
    const std::vector<float> x = random_floats(rows * width, 1, 3),
                             weight = random_floats(width, 2);
    const std::vector<float> dy = random_floats(rows * width, 3);
    std::vector<float> y(count), wanted_y(count), r(5), wanted_r(5);
    ops().rms_norm_forward(x.data(), weight.data(), y.data(), r.data(), rows, width, kNormEpsilon);
    reference().rms_norm_forward(x.data(), weight.data(), wanted_y.data(), wanted_r.data(), rows,
                                 width, kNormEpsilon);

    const std::vector<float> start = random_floats(rows * width, 4),
                             start_weight = random_floats(width, 5);
    std::vector<float> dx = start, wanted_dx = start, dw = start_weight, wanted_dw = start_weight;
    ops().rms_norm_backward(dy.data(), x.data(), weight.data(), r.data(), dx.data(), rows, width);
    reference().rms_norm_backward(dy.data(), x.data(), weight.data(), r.data(), wanted_dx.data(),
                                  rows, width);
    const std::int64_t cut = width / 3;
    for (const auto& [begin, end] : {std::pair<std::int64_t, std::int64_t>{0, cut}, {cut, width}}) {
      ops().rms_norm_backward_weight(dy.data(), x.data(), r.data(), dw.data(), rows, width, begin,
                                     end);
      reference().rms_norm_backward_weight(dy.data(), x.data(), r.data(), wanted_dw.data(), rows,
                                           width, begin, end);
    }
    for (std::size_t row = 0; row < 5; ++row)
      EXPECT_NEAR(r[row], wanted_r[row], 1e-6 * wanted_r[row]);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_NEAR(y[i], wanted_y[i], 1e-6 * std::fabs(wanted_y[i])) << width;
      ASSERT_NEAR(dx[i], wanted_dx[i], 1e-5 * (1 + std::fabs(wanted_dx[i]))) << width;
    }
    for (std::size_t i = 0; i < weight.size(); ++i)
      ASSERT_NEAR(dw[i], wanted_dw[i], 1e-5 * (1 + std::fabs(wanted_dw[i])));
  }
}

TEST_P(RmsNorm, BackwardIsTheSlopeOfForward) {
  const std::int64_t rows = 3, width = 21;
  const std::vector<float> x = random_floats(rows * width, 1), weight = random_floats(width, 2);
  const std::vector<float> dy = random_floats(rows * width, 3);
  std::vector<float> y(x.size()), r(3), dx(x.size(), 0.0f), dw(weight.size(), 0.0f);
  ops().rms_norm_forward(x.data(), weight.data(), y.data(), r.data(), rows, width, kNormEpsilon);
  ops().rms_norm_backward(dy.data(), x.data(), weight.data(), r.data(), dx.data(), rows, width);
  ops().rms_norm_backward_weight(dy.data(), x.data(), r.data(), dw.data(), rows, width, 0, width);
  const std::vector<double> x0 = to_double(x), w0 = to_double(weight);
  for (std::int64_t i = 0; i < rows * width; ++i) {
    const double wanted =
        slope([&](const auto& moved) { return weighted_norm(moved, w0, dy, 3); }, x0, i);
    EXPECT_NEAR(dx[static_cast<std::size_t>(i)], wanted, 2e-6 * (1 + std::fabs(wanted)));
  }
  for (std::int64_t i = 0; i < width; ++i) {
    const double wanted =
        slope([&](const auto& moved) { return weighted_norm(x0, moved, dy, 3); }, w0, i);
    EXPECT_NEAR(dw[static_cast<std::size_t>(i)], wanted, 2e-6 * (1 + std::fabs(wanted)));
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, RmsNorm, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
