// Items that belong together make intervals wider.
#include "eval/intervals.h"

#include <gtest/gtest.h>

#include "eval/compare.h"
#include "stats/clusters.h"

namespace attune::eval {
namespace {

// 20 documents of 10 items; all items of a document have the same answer right or wrong.
std::vector<Item> documents(bool named) {
  std::vector<Item> items;
  for (int i = 0; i < 200; ++i) {
    items.push_back({.id = std::to_string(i),
                     .input = "q",
                     .reference = "yes",
                     .cluster = named ? "document " + std::to_string(i / 10) : ""});
  }
  return items;
}

ArmResult answers(const std::string& name, int wrong_every) {
  ArmResult arm{.name = name, .answers = {}};
  for (int i = 0; i < 200; ++i)
    arm.answers.push_back({.text = i / 10 % wrong_every == 0 ? "no" : "yes"});
  return arm;
}

Comparison compared(bool named) {
  const auto comparison = compare(documents(named), {answers("zero_shot", 2), answers("tuned", 5)},
                                  {.measures = {.metric = Metric::label}, .cluster = "document"});
  EXPECT_TRUE(comparison);
  return comparison.value_or(Comparison{});
}

double width(const stats::Estimate& estimate) { return estimate.high - estimate.low; }

TEST(Clusters, MakeEveryIntervalAsWideAsTheirNumberAllows) {
  const Comparison apart = compared(false), together = compared(true);
  EXPECT_FALSE(apart.clusters);
  ASSERT_TRUE(together.clusters);
  EXPECT_EQ(together.clusters->n, 20);
  const ArmSummary &one = apart.arms[1], &other = together.arms[1];
  EXPECT_EQ(one.exact_match.value, other.exact_match.value);
  EXPECT_GT(width(other.exact_match), 2 * width(one.exact_match));
  EXPECT_GT(width(other.domain_accuracy), 2 * width(one.domain_accuracy));
  EXPECT_GT(width(other.measures[0].value), 2 * width(one.measures[0].value));
  EXPECT_GT(width(together.comparisons[0].exact_match.difference),
            2 * width(apart.comparisons[0].exact_match.difference));
  // All items are compliant: no spread, and 20 draws, not 200.
  EXPECT_LT(other.format_compliance.low, one.format_compliance.low);
}

TEST(Clusters, ThatAreAlikeLeaveADifferenceAsWideAsTheirNumber) {
  const std::vector<double> first(40, 1.0), second(40, 0.7);
  std::vector<std::int64_t> one(40, 0), ten;
  for (std::int64_t i = 0; i < 40; ++i) ten.push_back(i / 4);
  const stats::Estimate of_one = Intervals(one, {}).mean_difference(first, second);
  const stats::Estimate of_ten = Intervals(ten, {}).mean_difference(first, second);
  EXPECT_NEAR(of_one.value, 0.3, 1e-12);
  EXPECT_LT(of_one.low, 0);
  EXPECT_LT(of_ten.low, 0.3);
  EXPECT_LT(of_ten.high - of_ten.low, of_one.high - of_one.low);
  const stats::Estimate equal = Intervals({}, {}).mean_difference(first, first);
  EXPECT_LT(equal.low, 0);
  EXPECT_GT(equal.high, 0);
}

TEST(Clusters, GiveThePValueOfAsManyDraws) {
  const Comparison apart = compared(false), together = compared(true);
  EXPECT_LT(apart.comparisons[0].exact_match.p, 1e-6);
  EXPECT_GT(together.comparisons[0].exact_match.p, 0.01);
}

TEST(Clusters, OfOneItemEachGiveMcNemarsP) {
  const Intervals apart({}, {}), single({0, 1, 2, 3, 4, 5, 6, 7}, {});
  const std::vector<double> first = {1, 1, 1, 1, 1, 0, 1, 0}, second = {0, 0, 0, 0, 1, 1, 0, 0};
  const stats::PairedCounts counts{.both = 1, .first_only = 5, .second_only = 1, .neither = 1};
  EXPECT_NEAR(apart.rate_p(counts, first, second), single.rate_p(counts, first, second), 1e-12);
}

TEST(Clusters, ItemsWithoutOneStandAlone) {
  const auto item = [](const std::string& cluster) {
    return Item{.id = "1", .input = "", .reference = "", .cluster = cluster};
  };
  const auto clusters = clusters_of({item("a"), item(""), item(""), item("a")});
  EXPECT_EQ(clusters, (std::vector<std::int64_t>{0, 1, 2, 0}));
  EXPECT_TRUE(clusters_of({item(""), item("")}).empty());
}

}  // namespace
}  // namespace attune::eval
