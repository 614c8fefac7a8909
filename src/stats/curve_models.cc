#include "stats/curve_models.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace attune::stats {

namespace {

constexpr double kLeastExponent = 0.05;
constexpr double kLargestExponent = 10;
constexpr double kHalfRange = 100;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// A value between two bounds, even on a logarithmic scale, and d log value / d coordinate.
struct Bounded {
  double value = 0;
  double log_slope = 0;
};

Bounded bounded(double coordinate, double low, double high) {
  const double share = logistic(coordinate);
  const double range = std::log(high / low);
  return {low * std::exp(range * share), range * share * (1 - share)};
}

Bounded half_size(double coordinate, const CurveScale& scale) {
  return bounded(coordinate, scale.smallest_positive / kHalfRange, scale.largest * kHalfRange);
}
Bounded exponent(double coordinate) {
  return bounded(coordinate, kLeastExponent, kLargestExponent);
}

// Which coordinate holds the exponent; the half size is at 2 where a law has one.
std::size_t exponent_place(CurveModel model) { return model == CurveModel::pow3 ? 2 : 3; }

// POW4's d from the size at which half is gone: (1 + half / d)^-c = 1/2.
double pow4_shift(double half, double c) { return half / std::expm1(std::numbers::ln2 / c); }

// The logarithm of what is left at n of the reducible error at 0 (for POW3: at 1), with its
// derivatives by log half size and by log exponent.
struct Decay {
  double log_left = 0;
  double by_half = 0;
  double by_exponent = 0;
};

Decay decay(CurveModel model, double half, double c, double n) {
  switch (model) {
    case CurveModel::rectified: {
      if (n <= 0) return {};
      const double u = c * std::log(n / half);
      return {-softplus(u), c * logistic(u), -u * logistic(u)};
    }
    case CurveModel::pow3:
      return {-c * std::log(n), 0, -c * std::log(n)};
    case CurveModel::pow4: {
      const double shift = pow4_shift(half, c);
      const double left = -c * std::log1p(n / shift);
      const double by_shift = c * (n / shift) / (1 + n / shift);
      const double step = std::numbers::ln2 / c;
      return {left, by_shift, left + by_shift * step / -std::expm1(-step)};
    }
    case CurveModel::exponential: {
      const double exponent_now = std::numbers::ln2 * n / half;
      return {-exponent_now, exponent_now, 0};
    }
    case CurveModel::log_linear:
      break;
  }
  return {};
}

double log_linear_error(const CurveCoordinates& at, const CurveScale& scale, double n,
                        CurveCoordinates& gradient) {
  const double first = logistic(at[0]);
  const double last = logistic(at[1]);
  const double place =
      std::log(n / scale.smallest_positive) / std::log(scale.largest / scale.smallest_positive);
  gradient = {first * (1 - first) * (1 - place), last * (1 - last) * place, 0, 0};
  return std::lerp(first, last, place);
}

}  // namespace

std::string_view curve_model_name(CurveModel model) {
  switch (model) {
    case CurveModel::rectified:
      return "rectified";
    case CurveModel::pow3:
      return "pow3";
    case CurveModel::pow4:
      return "pow4";
    case CurveModel::exponential:
      return "exponential";
    case CurveModel::log_linear:
      break;
  }
  return "log_linear";
}

std::vector<std::string_view> curve_parameter_names(CurveModel model) {
  switch (model) {
    case CurveModel::rectified:
      return {"E", "B", "n0", "beta"};
    case CurveModel::pow3:
    case CurveModel::exponential:
      return {"E", "b", "c"};
    case CurveModel::pow4:
      return {"E", "b", "d", "c"};
    case CurveModel::log_linear:
      break;
  }
  return {"a", "b"};
}

std::size_t curve_parameter_count(CurveModel model) { return curve_parameter_names(model).size(); }

bool has_value_at_zero(CurveModel model) {
  return model != CurveModel::pow3 && model != CurveModel::log_linear;
}

bool extrapolates(CurveModel model) { return model != CurveModel::log_linear; }

double curve_error(CurveModel model, std::span<const double> p, double n) {
  switch (model) {
    case CurveModel::rectified:
      return p[0] + p[1] / (p[2] + std::pow(n, p[3]));
    case CurveModel::pow3:
      return p[0] + p[1] * std::pow(n, -p[2]);
    case CurveModel::pow4:
      return p[0] + p[1] * std::pow(n + p[2], -p[3]);
    case CurveModel::exponential:
      return p[0] + p[1] * std::exp(-p[2] * n);
    case CurveModel::log_linear:
      break;
  }
  return p[0] - p[1] * std::log(n);
}

double curve_slope(CurveModel model, std::span<const double> p, double n) {
  switch (model) {
    case CurveModel::rectified: {
      const double denominator = p[2] + std::pow(n, p[3]);
      return -p[1] * p[3] * std::pow(n, p[3] - 1) / (denominator * denominator);
    }
    case CurveModel::pow3:
      return -p[1] * p[2] * std::pow(n, -p[2] - 1);
    case CurveModel::pow4:
      return -p[1] * p[3] * std::pow(n + p[2], -p[3] - 1);
    case CurveModel::exponential:
      return -p[1] * p[2] * std::exp(-p[2] * n);
    case CurveModel::log_linear:
      break;
  }
  return -p[1] / n;
}

double curve_asymptote(CurveModel model, std::span<const double> p) {
  return extrapolates(model) ? p[0] : 0;
}

double curve_error(CurveModel model, const CurveCoordinates& at, const CurveScale& scale, double n,
                   CurveCoordinates& gradient) {
  if (model == CurveModel::log_linear) return log_linear_error(at, scale, n, gradient);
  const bool has_half = model != CurveModel::pow3;
  const bool has_exponent = model != CurveModel::exponential;
  const double limit = logistic(at[0]);
  const double share = logistic(at[1]);
  const Bounded half = has_half ? half_size(at[2], scale) : Bounded{1, 0};
  const Bounded c = has_exponent ? exponent(at[exponent_place(model)]) : Bounded{1, 0};
  const Decay here = decay(model, half.value, c.value, n);
  const Decay start = decay(model, half.value, c.value, scale.smallest);
  const double left = std::exp(here.log_left - start.log_left);
  const double reducible = (1 - limit) * share * left;
  gradient = {limit * (1 - limit) * (1 - share * left), reducible * (1 - share), 0, 0};
  if (has_half) gradient[2] = reducible * (here.by_half - start.by_half) * half.log_slope;
  if (has_exponent) {
    gradient[exponent_place(model)] =
        reducible * (here.by_exponent - start.by_exponent) * c.log_slope;
  }
  return limit + reducible;
}

std::vector<double> curve_parameters(CurveModel model, const CurveCoordinates& at,
                                     const CurveScale& scale) {
  const double limit = logistic(at[0]);
  const double first = (1 - limit) * logistic(at[1]);
  const double c = exponent(at[exponent_place(model)]).value;
  const double half = half_size(at[2], scale).value;
  // The reducible error at 0.
  const double whole = first * std::exp(-decay(model, half, c, scale.smallest).log_left);
  switch (model) {
    case CurveModel::rectified: {
      const double n0 = std::pow(half, c);
      return {limit, whole * n0, n0, c};
    }
    case CurveModel::pow3:
      return {limit, whole, c};
    case CurveModel::pow4: {
      const double shift = pow4_shift(half, c);
      return {limit, whole * std::pow(shift, c), shift, c};
    }
    case CurveModel::exponential:
      return {limit, whole, std::numbers::ln2 / half};
    case CurveModel::log_linear:
      break;
  }
  const double slope =
      (limit - logistic(at[1])) / std::log(scale.largest / scale.smallest_positive);
  return {limit + slope * std::log(scale.smallest_positive), slope};
}

}  // namespace attune::stats
