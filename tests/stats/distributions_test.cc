// Golden numbers: tools/make_intervals_golden.py (scipy).
#include "stats/distributions.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "golden_file.h"
#include "stats/draws.h"

namespace attune::stats {
namespace {

const Json& distributions() {
  static const Json all = golden("intervals.json").at("distributions");
  return all;
}

TEST(Distributions, StudentsTAgreesWithScipy) {
  for (const Json& row : distributions().at("student_t_cdf")) {
    const auto [t, degrees, p] = row.get<std::array<double, 3>>();
    EXPECT_NEAR(student_t_cdf(t, degrees) / p, 1, 1e-10) << row;
  }
  for (const Json& row : distributions().at("student_t_quantile")) {
    const auto [p, degrees, t] = row.get<std::array<double, 3>>();
    EXPECT_NEAR(student_t_quantile(p, degrees), t, 1e-9 * std::max(1.0, std::abs(t))) << row;
  }
}

TEST(Distributions, IncompleteBetaAndDigammaAgreeWithScipy) {
  for (const Json& row : distributions().at("incomplete_beta")) {
    const auto [a, b, x, value] = row.get<std::array<double, 4>>();
    EXPECT_NEAR(incomplete_beta(a, b, x), value, 1e-11) << row;
  }
  for (const Json& row : distributions().at("digamma")) {
    const auto [x, value] = row.get<std::array<double, 2>>();
    EXPECT_NEAR(digamma(x), value, 1e-12 * std::max(1.0, std::abs(value))) << row;
  }
}

TEST(Distributions, BinomialAndBetaBinomialAgreeWithScipy) {
  for (const Json& row : distributions().at("binomial_cdf")) {
    const auto [k, n, p, value] = row.get<std::array<double, 4>>();
    EXPECT_NEAR(binomial_cdf(static_cast<std::int64_t>(k), static_cast<std::int64_t>(n), p), value,
                1e-12)
        << row;
  }
  for (const Json& row : distributions().at("beta_binomial_log")) {
    const auto [k, n, p, rho, value] = row.get<std::array<double, 5>>();
    EXPECT_NEAR(beta_binomial_log(k, n, p, rho), value, 1e-8) << row;
  }
}

TEST(Distributions, SlopeOfTheLikelihoodIsItsDerivative) {
  const double cases[][4] = {{3, 10, 0.4, 0.1}, {12.5, 300, 0.05, 1e-3}, {0, 40, 0.2, 0}};
  for (const auto& [k, n, p, rho] : cases) {
    const double step = 1e-6;
    const double numeric =
        (beta_binomial_log(k, n, p + step, rho) - beta_binomial_log(k, n, p - step, rho)) /
        (2 * step);
    EXPECT_NEAR(beta_binomial_log_slope(k, n, p, rho) / numeric, 1, 1e-6) << k;
  }
}

TEST(Draws, HaveTheMomentsOfTheirDistribution) {
  struct Case {
    std::int64_t n;
    double p, rho;
  };
  constexpr int kDraws = 20'000;
  for (const Case& one :
       {Case{10, 0.3, 0}, Case{300, 0.04, 0.02}, Case{1'000'000, 0.03, 0}, Case{20, 0.9, 0.3}}) {
    Draws draws(7, "moments");
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double x = static_cast<double>(draws.beta_binomial(one.n, one.p, one.rho));
      sum += x;
      squares += x * x;
    }
    const double n = static_cast<double>(one.n);
    const double variance = n * one.p * (1 - one.p) * (1 + (n - 1) * one.rho);
    const double measured = sum / kDraws;
    // Four standard errors of the mean; the variance is known to about 1 %.
    EXPECT_NEAR(measured, n * one.p, 4 * std::sqrt(variance / kDraws)) << one.n;
    EXPECT_NEAR((squares / kDraws - measured * measured) / variance, 1, 0.06) << one.n;
  }
}

TEST(Draws, AreTheSameForTheSameSeedAndOthersForAnother) {
  Draws one(3, "name", 5);
  Draws same(3, "name", 5);
  Draws other(3, "name", 6);
  const double first = one.uniform();
  EXPECT_EQ(first, same.uniform());
  EXPECT_NE(first, other.uniform());
}

}  // namespace
}  // namespace attune::stats
