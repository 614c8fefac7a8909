#include "data/date_time.h"

#include <gtest/gtest.h>

namespace attune::data {
namespace {

std::int64_t seconds_of(std::string_view text) {
  DateColumn dates;
  return dates.add(text) ? dates.seconds(0) : -1;
}

TEST(DateColumn, ReadsTheUsualWritings) {
  constexpr std::int64_t kDay = 1714694400;  // 2024-05-03
  EXPECT_EQ(seconds_of("2024-05-03"), kDay);
  EXPECT_EQ(seconds_of("2024/5/3"), kDay);
  EXPECT_EQ(seconds_of("3.5.2024"), kDay);
  EXPECT_EQ(seconds_of(" 03.05.2024 10:30 "), kDay + 37800);
  EXPECT_EQ(seconds_of("2024-05-03T10:30:00Z"), kDay + 37800);
  EXPECT_EQ(seconds_of("2024-05-03T12:30:00.25+02:00"), kDay + 37800);
  EXPECT_EQ(seconds_of("3 May 2024, 10:30"), kDay + 37800);
  EXPECT_EQ(seconds_of("May 3, 2024"), kDay);
  EXPECT_EQ(seconds_of("1714694400"), kDay);
  EXPECT_EQ(seconds_of("1714694400123"), kDay);
}

TEST(DateColumn, RefusesWhatIsNoDate) {
  for (const char* text : {"", "soon", "12", "2024-13-01", "2024-05", "2024-05-03 at noon",
                           "1/2/3/4", "3.5.24", "3 Mayor 20", "may 3"})
    EXPECT_EQ(seconds_of(text), -1) << text;
}

TEST(DateColumn, FindsOutWhichNumberIsTheMonth) {
  DateColumn day_first;
  EXPECT_TRUE(day_first.add("3/5/2024"));
  EXPECT_FALSE(day_first.order_known());
  EXPECT_TRUE(day_first.add("14/06/2024 14:45"));
  EXPECT_TRUE(day_first.order_known());
  EXPECT_EQ(day_first.seconds(0), 1714694400);

  DateColumn month_first;
  EXPECT_TRUE(month_first.add("5/3/2024"));
  EXPECT_TRUE(month_first.add("5/23/2024"));
  EXPECT_EQ(month_first.seconds(0), 1714694400);
  EXPECT_TRUE(month_first.add("23/5/2024"));
  EXPECT_FALSE(month_first.order_known());
}

}  // namespace
}  // namespace attune::data
