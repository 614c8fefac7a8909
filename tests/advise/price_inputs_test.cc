#include "advise/price_inputs.h"

#include <gtest/gtest.h>

#include "advise/advice_inputs.h"

namespace attune::advise {
namespace {

std::string price_entry(const std::string& model, const std::string& kind, double price,
                        const std::string& confidence = "official",
                        const std::string& date = "2026-11-20") {
  return R"({"provider":"Host","model":")" + model + R"(","kind":")" + kind +
         R"(","unit":"1M_tokens","price":)" + std::to_string(price) +
         R"(,"currency":"USD","retrieved":")" + date +
         R"(","source_url":"https://host.example","confidence":")" + confidence + R"("})";
}

PriceList list_of(const std::vector<std::string>& entries) {
  std::string text;
  for (const std::string& one : entries) text += (text.empty() ? "" : ",") + one;
  return PriceList::parse(R"({"version":1,"prices":[)" + text + "]}", "mine.json", kTestDay)
      .value();
}

TEST(PriceInputs, AModelsPricesBecomeInputsWithMarkupAndDiscount) {
  Inputs inputs;
  const PricesUsed used =
      apply_prices(
          list_of({price_entry("m-1", "input", 2), price_entry("m-1", "output", 8),
                   price_entry("m-1", "cached_input", 0.5), price_entry("m-1, tuned", "input", 3),
                   price_entry("m-1", "train", 25), price_entry("other", "input", 9)}),
          "m-1", inputs)
          .value();
  EXPECT_TRUE(used.warnings.empty());
  EXPECT_EQ(used.prices.size(), 5u);
  EXPECT_EQ(inputs.number(&Variables::input_price).range.value, 2);
  EXPECT_EQ(inputs.number(&Variables::output_price).range.value, 8);
  EXPECT_EQ(inputs.number(&Variables::cached_discount).range.value, 0.75);
  EXPECT_EQ(inputs.number(&Variables::tuned_markup).range.value, 1.5);
  EXPECT_EQ(inputs.number(&Variables::training_price).range.value, 25);
  EXPECT_EQ(inputs.number(&Variables::input_price).origin, Origin::prices);
}

TEST(PriceInputs, SourcesThatDifferBecomeAnIntervalAndAWarning) {
  Inputs inputs;
  const PricesUsed used =
      apply_prices(list_of({price_entry("m-1", "input", 2), price_entry("m-1", "train", 3),
                            price_entry("m-1", "train", 25)}),
                   "m-1", inputs)
          .value();
  ASSERT_EQ(used.warnings.size(), 1u);
  EXPECT_NE(used.warnings[0].find("sources differ on the train price: 3 to 25"), std::string::npos);
  EXPECT_EQ(inputs.number(&Variables::training_price).range.low, 3);
  EXPECT_EQ(inputs.number(&Variables::training_price).range.high, 25);
}

TEST(PriceInputs, OldPricesAndSecondarySourcesAreWarnedOf) {
  Inputs inputs;
  const PricesUsed used =
      apply_prices(list_of({price_entry("m-1", "input", 2, "secondary", "2026-08-31")}), "m-1",
                   inputs)
          .value();
  ASSERT_EQ(used.warnings.size(), 2u);  // 91 days
  EXPECT_NE(used.warnings[0].find("older than 90 days (the oldest 91)"), std::string::npos);
  EXPECT_NE(used.warnings[1].find("all are secondary"), std::string::npos);
  const PricesUsed fresh =
      apply_prices(list_of({price_entry("m-1", "input", 2, "official", "2026-09-01")}), "m-1",
                   inputs)
          .value();
  EXPECT_TRUE(fresh.warnings.empty());  // 90 days
}

TEST(PriceInputs, TheShortestNameThatBeginsSoIsMeant) {
  Inputs inputs;
  const PriceList list =
      list_of({price_entry("gpt-4o-mini-1", "input", 0.15), price_entry("gpt-4o-1", "input", 2.5)});
  EXPECT_EQ(apply_prices(list, "gpt-4o", inputs)->model, "gpt-4o-1");
  EXPECT_EQ(apply_prices(list, "gpt-4o-mini", inputs)->model, "gpt-4o-mini-1");
}

TEST(PriceInputs, AModelThatTheListLacksIsRefusedWithThoseItHas) {
  Inputs inputs;
  const auto used = apply_prices(PriceList::built_in(kTestDay), "gpt-9", inputs);
  ASSERT_FALSE(used);
  EXPECT_NE(used.error().message().find("gpt-4o-mini-2024-07-18"), std::string::npos);
}

}  // namespace
}  // namespace attune::advise
