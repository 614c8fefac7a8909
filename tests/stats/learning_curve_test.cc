#include "stats/learning_curve.h"

#include <cmath>

#include <gtest/gtest.h>

#include "stats/draws.h"

namespace attune::stats {
namespace {

// err(n) = 3 + 527.8 / (27.8 + n) in percent: the curve of the founding figures.
double founding_error(double n) { return 0.03 + 5.278 / (27.8 + n); }

constexpr std::int64_t kSizes[] = {0, 50, 100, 200, 500, 1000, 2000};

std::vector<CurvePoint> founding_points(std::int64_t items) {
  std::vector<CurvePoint> points;
  for (const std::int64_t n : kSizes) {
    points.push_back(
        {.examples = n,
         .failures = founding_error(static_cast<double>(n)) * static_cast<double>(items),
         .items = items});
  }
  return points;
}

const CurveOptions kRectified{.models = {CurveModel::rectified}, .resamples = 50};

TEST(LearningCurve, RecoversTheRectifiedLawFromItsOwnPoints) {
  const LearningCurve curve = fit_learning_curve(founding_points(1000), kRectified).value();
  const std::vector<double>& found = curve.models.at(0).parameters;
  EXPECT_NEAR(found[0], 0.03, 1e-5);
  EXPECT_NEAR(found[1], 5.278, 1e-2);
  EXPECT_NEAR(found[2], 27.8, 5e-2);
  EXPECT_NEAR(found[3], 1, 1e-3);
}

TEST(LearningCurve, RecoversTheFoundingFiguresRoundedToATenth) {
  const double scores[] = {78.0, 90.2, 92.9, 94.7, 96.0, 96.5, 96.7};
  std::vector<CurvePoint> points;
  for (std::size_t i = 0; i < std::size(kSizes); ++i)
    points.push_back(score_point(kSizes[i], scores[i] / 100, 100'000));
  const LearningCurve curve = fit_learning_curve(points, kRectified).value();
  const std::vector<double>& found = curve.models.at(0).parameters;
  EXPECT_NEAR(found[0], 0.03, 0.001);
  EXPECT_NEAR(found[3], 1, 0.03);
  for (std::size_t i = 0; i < std::size(kSizes); ++i) {
    const double n = static_cast<double>(kSizes[i]);
    EXPECT_NEAR(score_at(curve, n)->value, scores[i] / 100, 0.0006) << n;
  }
}

TEST(LearningCurve, AveragesTheLawsByTheirWeights) {
  const LearningCurve curve = fit_learning_curve(founding_points(300), {.resamples = 100}).value();
  double weights = 0;
  for (const FittedModel& fit : curve.models) weights += fit.weight;
  EXPECT_NEAR(weights, 1, 1e-12);
  EXPECT_GE(curve.models.front().weight, curve.models.back().weight);
  for (const FittedModel& fit : curve.models) EXPECT_NE(fit.model, CurveModel::pow3);  // n = 0
  const Estimate score = score_at(curve, 500).value();
  EXPECT_NEAR(score.value, 0.96, 0.005);
  EXPECT_LT(score.low, 0.96);
  EXPECT_GT(score.high, 0.96);
  EXPECT_LT(score.high - score.low, 0.04);
}

TEST(LearningCurve, TheSameSeedGivesTheSameBand) {
  const std::vector<CurvePoint> points = founding_points(300);
  const auto band = [&](std::uint64_t seed) {
    return score_at(fit_learning_curve(points, {.resamples = 40, .seed = seed}).value(), 700)->low;
  };
  EXPECT_EQ(band(1), band(1));
  EXPECT_NE(band(1), band(2));
}

TEST(LearningCurve, SaysHowManyExamplesAScoreNeeds) {
  const LearningCurve curve = fit_learning_curve(founding_points(5000), kRectified).value();
  // 0.05 = 0.03 + 5.278 / (27.8 + n)
  const ExamplesFor reached = examples_for(curve, 0.95);
  EXPECT_EQ(reached.reach, Reach::reached);
  EXPECT_NEAR(reached.examples.value, 5.278 / 0.02 - 27.8, 2);
  EXPECT_LT(reached.examples.low, reached.examples.value);
  EXPECT_GT(reached.examples.high, reached.examples.value);

  const ExamplesFor needed = examples_for(curve, 1 - founding_error(5000));
  EXPECT_EQ(needed.reach, Reach::needed);
  EXPECT_NEAR(needed.examples.value / 5000, 1, 0.02);

  const ExamplesFor beyond = examples_for(curve, 1 - founding_error(50'000));
  EXPECT_EQ(beyond.reach, Reach::not_claimed);
  EXPECT_TRUE(std::isinf(beyond.examples.value));
  EXPECT_TRUE(std::isfinite(beyond.examples.low));

  const ExamplesFor never = examples_for(curve, 0.99);
  EXPECT_EQ(never.reach, Reach::unreachable);
  EXPECT_EQ(reach_name(never.reach), "unreachable");
  EXPECT_LT(score_limit(curve).high, 0.99);
}

TEST(LearningCurve, RefusesToSpeakBeyondFourTimesTheLargestSize) {
  const LearningCurve curve = fit_learning_curve(founding_points(300), kRectified).value();
  EXPECT_TRUE(score_at(curve, 8000));
  const Result<Estimate> beyond = score_at(curve, 8001);
  ASSERT_FALSE(beyond);
  EXPECT_NE(beyond.error().message().find("largest measured size is 2000"), std::string::npos)
      << beyond.error().message();
  EXPECT_FALSE(gain_of_doubling(curve, 5000));
  EXPECT_FALSE(marginal_gain(curve, 10'000));
}

TEST(LearningCurve, LogLinearLawSaysNothingBeyondTheData) {
  std::vector<CurvePoint> points;
  for (const std::int64_t n : {50, 100, 200, 400, 800}) {
    points.push_back(score_point(n, 0.5 + 0.05 * std::log(static_cast<double>(n)), 1000));
  }
  const LearningCurve curve =
      fit_learning_curve(points, {.models = {CurveModel::log_linear}, .resamples = 20}).value();
  EXPECT_NEAR(curve.models[0].parameters[1], 0.05, 1e-4);
  EXPECT_NEAR(score_at(curve, 300)->value, 0.5 + 0.05 * std::log(300), 1e-4);
  EXPECT_FALSE(score_at(curve, 801));
}

TEST(LearningCurve, MarginalValueIsTheSlopeAndDoublingTheDifference) {
  const LearningCurve curve = fit_learning_curve(founding_points(1000), kRectified).value();
  EXPECT_NEAR(marginal_gain(curve, 500)->value, 5.278 / (527.8 * 527.8), 1e-7);
  EXPECT_NEAR(gain_of_doubling(curve, 1000)->value, founding_error(1000) - founding_error(2000),
              1e-5);
}

TEST(LearningCurve, StopsOnlyWhenTheGainIsSmallAndThePlateauIsShown) {
  const LearningCurve curve = fit_learning_curve(founding_points(1000), kRectified).value();
  const Equivalence shown = tost_paired_rates({1150, 10, 12, 28}, 0.02);
  const Equivalence open = tost_paired_rates({90, 3, 4, 3}, 0.02);
  EXPECT_TRUE(stop_rule(curve, shown).stop());
  EXPECT_FALSE(stop_rule(curve, open).stop());
  EXPECT_FALSE(stop_rule(curve, std::nullopt).stop());

  std::vector<CurvePoint> steep = founding_points(1000);
  steep.resize(3);  // up to 100 examples: doubling still gains about 2.4 points
  const LearningCurve early =
      fit_learning_curve(steep, {.models = {CurveModel::exponential}, .resamples = 20}).value();
  EXPECT_EQ(stop_rule(early, shown).gain_is_small, gain_of_doubling(early, 100)->value < 0.02);
}

TEST(LearningCurve, NoticesThatMoreExamplesMadeItWorse) {
  std::vector<CurvePoint> points = founding_points(600);
  EXPECT_FALSE(fit_learning_curve(points, kRectified)->check.falls());
  points.back().failures = 120;  // 20 % errors at 2000 examples, after 3.5 % at 1000
  const LearningCurve curve = fit_learning_curve(points, kRectified).value();
  EXPECT_TRUE(curve.check.falls());
  EXPECT_GT(curve.check.largest_gap, 0.005);
}

TEST(LearningCurve, RunsThatScatterMoreThanTheirItemsWidenTheBand) {
  std::vector<CurvePoint> quiet;
  std::vector<CurvePoint> noisy;
  Draws draws(4, "noisy runs");
  for (const std::int64_t n : {25, 50, 100, 200, 400}) {
    for (int seed = 0; seed < 6; ++seed) {
      const double error = founding_error(static_cast<double>(n));
      quiet.push_back({.examples = n,
                       .failures = static_cast<double>(draws.binomial(400, error)),
                       .items = 400});
      noisy.push_back({.examples = n,
                       .failures = static_cast<double>(draws.beta_binomial(400, error, 0.03)),
                       .items = 400});
    }
  }
  const LearningCurve calm = fit_learning_curve(quiet, kRectified).value();
  const LearningCurve wild = fit_learning_curve(noisy, kRectified).value();
  EXPECT_LT(calm.overdispersion, 0.005);
  EXPECT_NEAR(wild.overdispersion, 0.03, 0.025);
  const auto width = [](const LearningCurve& curve) {
    const Estimate score = score_at(curve, 400).value();
    return score.high - score.low;
  };
  EXPECT_GT(width(wild), 1.5 * width(calm));
}

TEST(LearningCurve, DrawsItemsAgainWhereItemErrorsAreGiven) {
  std::vector<CurvePoint> points;
  Draws draws(9, "item errors");
  for (const std::int64_t n : {0, 50, 100, 200}) {
    for (int seed = 0; seed < 2; ++seed) {
      std::vector<double> errors;
      for (int item = 0; item < 200; ++item)
        errors.push_back(draws.uniform() < founding_error(static_cast<double>(n)) ? 1 : 0);
      points.push_back(item_point(n, errors));
    }
  }
  const LearningCurve curve = fit_learning_curve(points, kRectified).value();
  EXPECT_EQ(curve.band, BandMethod::two_level);
  const Estimate score = score_at(curve, 200).value();
  EXPECT_GT(score.high - score.low, 0.01);
  EXPECT_LT(score.high - score.low, 0.1);
  EXPECT_EQ(
      fit_learning_curve(
          points, {.models = {CurveModel::rectified}, .band = BandMethod::points, .resamples = 20})
          ->band,
      BandMethod::points);
}

// Runs that fail on the very same items tell no more than one run.
TEST(LearningCurve, RunsOnOneTestSetAreNotCountedAsSeparateItems) {
  std::vector<CurvePoint> points;
  for (const std::int64_t n : {0, 50, 100, 200, 400}) {
    for (int seed = 0; seed < 4; ++seed) {
      std::vector<double> errors;  // item 0 is the hardest: it fails longest
      for (int item = 0; item < 300; ++item)
        errors.push_back(item < 300 * founding_error(static_cast<double>(n)) ? 1 : 0);
      points.push_back(item_point(n, errors));
    }
  }
  const auto width = [&](BandMethod band) {
    const LearningCurve curve =
        fit_learning_curve(points, {.models = {CurveModel::rectified}, .band = band}).value();
    const Estimate score = score_at(curve, 400).value();
    return score.high - score.low;
  };
  const Estimate one_run = wilson(300 * (1 - founding_error(400)), 300);
  EXPECT_NEAR(width(BandMethod::two_level), one_run.high - one_run.low, 0.012);
  EXPECT_LT(width(BandMethod::parametric), 0.7 * width(BandMethod::two_level));
}

TEST(LearningCurve, SaysWhatIsWrongWithPointsThatCannotBeFitted) {
  const auto message = [](std::vector<CurvePoint> points, const CurveOptions& options = {}) {
    const Result<LearningCurve> curve = fit_learning_curve(std::move(points), options);
    return curve ? std::string("fitted") : curve.error().message();
  };
  const CurvePoint fine{.examples = 50, .failures = 5, .items = 100};
  EXPECT_NE(message({fine}).find("1 size"), std::string::npos);
  EXPECT_NE(message({{.examples = 50, .failures = 101, .items = 100}}).find("101 failures"),
            std::string::npos);
  EXPECT_NE(message({{.examples = 50, .failures = 1, .items = 3, .item_errors = {1.0}}})
                .find("1 item errors that sum to 1 for 1 failures of 3 items"),
            std::string::npos);
  const std::vector<CurvePoint> single = founding_points(100);
  EXPECT_NE(message(single, {.band = BandMethod::points}).find("two runs or more"),
            std::string::npos);
  EXPECT_NE(message(single, {.models = {CurveModel::pow3}}).find("no law"), std::string::npos);
  EXPECT_NE(message(single, {.resamples = 0}).find("resamples"), std::string::npos);
}

TEST(LearningCurve, CopesWithPerfectAndHopelessRuns) {
  std::vector<CurvePoint> perfect;
  std::vector<CurvePoint> hopeless;
  for (const std::int64_t n : {0, 100, 200, 400}) {
    perfect.push_back({.examples = n, .failures = 0, .items = 50});
    hopeless.push_back({.examples = n, .failures = 50, .items = 50});
  }
  EXPECT_NEAR(score_at(fit_learning_curve(perfect, kRectified).value(), 400)->value, 1, 0.01);
  EXPECT_NEAR(score_at(fit_learning_curve(hopeless, kRectified).value(), 400)->value, 0, 0.01);
}

}  // namespace
}  // namespace attune::stats
