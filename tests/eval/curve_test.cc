// A learning curve from runs, and what it says.
#include "eval/curve.h"

#include <gtest/gtest.h>

namespace attune::eval {
namespace {

// The founding figures: 78.0, 90.2 (50), 92.9 (100), 94.7 (200), 96.0 (500), 96.5 (1,000) of 1,000
// items.
std::vector<CurveRun> founding_runs() {
  std::vector<CurveRun> runs;
  for (const auto& [examples, right] :
       {std::pair{0, 780}, {50, 902}, {100, 929}, {200, 947}, {500, 960}, {1000, 965}}) {
    CurveRun run{.rule = "epochs",
                 .examples = examples,
                 .format_compliance = 0.9,
                 .domain_accuracy = right / 1000.0,
                 .errors = {}};
    for (int i = 0; i < 1000; ++i) run.errors.push_back(i < right ? 0 : 1);
    runs.push_back(std::move(run));
  }
  return runs;
}

TEST(Curve, SaysHowManyExamplesAScoreTakesAndWhenToStop) {
  const auto report = report_curve(founding_runs(), {0.94, 0.999});
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->rules.size(), 1u);
  const RuleCurve& rule = report->rules[0];
  EXPECT_EQ(rule.sizes.size(), 6u);
  EXPECT_EQ(rule.targets[0].answer.reach, stats::Reach::reached);
  EXPECT_NEAR(rule.targets[0].answer.examples.value, 150, 25);
  EXPECT_EQ(rule.targets[1].answer.reach, stats::Reach::unreachable);
  EXPECT_TRUE(rule.stop.stop());  // half a point from 500 to 1,000
  EXPECT_NE(curve_text(*report).find("Stop collecting"), std::string::npos);
  EXPECT_NE(curve_html(*report, "t", "now").find("<svg"), std::string::npos);
}

TEST(Curve, TheUntunedBaseBelongsToBothRules) {
  std::vector<CurveRun> runs = founding_runs();
  const std::size_t count = runs.size();
  for (std::size_t i = 1; i < count; ++i) {
    runs.push_back(runs[i]);
    runs.back().rule = "steps";
  }
  const auto report = report_curve(runs, {});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->rules.size(), 2u);
  EXPECT_EQ(report->rules[0].sizes.size(), report->rules[1].sizes.size());
}

TEST(Curve, ARunIsReadAsItIsWritten) {
  const CurveRun run{.rule = "steps",
                     .examples = 25,
                     .subset = 1,
                     .seed = 2,
                     .steps = 30,
                     .seconds = 1.5,
                     .format_compliance = 0.5,
                     .domain_accuracy = 0.25,
                     .errors = {0, 0.75, 1}};
  const auto again = curve_run_from_json(to_json(run), "t");
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again), to_json(run));
  Json broken = to_json(run);
  broken["errors"][1] = 2;
  EXPECT_FALSE(curve_run_from_json(broken, "t"));
}

}  // namespace
}  // namespace attune::eval
