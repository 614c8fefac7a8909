// The questions that a fitted learning curve answers (learning_curve.h).
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "stats/bootstrap_interval.h"
#include "stats/learning_curve.h"

namespace attune::stats {

namespace {

constexpr double kBeyond = std::numeric_limits<double>::infinity();

using Models = std::vector<FittedModel>;

// The weighted mean over the laws of what `of` says about one.
template <typename Of>
double average(const Models& models, Of&& of) {
  double sum = 0;
  for (const FittedModel& fit : models) sum += fit.weight * of(fit);
  return sum;
}

double score(const Models& models, double n) {
  const double error = average(
      models, [n](const FittedModel& fit) { return curve_error(fit.model, fit.parameters, n); });
  return std::clamp(1 - error, 0.0, 1.0);
}

double limit_of(const Models& models) {
  return 1 - average(models, [](const FittedModel& fit) {
           return curve_asymptote(fit.model, fit.parameters);
         });
}

// A quantile of sorted values of which some may be infinite: interpolation would make NaN of these.
double tail_quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  if (sorted[above] == kBeyond) return place > static_cast<double>(below) ? kBeyond : sorted[below];
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

// What `of` says about the curve, with the bias-corrected percentile interval (Efron 1987) of what
// it says about the resamples: a curve drawn from a curve is smoother than what it was drawn from,
// and the plain percentiles would be off by that twice.
template <typename Of>
Estimate with_band(const LearningCurve& curve, Of&& of) {
  const double value = of(curve.models);
  std::vector<double> values;
  values.reserve(curve.resamples.size());
  for (const Models& models : curve.resamples) values.push_back(of(models));
  std::sort(values.begin(), values.end());
  const double bias = bias_correction(value, values);
  const auto limit = [&](double p) {
    return tail_quantile(values, normal_cdf(2 * bias + normal_quantile(p)));
  };
  const double tail = (1 - curve.confidence) / 2;
  return {value, std::min(value, limit(tail)), std::max(value, limit(1 - tail))};
}

Result<void> within_limit(const LearningCurve& curve, double examples) {
  if (examples >= curve.smallest_size && examples <= curve.limit) return {};
  return bad_input({.where = "learning curve",
                    .found = fmt::format("a question about {:.0f} examples", examples),
                    .wanted = fmt::format(
                        "{:.0f} to {:.0f}: the largest measured size is {:.0f}, and nothing is "
                        "claimed far beyond it",
                        curve.smallest_size, curve.limit, curve.largest_size),
                    .fix = "train once on more examples to extend the curve"});
}

// The smallest size in the range of the curve at which the score is reached; infinite when none.
double size_for(const LearningCurve& curve, const Models& models, double wanted) {
  double low = curve.smallest_size;
  double high = curve.limit;
  if (score(models, low) >= wanted) return low;
  if (score(models, high) < wanted) return kBeyond;
  for (int i = 0; i < 100 && high - low > 1e-9 * high; ++i) {
    const double middle = (low + high) / 2;
    (score(models, middle) < wanted ? low : high) = middle;
  }
  return high;
}

}  // namespace

Result<Estimate> score_at(const LearningCurve& curve, double examples) {
  ATTUNE_TRY_VOID(within_limit(curve, examples));
  return with_band(curve, [examples](const Models& models) { return score(models, examples); });
}

Estimate score_limit(const LearningCurve& curve) { return with_band(curve, limit_of); }

Result<Estimate> gain_of_doubling(const LearningCurve& curve, double examples) {
  ATTUNE_TRY_VOID(within_limit(curve, examples));
  ATTUNE_TRY_VOID(within_limit(curve, 2 * examples));
  return with_band(curve, [examples](const Models& models) {
    return score(models, 2 * examples) - score(models, examples);
  });
}

Result<Estimate> marginal_gain(const LearningCurve& curve, double examples) {
  ATTUNE_TRY_VOID(within_limit(curve, examples));
  if (examples <= 0) {
    return bad_input({.where = "learning curve",
                      .found = "the worth of an example at 0 examples",
                      .wanted = "1 or more examples"});
  }
  return with_band(curve, [examples](const Models& models) {
    return -average(models, [examples](const FittedModel& fit) {
      return curve_slope(fit.model, fit.parameters, examples);
    });
  });
}

std::string_view reach_name(Reach reach) {
  switch (reach) {
    case Reach::reached:
      return "reached";
    case Reach::needed:
      return "needed";
    case Reach::not_claimed:
      return "not_claimed";
    case Reach::unreachable:
      break;
  }
  return "unreachable";
}

ExamplesFor examples_for(const LearningCurve& curve, double score) {
  ExamplesFor answer{.score = score};
  answer.examples =
      with_band(curve, [&](const Models& models) { return size_for(curve, models, score); });
  if (score_limit(curve).high < score) {
    answer.reach = Reach::unreachable;
  } else if (answer.examples.value <= curve.largest_size) {
    answer.reach = Reach::reached;
  } else if (answer.examples.value <= curve.limit) {
    answer.reach = Reach::needed;
  }
  return answer;
}

StopRule stop_rule(const LearningCurve& curve, const std::optional<Equivalence>& plateau,
                   double least_gain) {
  StopRule rule;
  if (const Result<Estimate> gain = gain_of_doubling(curve, curve.largest_size)) {
    rule.gain_of_doubling = *gain;
    rule.gain_is_small = gain->value < least_gain;
  }
  rule.plateau_is_shown = plateau && plateau->verdict == EquivalenceVerdict::equivalent;
  return rule;
}

}  // namespace attune::stats
