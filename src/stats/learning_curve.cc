#include "stats/learning_curve.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "stats/curve_band.h"
#include "stats/curve_fit.h"
#include "stats/draws.h"
#include "stats/isotonic.h"

namespace attune::stats {

namespace {

constexpr std::size_t kLeastSizes = 3;

Result<void> check_item_errors(const CurvePoint& point) {
  if (point.item_errors.empty()) return {};
  const auto& errors = point.item_errors;
  const bool shares = std::all_of(errors.begin(), errors.end(),
                                  [](double error) { return error >= 0 && error <= 1; });
  const double sum = std::accumulate(errors.begin(), errors.end(), 0.0);
  if (shares && errors.size() == static_cast<std::size_t>(point.items) &&
      std::abs(sum - point.failures) <= 1e-6 * static_cast<double>(point.items)) {
    return {};
  }
  return bad_input(
      {.where = "learning curve",
       .found = fmt::format("a run on {} examples with {} item errors that sum to {} "
                            "for {} failures of {} items",
                            point.examples, errors.size(), sum, point.failures, point.items),
       .wanted = "one error an item, each between 0 and 1, that sum to the failures",
       .fix = "give them all, or none"});
}

Result<void> check_points(const std::vector<CurvePoint>& points, const CurveOptions& options) {
  for (const CurvePoint& point : points) {
    if (point.examples < 0 || point.items < 1 || !(point.failures >= 0) ||
        point.failures > static_cast<double>(point.items)) {
      return bad_input(
          {.where = "learning curve",
           .found = fmt::format("a run on {} examples with {} failures of {} items", point.examples,
                                point.failures, point.items),
           .wanted = "0 or more examples, and 0 to `items` failures of 1 or more items",
           .fix = "check how the run was scored"});
    }
    ATTUNE_TRY_VOID(check_item_errors(point));
  }
  const std::size_t sizes = groups_by_size(points).size();
  if (sizes < kLeastSizes) {
    return bad_input({.where = "learning curve",
                      .found = fmt::format("{} size{}", sizes, sizes == 1 ? "" : "s"),
                      .wanted = fmt::format("runs at {} sizes or more", kLeastSizes),
                      .fix = "train on further subsets, for example half and a quarter"});
  }
  if (options.resamples < 1 || !(options.confidence > 0 && options.confidence < 1) ||
      !(options.largest_extrapolation >= 1)) {
    return bad_input(
        {.where = "learning curve",
         .found = fmt::format("{} resamples, confidence {}, extrapolation {}", options.resamples,
                              options.confidence, options.largest_extrapolation),
         .wanted = "1 or more resamples, a confidence between 0 and 1, and an "
                   "extrapolation of 1 or more"});
  }
  return {};
}

Result<std::vector<CurveModel>> usable_models(const std::vector<CurveModel>& models,
                                              std::size_t sizes, bool has_zero) {
  std::vector<CurveModel> usable;
  for (const CurveModel model : models) {
    if (curve_parameter_count(model) <= sizes && (!has_zero || has_value_at_zero(model)))
      usable.push_back(model);
  }
  if (usable.empty()) {
    return bad_input({.where = "learning curve",
                      .found = fmt::format("no law that {} sizes{} can carry", sizes,
                                           has_zero ? ", one of them 0," : ""),
                      .wanted = "as many sizes as the law has parameters",
                      .fix = "train on further subsets, or choose the exponential law"});
  }
  return usable;
}

Result<BandMethod> usable_band(const std::vector<CurvePoint>& points, BandMethod wanted) {
  const std::vector<SizeGroup> groups = groups_by_size(points);
  const bool repeated = std::all_of(groups.begin(), groups.end(),
                                    [](const SizeGroup& group) { return group.runs >= 2; });
  const bool lined_up = std::all_of(points.begin(), points.end(), [&](const CurvePoint& point) {
    return !point.item_errors.empty() && point.items == points[0].items;
  });
  if (wanted == BandMethod::automatic)
    return lined_up ? BandMethod::two_level : BandMethod::parametric;
  if ((wanted == BandMethod::points && !repeated) ||
      (wanted == BandMethod::two_level && !lined_up)) {
    return bad_input(
        {.where = "learning curve",
         .found =
             fmt::format("the band \"{}\" for runs that do not allow it", band_method_name(wanted)),
         .wanted = wanted == BandMethod::points ? "two runs or more at each size"
                                                : "the errors of the same items at every run",
         .fix = "use the parametric band, or add what is wanted"});
  }
  return wanted;
}

std::vector<CurveCount> redraw(const LearningCurve& curve, const RunScatter& scatter,
                               Draws& draws) {
  if (curve.band == BandMethod::two_level) return redraw_items(curve, scatter, draws);
  return curve.band == BandMethod::points ? redraw_runs(curve, draws)
                                          : redraw_from_curve(curve, scatter, draws);
}

std::vector<FittedModel> named(const std::vector<CurveFit>& fits, const CurveScale& scale) {
  std::vector<FittedModel> models;
  models.reserve(fits.size());
  for (const CurveFit& fit : fits) {
    models.push_back({.model = fit.model,
                      .parameters = curve_parameters(fit.model, fit.at, scale),
                      .log_likelihood = fit.log_likelihood,
                      .aicc = fit.aicc,
                      .weight = fit.weight});
  }
  return models;
}

// All runs of a size together.
struct PooledSize {
  double size = 0;
  double error = 0;
  double worth = 0;  // independent items
};

// The overdispersion here is that of runs of the same size, so that a size that leaves the law does
// not count as noise. With one run a size there is none to see.
std::vector<PooledSize> pool_sizes(const std::vector<CurvePoint>& points) {
  const std::vector<SizeGroup> groups = groups_by_size(points);
  std::vector<PooledSize> pooled;
  std::vector<CurveCount> counts;
  std::vector<double> rates;
  for (const SizeGroup& group : groups) {
    double failures = 0;
    double items = 0;
    for (std::size_t i = group.first; i < group.first + group.runs; ++i) {
      counts.push_back(count_of(points[i]));
      failures += counts.back().failures;
      items += counts.back().items;
    }
    pooled.push_back({.size = counts.back().size, .error = failures / items});
    rates.insert(rates.end(), group.runs, failures / items);
  }
  const double rho = overdispersion_around(counts, rates, groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t i = groups[g].first; i < groups[g].first + groups[g].runs; ++i)
      pooled[g].worth += counts[i].items / (1 + (counts[i].items - 1) * rho);
  }
  return pooled;
}

// The smallest Holm-adjusted p of the one-sided tests that a size has more errors than the one
// before it: two-sample z with pooled rate.
double smallest_reversal_p(const std::vector<PooledSize>& pooled) {
  std::vector<double> p;
  for (std::size_t i = 1; i < pooled.size(); ++i) {
    const PooledSize& before = pooled[i - 1];
    const PooledSize& after = pooled[i];
    const double rate =
        (before.error * before.worth + after.error * after.worth) / (before.worth + after.worth);
    const double variance = rate * (1 - rate) * (1 / before.worth + 1 / after.worth);
    p.push_back(variance > 0 ? normal_cdf((before.error - after.error) / std::sqrt(variance)) : 1);
  }
  const std::vector<double> adjusted = holm_adjusted(p);
  return *std::min_element(adjusted.begin(), adjusted.end());
}

MonotoneCheck check_monotone(const LearningCurve& curve) {
  const std::vector<PooledSize> pooled = pool_sizes(curve.points);
  MonotoneCheck check{.reversal_p = smallest_reversal_p(pooled)};
  std::vector<double> worth;
  for (const PooledSize& size : pooled) {
    check.sizes.push_back(size.size);
    check.scores.push_back(1 - size.error);
    worth.push_back(size.worth);
  }
  check.scores = isotonic(check.scores, worth);
  for (std::size_t i = 0; i < check.sizes.size(); ++i) {
    const double fitted = 1 - averaged_error(curve.models, check.sizes[i]);
    check.largest_gap = std::max(check.largest_gap, std::abs(fitted - check.scores[i]));
  }
  return check;
}

}  // namespace

CurvePoint score_point(std::int64_t examples, double mean_score, std::int64_t items) {
  return {.examples = examples,
          .failures = (1 - mean_score) * static_cast<double>(items),
          .items = items};
}

CurvePoint item_point(std::int64_t examples, std::vector<double> item_errors) {
  CurvePoint point{.examples = examples,
                   .failures = std::accumulate(item_errors.begin(), item_errors.end(), 0.0),
                   .items = static_cast<std::int64_t>(item_errors.size())};
  point.item_errors = std::move(item_errors);
  return point;
}

std::string_view band_method_name(BandMethod method) {
  switch (method) {
    case BandMethod::automatic:
      return "automatic";
    case BandMethod::parametric:
      return "parametric";
    case BandMethod::points:
      return "points";
    case BandMethod::two_level:
      break;
  }
  return "two_level";
}

Result<LearningCurve> fit_learning_curve(std::vector<CurvePoint> points,
                                         const CurveOptions& options) {
  std::stable_sort(points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
    return a.examples < b.examples;
  });
  ATTUNE_TRY_VOID(check_points(points, options));
  std::vector<CurveCount> counts;
  counts.reserve(points.size());
  for (const CurvePoint& point : points) counts.push_back(count_of(point));
  const CurveScale scale = curve_scale(counts);
  ATTUNE_TRY(const std::vector<CurveModel> models,
             usable_models(options.models, groups_by_size(points).size(), scale.smallest <= 0));
  LearningCurve curve{.confidence = options.confidence,
                      .smallest_size = scale.smallest,
                      .largest_size = scale.largest};
  ATTUNE_TRY(curve.band, usable_band(points, options.band));
  const bool beyond = std::all_of(models.begin(), models.end(), extrapolates);
  curve.limit = scale.largest * (beyond ? options.largest_extrapolation : 1);
  curve.points = std::move(points);
  curve.overdispersion = estimate_overdispersion(models, counts, scale);
  const std::vector<CurveFit> fits = fit_curves(models, counts, scale, curve.overdispersion);
  curve.models = named(fits, scale);
  std::stable_sort(curve.models.begin(), curve.models.end(),
                   [](const FittedModel& a, const FittedModel& b) { return a.weight > b.weight; });
  const RunScatter scatter = run_scatter(curve);
  for (std::int64_t i = 0; i < options.resamples; ++i) {
    Draws draws(options.seed, "learning curve", static_cast<std::uint64_t>(i));
    const std::vector<CurveCount> drawn = redraw(curve, scatter, draws);
    curve.resamples.push_back(
        named(fit_curves(models, drawn, scale, curve.overdispersion, fits), scale));
  }
  curve.check = check_monotone(curve);
  return curve;
}

}  // namespace attune::stats
