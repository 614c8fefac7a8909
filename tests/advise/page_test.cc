#include "advise/page.h"

#include <gtest/gtest.h>

#include "advise/advice_inputs.h"
#include "advise/words.h"

namespace attune::advise {
namespace {

TEST(Page, TheVerdictStandsFirstInTwoSentences) {
  const std::string text = advice_text(advice_of({"requests_per_day=3", "form=style"}));
  EXPECT_EQ(text.find("Verdict: Do nothing: all that today's answers cost is less"), 0u) << text;
  EXPECT_LT(text.find("once"), text.find("Confidence:"));
}

TEST(Page, EveryInputIsNamedWithItsValueWhetherGivenOrAssumed) {
  const Advice advice = advice_of({"rework=0.2", "prompt=optimised"});
  const std::string text = advice_text(advice);
  for (const VariableSpec& spec : variable_specs())
    EXPECT_NE(text.find(spec.name), std::string::npos) << spec.name;
  for (const ChoiceSpec& spec : choice_specs())
    EXPECT_NE(text.find(spec.name), std::string::npos) << spec.name;
  EXPECT_NE(text.find("Assumed, as nobody gave them"), std::string::npos);
}

TEST(Page, OldPricesAreShownWithTheirDateAndAWarning) {
  const PriceList list = PriceList::built_in(kTestDay);
  Inputs inputs;
  Evidence evidence;
  evidence.prices = apply_prices(list, "gpt-4o-mini", inputs).value();
  const std::string text = advice_text(advice_of({}, evidence));
  EXPECT_NE(text.find("2026-04-30"), std::string::npos);
  EXPECT_NE(text.find("older than 90 days"), std::string::npos);
  EXPECT_NE(text.find("https://"), std::string::npos);
}

TEST(Json, SaysTheSameAsTheAdviceAndIsStandardJson) {
  const Advice advice = advice_of({"prompt=optimised", "rework=0.3", "requests_per_day=2000"});
  const Json json = parse_json(to_text(advice_json(advice)), "advice").value();
  EXPECT_EQ(json["version"], kAdviceVersion);
  EXPECT_EQ(json["verdict"], "fine_tune");
  EXPECT_EQ(json["sentences"].size(), 2u);
  EXPECT_EQ(json["arms"].size(), kArms);
  EXPECT_EQ(json["inputs"].size(), variable_specs().size());
  EXPECT_EQ(json["choices"].size(), kChoices);
  EXPECT_EQ(json["exit_code"], 0);
  EXPECT_NEAR(json["money"]["break_even_days"].get<double>(), advice.money.break_even_days, 1e-9);
  EXPECT_EQ(json["path"][0]["node"], "facts");
}

TEST(Json, WhatNeverBreaksEvenIsNull) {
  const Json json = advice_json(advice_of(
      {"prompt=optimised", "gap=none", "rework=0.001", "requests_per_day=50", "host=own"}));
  EXPECT_TRUE(json["money"]["break_even_days"].is_null());
  EXPECT_TRUE(json["money"]["break_even_date"].is_null());
}

TEST(Html, IsOneClosedPageThatDataCannotBreakOutOf) {
  Evidence evidence;
  evidence.log = LogFigures{};
  evidence.log->name = "<img onerror=alert(1)>.jsonl";
  evidence.log->requests = 1;
  const std::string page = advice_html(advice_of({}, evidence));
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_NE(page.find("&lt;img"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
  EXPECT_EQ(page.find("href="), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.find("<svg"), std::string::npos);
}

TEST(Page, TokensThatCostNothingLeaveNoNumberWithoutEnd) {
  const std::string text = advice_text(advice_of({"input_price=0", "output_price=0"}));
  EXPECT_EQ(text.find("inf"), std::string::npos);
  EXPECT_EQ(text.find("nan"), std::string::npos);
}

TEST(CostPlot, DrawsTodayAndTheAdvisedArmOverDays) {
  const std::string plot =
      cost_plot(advice_of({"prompt=optimised", "rework=0.3", "requests_per_day=2000"}));
  EXPECT_NE(plot.find("as today: from"), std::string::npos);
  EXPECT_NE(plot.find("tuned"), std::string::npos);
  EXPECT_NE(plot.find(">days</text>"), std::string::npos);
}

TEST(Words, MoneyAndNumbersReadAsPeopleWriteThem) {
  EXPECT_EQ(money(0), "$0");
  EXPECT_EQ(money(0.00123), "$0.0012");
  EXPECT_EQ(money(-13.17), "-$13.17");
  EXPECT_EQ(money(1264733.4), "$1,264,733");
  EXPECT_EQ(money(kNever), "never");
  EXPECT_EQ(rounded(999.7), "1,000");
  EXPECT_EQ(rounded(75438123), "75,440,000");
  EXPECT_EQ(rounded(0.03456), "0.0346");
  EXPECT_EQ(value_words(*find_variable("rework"), 0.094), "9.4 %");
}

}  // namespace
}  // namespace attune::advise
