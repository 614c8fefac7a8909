// The laws of a learning curve: error as a function of the number of training examples.
//
//   law          err(n)                    parameters     note
//   rectified    E + B / (n0 + n^beta)     E B n0 beta    Lin et al. 2024: n0 holds what the
//                                                         pre-trained model knows already
//   pow3         E + b n^-c                E b c          no value at n = 0
//   pow4         E + b (n + d)^-c          E b d c
//   exponential  E + b e^(-c n)            E b c          early saturation
//   log_linear   a - b ln n                a b            no value at n = 0, none beyond the data
//
// (POW3 and POW4 as named in Viering and Loog 2022, "The shape of learning curves".) All but the
// last fall towards E. For fitting, each law is written in coordinates without bounds, of which any
// value is a curve between 0 and 1: the limit E as a logit, the error above it at the smallest size
// as a share of 1 - E, the size at which half of that is gone (between 1/100 of the smallest step
// and 100 times the largest size) and the exponent (0.05 to 10) by logistic maps of their
// logarithm.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace attune::stats {

enum class CurveModel { rectified, pow3, pow4, exponential, log_linear };

std::string_view curve_model_name(CurveModel model);                    // "rectified"
std::vector<std::string_view> curve_parameter_names(CurveModel model);  // {"E", "B", ...}
std::size_t curve_parameter_count(CurveModel model);
bool has_value_at_zero(CurveModel model);
bool extrapolates(CurveModel model);

// err(n) of a law, its slope d err / dn, and its value for n without end (E).
double curve_error(CurveModel model, std::span<const double> parameters, double n);
double curve_slope(CurveModel model, std::span<const double> parameters, double n);
double curve_asymptote(CurveModel model, std::span<const double> parameters);

constexpr std::size_t kMostCurveParameters = 4;
using CurveCoordinates = std::array<double, kMostCurveParameters>;

// The sizes that the coordinates are scaled by.
struct CurveScale {
  double smallest = 0;  // smallest measured size
  double smallest_positive = 1;
  double largest = 1;
};

// From coordinates to err(n) and its derivatives by each coordinate, and to named parameters.
double curve_error(CurveModel model, const CurveCoordinates& at, const CurveScale& scale, double n,
                   CurveCoordinates& gradient);
std::vector<double> curve_parameters(CurveModel model, const CurveCoordinates& at,
                                     const CurveScale& scale);

}  // namespace attune::stats
