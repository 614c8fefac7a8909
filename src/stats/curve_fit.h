// The inner part of a learning curve: the likeliest curve of each law through counts of failures,
// and the average of the laws. learning_curve.h is what callers use.
//
// Likelihood: beta-binomial, one overdispersion rho for all points (distributions.h). It is
// maximised by BFGS from the best few of a grid of starts. rho is the moment estimate of Williams
// (1982): the value at which Pearson's statistic of the likeliest law equals its degrees of
// freedom, points - parameters; 0 when the items explain the scatter, or when no degree is left.
//
// Weights: exp(-AICc / 2), with AICc = -2 L + 2 k + 2 k (k + 1) / (N - k - 1). N is the number of
// independent items that the points are worth, sum m / (1 + (m - 1) rho): all items at rho = 0, one
// a run at rho = 1.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "stats/curve_models.h"

namespace attune::stats {

struct CurveCount {
  double size = 0;  // training examples
  double failures = 0;
  double items = 0;
};

struct CurveFit {
  CurveModel model = CurveModel::rectified;
  CurveCoordinates at{};
  double log_likelihood = 0;
  double aicc = 0;
  double weight = 0;
};

CurveScale curve_scale(std::span<const CurveCount> counts);

// With `warm`, the fit of like data, few starts are tried.
CurveFit fit_curve(CurveModel model, std::span<const CurveCount> counts, const CurveScale& scale,
                   double rho, const CurveFit* warm = nullptr);

// Fits each law and sets the weights; the order of `models` is kept.
std::vector<CurveFit> fit_curves(std::span<const CurveModel> models,
                                 std::span<const CurveCount> counts, const CurveScale& scale,
                                 double rho, std::span<const CurveFit> warm = {});

// The overdispersion of counts around `rates` (one a count) that were estimated from them with so
// many parameters.
double overdispersion_around(std::span<const CurveCount> counts, std::span<const double> rates,
                             std::size_t parameters);

// That around the likeliest law.
double estimate_overdispersion(std::span<const CurveModel> models,
                               std::span<const CurveCount> counts, const CurveScale& scale);

}  // namespace attune::stats
