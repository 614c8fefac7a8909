// Dates as people write them in tables: "2024-05-03T10:00:00Z", "2024-05-03", "03.05.2024 10:00",
// "14/06/2025 14:45", "14 June 2025, 14:45", "Jun 14, 2025", seconds or milliseconds since 1970.
//
// In "3/5/2024" the month may be either number: that is decided for a whole column at once.
//   DateColumn dates;
//   dates.add(text) ...                       // false: no date
//   if (dates.order_known()) dates.seconds(i)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace attune::data {

class DateColumn {
 public:
  // False, and nothing is added, where the text is no date.
  bool add(std::string_view text);

  std::size_t size() const { return dates_.size(); }
  // False where dates such as 3/5/2024 never say which is the month, or contradict each other.
  bool order_known() const { return !slashed_ || day_first_ != month_first_; }
  // Since 1970-01-01 00:00 UTC; a time without a zone counts as UTC.
  std::int64_t seconds(std::size_t index) const;

 private:
  struct Date {
    std::int64_t seconds = 0;  // of the day, where day and month are given; else since 1970
    std::int32_t year = 0;     // 0: seconds are all
    std::uint8_t first = 0;    // day and month in the order of the text
    std::uint8_t second = 0;
    bool slashed = false;
  };
  std::vector<Date> dates_;
  bool slashed_ = false;
  bool day_first_ = false;
  bool month_first_ = false;
};

}  // namespace attune::data
