// Golden numbers: tools/make_intervals_golden.py (krippendorff, statsmodels, scikit-learn).
#include "stats/agreement.h"

#include <gtest/gtest.h>

#include "golden_file.h"

namespace attune::stats {
namespace {

Ratings ratings_of(const Json& rows) {
  Ratings ratings;
  for (const Json& row : rows) {
    auto& rater = ratings.emplace_back();
    for (const Json& value : row) {
      rater.push_back(value.is_null() ? std::nullopt : std::optional<double>(value.get<double>()));
    }
  }
  return ratings;
}

TEST(Agreement, KrippendorffsAlphaAgreesWithItsPackageWithGapsToo) {
  for (const Json& one : golden("intervals.json").at("agreement").at("krippendorff")) {
    const Ratings ratings = ratings_of(one.at("ratings"));
    EXPECT_NEAR(krippendorff_alpha(ratings, RatingScale::nominal).value(),
                one.at("nominal").get<double>(), 1e-10);
    EXPECT_NEAR(krippendorff_alpha(ratings, RatingScale::interval).value(),
                one.at("interval").get<double>(), 1e-10);
  }
}

TEST(Agreement, AlphaIsOneForPerfectRatersAndUndefinedWithoutDifference) {
  const Ratings perfect{{1.0, 2.0, 3.0}, {1.0, 2.0, 3.0}};
  EXPECT_EQ(krippendorff_alpha(perfect, RatingScale::nominal), 1.0);
  const Ratings constant{{1.0, 1.0}, {1.0, 1.0}};
  EXPECT_FALSE(krippendorff_alpha(constant, RatingScale::interval));
  const Ratings lonely{{1.0, std::nullopt}, {std::nullopt, 2.0}};
  EXPECT_FALSE(krippendorff_alpha(lonely, RatingScale::nominal));
}

TEST(Agreement, CohensKappaAgreesWithStatsmodels) {
  for (const Json& one : golden("intervals.json").at("agreement").at("cohen")) {
    const auto kappa = cohen_kappa(one.at("first").get<std::vector<std::int64_t>>(),
                                   one.at("second").get<std::vector<std::int64_t>>());
    ASSERT_TRUE(kappa);
    EXPECT_NEAR(kappa->value, one.at("interval").at(0).get<double>(), 1e-10);
    EXPECT_NEAR(kappa->low, one.at("interval").at(1).get<double>(), 1e-8);
    EXPECT_NEAR(kappa->high, one.at("interval").at(2).get<double>(), 1e-8);
  }
}

TEST(Agreement, KappaIsUndefinedWhenBothRatersAlwaysSayTheSame) {
  const std::vector<std::int64_t> constant{1, 1, 1};
  EXPECT_FALSE(cohen_kappa(constant, constant));
  EXPECT_FALSE(cohen_kappa({}, {}));
}

}  // namespace
}  // namespace attune::stats
