// Distribution functions that the tests need beyond the normal one (statistics.h), with the special
// functions behind them. Compared with scipy in distributions_test.cc.
#pragma once

#include <cstdint>

namespace attune::stats {

// The logarithmic derivative of the gamma function, x > 0: recurrence up to 10, then the asymptotic
// series (Abramowitz and Stegun 6.3.5 and 6.3.18).
double digamma(double x);

// The regularised incomplete beta function I_x(a, b) by its continued fraction (Abramowitz and
// Stegun 26.5.8, evaluated by Lentz's method); a, b > 0, 0 <= x <= 1.
double incomplete_beta(double a, double b, double x);

// Student's t with `degrees` of freedom: P(T <= t) and its inverse, 0 < p < 1.
double student_t_cdf(double t, double degrees);
double student_t_quantile(double p, double degrees);

// P(X <= k) for X ~ Binomial(n, p).
double binomial_cdf(std::int64_t k, std::int64_t n, double p);

// log P(X = k) for X ~ beta-binomial with n draws, mean p and overdispersion rho, that is
// Beta(p s, (1 - p) s) with s = (1 - rho) / rho; rho = 0 is the binomial. The variance is
// n p (1 - p) (1 + (n - 1) rho). `k` may be a sum of shares.
double beta_binomial_log(double k, double n, double p, double rho);
// Its two parts: the one without p and rho, log (n over k), and the rest; and its derivative by p.
double log_choose(double n, double k);
double beta_binomial_log_rest(double k, double n, double p, double rho);
double beta_binomial_log_slope(double k, double n, double p, double rho);

}  // namespace attune::stats
