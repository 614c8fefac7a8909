// Golden numbers: tools/make_learning_curve_golden.py (scipy), make_intervals_golden.py
// (scikit-learn).
#include "stats/curve_models.h"

#include <cmath>

#include <gtest/gtest.h>

#include "golden_file.h"
#include "stats/curve_fit.h"
#include "stats/isotonic.h"
#include "stats/minimise.h"

namespace attune::stats {
namespace {

constexpr CurveModel kModels[] = {CurveModel::rectified, CurveModel::pow3, CurveModel::pow4,
                                  CurveModel::exponential, CurveModel::log_linear};

CurveModel model_of(const std::string& name) {
  for (const CurveModel model : kModels) {
    if (curve_model_name(model) == name) return model;
  }
  ADD_FAILURE() << name;
  return CurveModel::rectified;
}

std::vector<CurveCount> set_of(const Json& all, const std::string& name) {
  const Json& columns = all.at("sets").at(name);
  std::vector<CurveCount> counts;
  for (std::size_t i = 0; i < columns.at(0).size(); ++i)
    counts.push_back({columns.at(0).at(i), columns.at(1).at(i), columns.at(2).at(i)});
  return counts;
}

TEST(Minimise, FindsTheBottomOfRosenbrocksValley) {
  const Minimum found = minimise(
      [](const std::vector<double>& x, std::vector<double>& gradient) {
        const double off = x[1] - x[0] * x[0];
        gradient = {-400 * x[0] * off - 2 * (1 - x[0]), 200 * off};
        return 100 * off * off + (1 - x[0]) * (1 - x[0]);
      },
      {-1.2, 1});
  EXPECT_NEAR(found.x[0], 1, 1e-7);
  EXPECT_NEAR(found.x[1], 1, 1e-7);
  EXPECT_LT(found.iterations, 60);
}

TEST(CurveModels, DerivativesAreThoseOfTheError) {
  const CurveScale scale{.smallest = 25, .smallest_positive = 25, .largest = 800};
  for (const CurveModel model : kModels) {
    CurveCoordinates at{-2.1, -0.7, 0.3, -0.4};
    for (const double n : {25.0, 60.0, 800.0, 2000.0}) {
      CurveCoordinates gradient{};
      curve_error(model, at, scale, n, gradient);
      for (std::size_t i = 0; i < curve_parameter_count(model); ++i) {
        constexpr double kStep = 1e-6;
        CurveCoordinates unused{};
        CurveCoordinates above = at;
        CurveCoordinates below = at;
        above[i] += kStep;
        below[i] -= kStep;
        const double numeric = (curve_error(model, above, scale, n, unused) -
                                curve_error(model, below, scale, n, unused)) /
                               (2 * kStep);
        EXPECT_NEAR(gradient[i], numeric, 1e-8) << curve_model_name(model) << " " << i << " " << n;
      }
    }
  }
}

TEST(CurveModels, NamedParametersGiveTheSameCurveAndItsSlope) {
  const CurveScale scale{.smallest = 25, .smallest_positive = 25, .largest = 800};
  const CurveCoordinates at{-2.1, -0.7, 0.3, -0.4};
  for (const CurveModel model : kModels) {
    const std::vector<double> parameters = curve_parameters(model, at, scale);
    ASSERT_EQ(parameters.size(), curve_parameter_names(model).size());
    for (const double n : {25.0, 100.0, 800.0}) {
      CurveCoordinates unused{};
      const double error = curve_error(model, at, scale, n, unused);
      EXPECT_NEAR(curve_error(model, parameters, n), error, 1e-12) << curve_model_name(model);
      const double numeric =
          (curve_error(model, parameters, n + 0.001) - curve_error(model, parameters, n - 0.001)) /
          0.002;
      EXPECT_NEAR(curve_slope(model, parameters, n) / numeric, 1, 1e-6) << curve_model_name(model);
    }
  }
}

TEST(CurveFit, EachLawIsAsLikelyAsScipyCanMakeIt) {
  const Json all = golden("learning_curve.json");
  for (const Json& one : all.at("fits")) {
    const std::vector<CurveCount> counts = set_of(all, one.at("set"));
    const CurveModel model = model_of(one.at("law"));
    const CurveScale scale = curve_scale(counts);
    const CurveFit fit = fit_curve(model, counts, scale, one.at("rho"));
    EXPECT_NEAR(fit.log_likelihood, one.at("log_likelihood").get<double>(), 1e-6) << one;
    for (std::size_t i = 0; i < one.at("at").size(); ++i) {
      EXPECT_NEAR(curve_error(model, curve_parameters(model, fit.at, scale), one.at("at").at(i)),
                  one.at("errors").at(i).get<double>(), 1e-4)
          << one;
    }
  }
}

TEST(CurveFit, WeightsOfTheLawsAreAkaikes) {
  const Json all = golden("learning_curve.json");
  for (const double rho : {0.0, 0.004}) {
    std::vector<CurveModel> models;
    std::vector<Json> wanted;
    for (const Json& one : all.at("fits")) {
      if (one.at("set") != "runs" || one.at("rho") != rho) continue;
      models.push_back(model_of(one.at("law")));
      wanted.push_back(one);
    }
    const std::vector<CurveCount> counts = set_of(all, "runs");
    const std::vector<CurveFit> fits = fit_curves(models, counts, curve_scale(counts), rho);
    for (std::size_t i = 0; i < fits.size(); ++i) {
      EXPECT_NEAR(fits[i].aicc, wanted[i].at("aicc").get<double>(), 1e-5);
      EXPECT_NEAR(fits[i].weight, wanted[i].at("weight").get<double>(), 1e-5);
    }
  }
}

TEST(CurveFit, OverdispersionBringsPearsonsStatisticToItsDegreesOfFreedom) {
  const Json all = golden("learning_curve.json");
  const Json& one = all.at("overdispersion");
  const std::vector<CurveCount> counts = set_of(all, one.at("set"));
  const CurveModel models[] = {model_of(one.at("law"))};
  EXPECT_NEAR(estimate_overdispersion(models, counts, curve_scale(counts)),
              one.at("rho").get<double>(), 1e-5);
}

TEST(Isotonic, AgreesWithScikitLearn) {
  for (const Json& one : golden("intervals.json").at("isotonic")) {
    const std::vector<double> fitted =
        isotonic(numbers(one.at("values")), numbers(one.at("weights")));
    const std::vector<double> wanted = numbers(one.at("fitted"));
    ASSERT_EQ(fitted.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(fitted[i], wanted[i], 1e-12);
  }
}

}  // namespace
}  // namespace attune::stats
