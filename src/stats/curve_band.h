// The inner part of a learning curve's band: data drawn again, in the three ways of BandMethod
// (learning_curve.h). The curve is fitted anew to each.
#pragma once

#include <cstddef>
#include <vector>

#include "stats/curve_fit.h"
#include "stats/draws.h"
#include "stats/learning_curve.h"

namespace attune::stats {

CurveCount count_of(const CurvePoint& point);

// Where the runs of each size lie in points sorted by size.
struct SizeGroup {
  std::size_t first = 0;
  std::size_t runs = 0;
};
std::vector<SizeGroup> groups_by_size(const std::vector<CurvePoint>& points);

double averaged_error(const std::vector<FittedModel>& models, double examples);

// How runs scatter around the likeliest law, in variances of one item's error: v p(1 - p), or what
// the item errors show. Items explain `by_items` of it: 1 / items when each run has items of its
// own, (1 - r) / items when the runs answer the same items and their errors correlate by r (what
// runs owe to their items alike moves the whole curve, not the runs around it). The rest is
// training.
struct RunScatter {
  double sum = 0;  // of squared distances
  double degrees = 0;
  double by_items = 0;
  double items = 0;
};
RunScatter run_scatter(const LearningCurve& curve);

// The part of training, as unsure as its degrees of freedom leave it: sum / chi^2 - by_items, where
// sum / degrees is the moment estimate. Not above four times that estimate, so that a few runs do
// not blow up the band; 0 below 0 and without degrees.
double draw_training_noise(const RunScatter& scatter, Draws& draws);

std::vector<CurveCount> redraw_from_curve(const LearningCurve& curve, const RunScatter& scatter,
                                          Draws& draws);
std::vector<CurveCount> redraw_runs(const LearningCurve& curve, Draws& draws);
std::vector<CurveCount> redraw_items(const LearningCurve& curve, const RunScatter& scatter,
                                     Draws& draws);

}  // namespace attune::stats
