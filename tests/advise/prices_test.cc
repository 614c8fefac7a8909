#include "advise/prices.h"

#include <gtest/gtest.h>

namespace attune::advise {
namespace {

constexpr std::chrono::sys_days kToday = std::chrono::year(2026) / 11 / 30;

std::string entry(const std::string& more, const std::string& date = "2026-11-20") {
  return R"({"provider":"Host","model":"m","kind":"train","unit":"1M_tokens","price":2,)"
         R"("currency":"USD","retrieved":")" +
         date + R"(","source_url":"https://host.example","confidence":"user")" + more + "}";
}

Result<PriceList> read(const std::string& entries) {
  return PriceList::parse(R"({"version":1,"prices":[)" + entries + "]}", "mine.json", kToday);
}

TEST(Prices, TheBuiltInListNamesDateAndSourceOfEachPrice) {
  const PriceList list = PriceList::built_in(kToday);
  EXPECT_FALSE(list.prices.empty());
  for (const Price& price : list.prices) {
    EXPECT_TRUE(price.source.starts_with("https://")) << price.model;
    EXPECT_GT(price.retrieved, std::chrono::sys_days(std::chrono::year(2025) / 1 / 1));
    EXPECT_LE(price.retrieved, kToday);
  }
}

TEST(Prices, ACostIsTokensTimesThePrice) {
  const PriceList list = read(entry("") + "," + entry(R"(,"bills_validation":true)")).value();
  const std::vector<HostedCost> costs =
      training_costs(list, {.training_tokens = 3'000'000, .validation_tokens = 500'000});
  ASSERT_EQ(costs.size(), 2u);
  EXPECT_DOUBLE_EQ(costs[0].cost, 6.0);
  EXPECT_DOUBLE_EQ(costs[1].cost, 7.0);
  EXPECT_EQ(costs[1].tokens, 3'500'000);
  EXPECT_EQ(costs[0].age_days, 10);
}

TEST(Prices, AnOldPriceIsRefusedWithItsDateWhenAnAgeIsAsked) {
  const PriceList list = read(entry("", "2026-01-31")).value();
  EXPECT_TRUE(list.refuse_older_than(400).has_value());
  const std::string message = list.refuse_older_than(90).error().message();
  EXPECT_NE(message.find("2026-01-31, 303 days old"), std::string::npos) << message;
  EXPECT_NE(message.find("Host m"), std::string::npos) << message;
}

TEST(Prices, AFaultNamesTheEntryAndTheMember) {
  const struct {
    std::string entries, wanted;
  } cases[] = {{entry("", "2026-13-01"), "prices[0] retrieved"},
               {entry("", "2027-02-01"), "no later than today, 2026-11-30"},
               {entry("", "20 November"), "a date as 2026-11-30"},
               {entry("") + "," + entry(R"(,"pricee":1)"), "prices[1] pricee"},
               {R"({"provider":"Host"})", "prices[0] model"},
               {"7", "an object"}};
  for (const auto& [entries, wanted] : cases) {
    const Result<PriceList> list = read(entries);
    ASSERT_FALSE(list) << entries;
    EXPECT_NE(list.error().message().find(wanted), std::string::npos) << list.error().message();
  }
  EXPECT_FALSE(PriceList::parse("{}", "mine.json", kToday));
}

}  // namespace
}  // namespace attune::advise
