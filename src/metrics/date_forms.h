// One spelling for dates and times of day, so that the same moment written in different ways
// compares equal.
//
//   canonical_date("March 5, 2024") == "2024-03-05"
//   canonical_time("2:05 pm") == "14:05:00"
//   canonical_date_time("2024-03-05T14:05+01:00") == "2024-03-05T13:05:00Z"
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace attune::metrics {

// In "03/05/2024" which comes first; dates with a number above 12 tell by themselves.
enum class DateOrder { unknown, day_first, month_first };

// 2024-03-05, 2024/3/5, 5.3.2024, 5 March 2024, March 5th, 2024, 5-Mar-2024 (English months), and
// 03/05/2024 where `order` or the numbers tell its order. Nothing for what is no calendar date.
std::optional<std::string> canonical_date(std::string_view text,
                                          DateOrder order = DateOrder::unknown);

// 14:05, 14:05:30, 14:05:30.25, 2:05 pm, 2 pm.
std::optional<std::string> canonical_time(std::string_view text);

// A date, "T" or a space, a time, optionally Z or an offset: then in UTC with Z, else local
// without.
std::optional<std::string> canonical_date_time(std::string_view text,
                                               DateOrder order = DateOrder::unknown);

}  // namespace attune::metrics
