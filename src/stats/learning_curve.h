// How many more examples for X %? A learning curve through measured runs, with its band, and the
// questions that it answers: the score at a size, the examples for a score, what one more example
// is worth, and when to stop.
//
//   std::vector<stats::CurvePoint> points;
//   for (const Run& run : runs) points.push_back(stats::item_point(run.examples, run.item_errors));
//   ATTUNE_TRY(const stats::LearningCurve curve, stats::fit_learning_curve(points));
//   ATTUNE_TRY(const stats::Estimate score, stats::score_at(curve, 1500));
//   const stats::ExamplesFor answer = stats::examples_for(curve, 0.95);
//   if (answer.reach == stats::Reach::needed) use(answer.examples.value);
//
// A point is one training run, scored on held-out items. Runs with other seeds or subsets at the
// same size are further points: they tell training noise from item noise. Everything is a share,
// not a percentage: a score of 0.95 is 95 %, an error is 1 - score.
//
// The laws (curve_models.h) are fitted by the likelihood of the failures, beta-binomial when the
// runs scatter more than their items explain, and averaged by AICc (Burnham and Anderson 2002,
// chapter 4). The band is a bootstrap, bias-corrected: the whole of it, fits and weights, is done
// again on each resample. Nothing is said beyond `largest_extrapolation` times the largest measured
// size.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stats/curve_models.h"
#include "stats/equivalence.h"
#include "stats/statistics.h"

namespace attune::stats {

// One run. For a score in [0, 1] other than right or wrong, failures = (1 - mean) * items
// (`score_point`): the binomial variance is then an upper bound, so bands are at worst too wide.
struct CurvePoint {
  std::int64_t examples = 0;  // training examples of the run; 0 is the untuned model
  double failures = 0;        // failed items, a sum of shares for scores
  std::int64_t items = 0;
  // 1 - score of each item, the same items in the same order at every point; `failures` is their
  // sum
  // (`item_point`). Give these when all runs answer one test set: from counts alone the items of
  // each run must be taken as its own, and the band comes out too narrow.
  std::vector<double> item_errors = {};
};

CurvePoint score_point(std::int64_t examples, double mean_score, std::int64_t items);
CurvePoint item_point(std::int64_t examples, std::vector<double> item_errors);

enum class BandMethod {
  automatic,   // two_level with item errors, else parametric
  parametric,  // failures drawn again from the fitted curve, beta-binomial: items of each run its
               // own
  points,      // runs drawn again at each size; needs two runs or more at each
  two_level,   // items drawn again, the same for all runs, and training noise as runs show it;
               // needs item_errors at every point
};
std::string_view band_method_name(BandMethod method);  // "parametric", ...

struct CurveOptions {
  // Laws to average. One with more parameters than there are sizes, or without a value at a
  // measured size (POW3 and the log-linear law at 0), is left out.
  std::vector<CurveModel> models = {CurveModel::rectified, CurveModel::pow3, CurveModel::pow4,
                                    CurveModel::exponential};
  BandMethod band = BandMethod::automatic;
  std::int64_t resamples = 400;
  std::uint64_t seed = 1;
  double confidence = 0.95;
  double largest_extrapolation = 4;
};

// One law with its parameters (curve_models.h names them) and its share in the average.
struct FittedModel {
  CurveModel model = CurveModel::rectified;
  std::vector<double> parameters;
  double log_likelihood = 0;
  double aicc = 0;
  double weight = 0;  // Akaike weight; the weights of a curve sum to 1
};

// How far the averaged curve is from the best monotone one: a check of the laws. Runs of the same
// size tell how much training alone varies; with one run a size a fall may be no more than that.
struct MonotoneCheck {
  std::vector<double> sizes = {};   // the measured sizes, ascending
  std::vector<double> scores = {};  // the isotonic (never falling) scores at these sizes
  double largest_gap = 0;           // largest |curve - isotonic| over the sizes, a share
  double reversal_p = 1;            // smallest Holm-adjusted p of "the smaller size was better"
  bool falls() const { return reversal_p < 0.05; }  // more examples made it worse: trust no law
};

struct LearningCurve {
  std::vector<CurvePoint> points = {};   // as given, by size
  std::vector<FittedModel> models = {};  // heaviest first
  std::vector<std::vector<FittedModel>> resamples = {};
  double overdispersion = 0;  // rho of the beta-binomial; 0: items explain all scatter
  BandMethod band = BandMethod::parametric;  // the one used
  double confidence = 0.95;
  double smallest_size = 0;  // smallest and largest measured size
  double largest_size = 0;
  double limit = 0;  // nothing is said about sizes beyond this, nor below smallest_size
  MonotoneCheck check = {};
};

// Fits, averages and resamples. Errors: fewer than three sizes, counts that make no sense, item
// errors that do not line up, no law that can be fitted, a band method that the points do not
// allow.
Result<LearningCurve> fit_learning_curve(std::vector<CurvePoint> points,
                                         const CurveOptions& options = {});

// The score at a size with its band; an error below curve.smallest_size or beyond curve.limit.
Result<Estimate> score_at(const LearningCurve& curve, double examples);

// The score that no number of examples gets past, as far as these laws can tell (1 - E averaged).
Estimate score_limit(const LearningCurve& curve);

// The gain of the score from twice the examples, score(2n) - score(n); an error when 2n is beyond
// the limit.
Result<Estimate> gain_of_doubling(const LearningCurve& curve, double examples);

// Saved errors per item and further example, -d err / d n at `examples`. On a load of R items a
// day one more example saves R times this many errors a day: divide its cost by that for the
// price of a saved error.
Result<Estimate> marginal_gain(const LearningCurve& curve, double examples);

enum class Reach {
  reached,      // within the measured sizes
  needed,       // between the largest measured size and the limit
  not_claimed,  // beyond the limit, where nothing is claimed
  unreachable,  // even the upper end of the band of `score_limit` is below the score
};
std::string_view reach_name(Reach reach);

// The inverse question. `examples` are totals, not additions to what there is. Ends that lie beyond
// the limit are infinite; `examples` is all infinite when `reach` is not_claimed or unreachable,
// but `low` may then still be finite: fewer than that are not enough.
struct ExamplesFor {
  double score = 0;
  Reach reach = Reach::not_claimed;
  Estimate examples = {};
};
ExamplesFor examples_for(const LearningCurve& curve, double score);

// When to stop collecting: the expected gain of doubling the largest size is below `least_gain`,
// and an equivalence test of the two largest sizes on the same items (equivalence.h) has shown that
// they differ by less than its margin.
struct StopRule {
  Estimate gain_of_doubling;
  bool gain_is_small = false;
  bool plateau_is_shown = false;
  bool stop() const { return gain_is_small && plateau_is_shown; }
};
StopRule stop_rule(const LearningCurve& curve, const std::optional<Equivalence>& plateau,
                   double least_gain = 0.02);

}  // namespace attune::stats
