#include "data/date_time.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>
#include <string>

#include "base/trim.h"

namespace attune::data {

namespace {

// Days from 1970-01-01; a day behind the month's end counts on into the next month.
std::int64_t days_since_1970(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::chrono::sys_days first(std::chrono::year(static_cast<int>(year)) /
                                    std::chrono::month(static_cast<unsigned>(month)) / 1);
  return first.time_since_epoch().count() + day - 1;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::int64_t> number(std::size_t least, std::size_t most) {
    std::size_t digits = 0;
    std::int64_t value = 0;
    while (digits < std::min(most, text_.size()) && text_[digits] >= '0' && text_[digits] <= '9')
      value = value * 10 + (text_[digits++] - '0');
    if (digits < least) return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }
  bool skip(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // The number of the month whose English name, whole or its first letters, comes next.
  std::optional<std::int64_t> month_name() {
    constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
    std::size_t letters = 0;
    std::string name;
    while (letters < text_.size() && std::isalpha(static_cast<unsigned char>(text_[letters])) != 0)
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(text_[letters++])));
    if (letters < 3 || letters > 9) return std::nullopt;
    const std::size_t at = kMonths.find(name.substr(0, 3));
    if (at == std::string_view::npos || at % 3 != 0) return std::nullopt;
    text_.remove_prefix(letters);
    skip('.');
    return static_cast<std::int64_t>(at / 3) + 1;
  }
  char next() const { return text_.empty() ? '\0' : text_[0]; }
  bool done() const { return text_.empty(); }
  void skip_digits() {
    while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9') text_.remove_prefix(1);
  }

 private:
  std::string_view text_;
};

// Seconds of the day behind a date: nothing, or "T10:00", " 10:00:30.5Z", "T10:00+02:00".
std::optional<std::int64_t> time_of_day(Reader& reader) {
  if (reader.done()) return 0;
  reader.skip(',');
  if (!reader.skip('T') && !reader.skip(' ')) return std::nullopt;
  const auto hour = reader.number(1, 2);
  if (!hour || *hour > 24 || !reader.skip(':')) return std::nullopt;
  const auto minute = reader.number(2, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t seconds = *hour * 3600 + *minute * 60;
  if (reader.skip(':')) {
    const auto second = reader.number(2, 2);
    if (!second || *second > 60) return std::nullopt;
    seconds += *second;
    if (reader.skip('.') || reader.skip(',')) reader.skip_digits();
  }
  if (reader.next() == ' ') reader.skip(' ');
  if (reader.skip('Z')) return reader.done() ? std::optional(seconds) : std::nullopt;
  const char sign = reader.next();
  if (sign == '+' || sign == '-') {
    reader.skip(sign);
    const auto hours = reader.number(2, 2);
    reader.skip(':');
    const auto minutes = reader.number(2, 2);
    if (!hours) return std::nullopt;
    const std::int64_t offset = *hours * 3600 + minutes.value_or(0) * 60;
    seconds += sign == '+' ? -offset : offset;
  }
  return reader.done() ? std::optional(seconds) : std::nullopt;
}

struct NamedDate {
  std::int64_t year = 0, month = 0, day = 0;
};

// "14 June 2025", "Jun 14, 2025".
std::optional<NamedDate> date_with_name(Reader& reader) {
  std::optional<std::int64_t> day = reader.number(1, 2);
  if (day) reader.skip(' ');
  const std::optional<std::int64_t> month = reader.month_name();
  if (!month || !reader.skip(' ')) return std::nullopt;
  if (!day) {
    day = reader.number(1, 2);
    reader.skip(',');
    if (!reader.skip(' ')) return std::nullopt;
  }
  const std::optional<std::int64_t> year = reader.number(4, 4);
  if (!day || !year) return std::nullopt;
  return NamedDate{.year = *year, .month = *month, .day = *day};
}

}  // namespace

bool DateColumn::add(std::string_view text) {
  text = trim(text);
  Reader named(text);
  if (const std::optional<NamedDate> date = date_with_name(named)) {
    const auto time = time_of_day(named);
    if (!time || date->day < 1 || date->day > 31) return false;
    dates_.push_back({.seconds = *time,
                      .year = static_cast<std::int32_t>(date->year),
                      .first = static_cast<std::uint8_t>(date->day),
                      .second = static_cast<std::uint8_t>(date->month)});
    return true;
  }
  const bool digits =
      !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (digits && (text.size() == 10 || text.size() == 13)) {
    const std::int64_t number = *Reader(text).number(1, 13);
    dates_.push_back({.seconds = text.size() == 13 ? number / 1000 : number});
    return true;
  }
  Reader reader(text);
  const auto first = reader.number(1, 4);
  const char mark = reader.next();
  if (!first || (mark != '-' && mark != '/' && mark != '.')) return false;
  reader.skip(mark);
  const auto second = reader.number(1, 2);
  if (!second || !reader.skip(mark)) return false;
  const auto third = reader.number(1, 4);
  if (!third) return false;
  Date date;
  const bool year_first = *first > 31;
  if (year_first) {
    date = {.year = static_cast<std::int32_t>(*first),
            .first = static_cast<std::uint8_t>(*third),
            .second = static_cast<std::uint8_t>(*second)};
  } else {
    date = {.year = static_cast<std::int32_t>(*third),
            .first = static_cast<std::uint8_t>(*first),
            .second = static_cast<std::uint8_t>(*second),
            .slashed = mark != '.'};
  }
  const auto time = time_of_day(reader);
  if (!time || date.year < 1000 || date.first < 1 || date.first > 31 || date.second < 1 ||
      date.second > (date.slashed ? 31 : 12))
    return false;
  date.seconds = *time;
  slashed_ = slashed_ || date.slashed;
  day_first_ = day_first_ || (date.slashed && date.first > 12);
  month_first_ = month_first_ || (date.slashed && date.second > 12);
  dates_.push_back(date);
  return true;
}

std::int64_t DateColumn::seconds(std::size_t index) const {
  const Date& date = dates_[index];
  if (date.year == 0) return date.seconds;
  const bool month_first = date.slashed && month_first_;
  const std::int64_t day = month_first ? date.second : date.first;
  const std::int64_t month = month_first ? date.first : date.second;
  return days_since_1970(date.year, month, day) * 86400 + date.seconds;
}

}  // namespace attune::data
