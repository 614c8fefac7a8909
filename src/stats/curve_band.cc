#include "stats/curve_band.h"

#include <algorithm>
#include <cmath>

namespace attune::stats {

namespace {

constexpr double kNoVariance = 1e-9;
constexpr double kMostNoise = 4;

double variance_of(const std::vector<double>& values) {
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return squares / static_cast<double>(values.size());
}

// The correlation of item errors, averaged over all pairs of runs: with s_i the sum over runs of
// what item i is off its run's mean, sum s_i^2 = all products, of which the squares are no pairs.
double correlation_between_runs(const std::vector<CurvePoint>& points) {
  const std::size_t items = points[0].item_errors.size();
  std::vector<double> sums(items);
  double squares = 0;     // of all runs
  double deviations = 0;  // sum of standard deviations
  double variances = 0;
  for (const CurvePoint& point : points) {
    const double centre = mean(point.item_errors);
    double own = 0;
    for (std::size_t i = 0; i < items; ++i) {
      const double off = point.item_errors[i] - centre;
      sums[i] += off;
      own += off * off;
    }
    const double variance = own / static_cast<double>(items);
    squares += own;
    variances += variance;
    deviations += std::sqrt(variance);
  }
  double products = -squares;
  for (const double sum : sums) products += sum * sum;
  const double most = (deviations * deviations - variances) * static_cast<double>(items);
  return most > 0 ? std::clamp(products / most, 0.0, 1.0) : 0;
}

}  // namespace

CurveCount count_of(const CurvePoint& point) {
  return {static_cast<double>(point.examples), point.failures, static_cast<double>(point.items)};
}

std::vector<SizeGroup> groups_by_size(const std::vector<CurvePoint>& points) {
  std::vector<SizeGroup> groups;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i == 0 || points[i].examples != points[i - 1].examples) groups.push_back({i, 0});
    ++groups.back().runs;
  }
  return groups;
}

double averaged_error(const std::vector<FittedModel>& models, double examples) {
  double error = 0;
  for (const FittedModel& fit : models)
    error += fit.weight * curve_error(fit.model, fit.parameters, examples);
  return std::clamp(error, 0.0, 1.0);
}

RunScatter run_scatter(const LearningCurve& curve) {
  const auto likeliest = std::max_element(curve.models.begin(), curve.models.end(),
                                          [](const FittedModel& a, const FittedModel& b) {
                                            return a.log_likelihood < b.log_likelihood;
                                          });
  const bool same_items = curve.band == BandMethod::two_level;
  RunScatter scatter;
  double runs = 0;
  for (const CurvePoint& point : curve.points) {
    const double items = static_cast<double>(point.items);
    const double law = std::clamp(
        curve_error(likeliest->model, likeliest->parameters, static_cast<double>(point.examples)),
        0.0, 1.0);
    const double variance = same_items ? variance_of(point.item_errors) : law * (1 - law);
    if (variance < kNoVariance) continue;  // all right or all wrong: nothing to measure by
    const double off = point.failures / items - law;
    scatter.sum += off * off / variance;
    scatter.items += items;
    ++runs;
  }
  scatter.degrees = runs - static_cast<double>(likeliest->parameters.size());
  if (runs > 0) scatter.items /= runs;
  const double alike = same_items ? correlation_between_runs(curve.points) : 0;
  scatter.by_items = scatter.items > 0 ? (1 - alike) / scatter.items : 0;
  return scatter;
}

double draw_training_noise(const RunScatter& scatter, Draws& draws) {
  if (scatter.degrees <= 0) return 0;
  const double chi_square = 2 * draws.gamma(scatter.degrees / 2);
  const double drawn = scatter.sum / std::max(chi_square, scatter.degrees / kMostNoise);
  return std::max(0.0, drawn - scatter.by_items);
}

std::vector<CurveCount> redraw_from_curve(const LearningCurve& curve, const RunScatter& scatter,
                                          Draws& draws) {
  // The variance of a beta-binomial rate is p (1 - p) (1 / m + rho (m - 1) / m).
  const double noise = draw_training_noise(scatter, draws);
  const double rho = std::min(0.99, noise * scatter.items / std::max(1.0, scatter.items - 1));
  std::vector<CurveCount> counts;
  for (const CurvePoint& point : curve.points) {
    const double error = averaged_error(curve.models, static_cast<double>(point.examples));
    CurveCount count = count_of(point);
    count.failures = static_cast<double>(draws.beta_binomial(point.items, error, rho));
    counts.push_back(count);
  }
  return counts;
}

std::vector<CurveCount> redraw_runs(const LearningCurve& curve, Draws& draws) {
  std::vector<CurveCount> counts;
  for (const SizeGroup& group : groups_by_size(curve.points)) {
    for (std::size_t i = 0; i < group.runs; ++i)
      counts.push_back(count_of(curve.points[group.first + draws.below(group.runs)]));
  }
  return counts;
}

std::vector<CurveCount> redraw_items(const LearningCurve& curve, const RunScatter& scatter,
                                     Draws& draws) {
  const double noise = draw_training_noise(scatter, draws);
  std::vector<double> times(curve.points[0].item_errors.size());  // how often each item was drawn
  for (std::size_t i = 0; i < times.size(); ++i) ++times[draws.below(times.size())];
  std::vector<CurveCount> counts;
  for (const CurvePoint& point : curve.points) {
    CurveCount count = count_of(point);
    count.failures = 0;
    for (std::size_t i = 0; i < times.size(); ++i)
      count.failures += times[i] * point.item_errors[i];
    const double deviation = std::sqrt(noise * variance_of(point.item_errors));
    count.failures =
        std::clamp(count.failures + count.items * deviation * draws.normal(), 0.0, count.items);
    counts.push_back(count);
  }
  return counts;
}

}  // namespace attune::stats
