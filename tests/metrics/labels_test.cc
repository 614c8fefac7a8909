// Golden numbers: tools/make_metrics_golden.py (scikit-learn, scipy).
#include <gtest/gtest.h>

#include "base/random.h"
#include "metrics/assignment.h"
#include "metrics/golden_file.h"
#include "metrics/label_report.h"

namespace attune::metrics {
namespace {

TEST(LabelReport, EveryMeasureAgreesWithScikitLearn) {
  for (const Json& one : golden("labels.json")["cases"]) {
    const auto wanted = one["wanted"].get<std::vector<std::string>>();
    const auto given = one["given"].get<std::vector<std::string>>();
    const LabelReport report = label_report(wanted, given);
    EXPECT_NEAR(*report.accuracy, one["accuracy"].get<double>(), 1e-12);
    EXPECT_NEAR(*report.macro_f1, one["macro_f1"].get<double>(), 1e-12);
    EXPECT_NEAR(*report.weighted_f1, one["weighted_f1"].get<double>(), 1e-12);
    EXPECT_NEAR(report.mcc.value_or(0), one["mcc"].get<double>(), 1e-12);
    if (!one["kappa"].is_null()) {
      EXPECT_NEAR(*report.kappa, one["kappa"].get<double>(), 1e-12);
    }
    ASSERT_EQ(report.labels.size(), one["labels"].size());
    for (std::size_t i = 0; i < report.labels.size(); ++i) {
      EXPECT_EQ(report.labels[i].label, one["labels"][i].get<std::string>());
      EXPECT_NEAR(report.labels[i].precision, one["precision"][i].get<double>(), 1e-12);
      EXPECT_NEAR(report.labels[i].recall, one["recall"][i].get<double>(), 1e-12);
      EXPECT_NEAR(report.labels[i].f1, one["f1"][i].get<double>(), 1e-12);
      EXPECT_EQ(report.labels[i].wanted, one["support"][i].get<std::int64_t>());
      for (std::size_t j = 0; j < report.labels.size(); ++j) {
        EXPECT_EQ(report.confused(i, j), one["confusion"][i][j].get<std::int64_t>());
      }
    }
  }
}

TEST(LabelReport, WhatIsUndefinedIsAbsent) {
  const LabelReport nothing = label_report({}, {});
  EXPECT_FALSE(nothing.accuracy || nothing.macro_f1 || nothing.mcc || nothing.kappa);
  const std::vector<std::string> same = {"a", "a"};
  const LabelReport one_label = label_report(same, same);
  EXPECT_EQ(one_label.accuracy, 1);
  EXPECT_FALSE(one_label.mcc || one_label.kappa);
}

TEST(Assignment, TheBestSumAgreesWithScipy) {
  for (const Json& one : golden("assignment.json")["cases"]) {
    const auto rows = one["rows"].get<std::size_t>();
    const auto columns = one["columns"].get<std::size_t>();
    const auto gain = one["gain"].get<std::vector<double>>();
    const auto pairs = best_assignment(gain, rows, columns);
    double sum = 0;
    std::vector<bool> used(columns);
    std::size_t paired = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      if (!pairs[row]) continue;
      EXPECT_FALSE(used[*pairs[row]]);
      used[*pairs[row]] = true;
      sum += gain[row * columns + *pairs[row]];
      ++paired;
    }
    EXPECT_EQ(paired, std::min(rows, columns));
    EXPECT_NEAR(sum, one["best"].get<double>(), 1e-9) << rows << " x " << columns;
  }
}

}  // namespace
}  // namespace attune::metrics
