#include "metrics/date_forms.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/trim.h"
#include "metrics/text_parts.h"

namespace attune::metrics {

namespace {

// A run of digits or of letters.
struct Piece {
  std::string text;  // in lower case
  int number = -1;   // of at most four digits
};

std::vector<Piece> pieces_of(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const std::string lower = ascii_lower(text);
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < lower.size();) {
    const bool digits = is_digit(lower[at]);
    if (!digits && !is_letter(lower[at])) {
      ++at;
      continue;
    }
    Piece piece;
    while (at < lower.size() && (digits ? is_digit(lower[at]) : is_letter(lower[at]))) {
      piece.text += lower[at++];
    }
    constexpr std::size_t kMostDigits = 4;
    if (digits && piece.text.size() <= kMostDigits) piece.number = std::stoi(piece.text);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

int month_of(const std::string& word) {
  static constexpr std::array<std::string_view, 12> kMonths{
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  constexpr std::size_t kShortest = 3;
  if (word == "sept") return 9;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (word == kMonths[i] || (word.size() == kShortest && kMonths[i].starts_with(word))) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

bool is_ordinal_ending(const std::string& word) {
  return word == "st" || word == "nd" || word == "rd" || word == "th";
}

std::optional<std::chrono::year_month_day> calendar_date(int year, int month, int day) {
  constexpr int kFirstYear = 1000;  // four digits
  if (year < kFirstYear || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return date.ok() ? std::optional(date) : std::nullopt;
}

// Three numbers, year first or last.
std::optional<std::chrono::year_month_day> date_of_numbers(const std::vector<Piece>& pieces,
                                                           bool dots, DateOrder order) {
  constexpr std::size_t kYearDigits = 4;
  const int first = pieces[0].number;
  const int second = pieces[1].number;
  const int third = pieces[2].number;
  if (pieces[0].text.size() == kYearDigits) return calendar_date(first, second, third);
  if (pieces[2].text.size() != kYearDigits) return std::nullopt;
  constexpr int kMonths = 12;
  const bool day_first =
      dots || first > kMonths || first == second || order == DateOrder::day_first;
  if (day_first) return calendar_date(third, second, first);
  if (second > kMonths || order == DateOrder::month_first) {
    return calendar_date(third, first, second);
  }
  return std::nullopt;
}

// Without the white space around it and the marks that end a clause.
std::string_view bare(std::string_view text) {
  text = trim(text);
  const std::size_t last = text.find_last_not_of(".,;:!?");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::optional<std::chrono::year_month_day> read_date(std::string_view text, DateOrder order) {
  constexpr std::size_t kParts = 3;
  constexpr std::size_t kLongest = 40;  // "the 21st of September 2024" and some space
  const bool may_be =
      text.size() <= kLongest && std::any_of(text.begin(), text.end(), is_ascii_digit);
  if (!may_be) return std::nullopt;
  std::vector<Piece> pieces;
  for (Piece& piece : pieces_of(text)) {
    const bool skipped = is_ordinal_ending(piece.text) || piece.text == "of";
    if (!skipped) pieces.push_back(std::move(piece));
  }
  if (pieces.size() != kParts) return std::nullopt;
  const int month_last = month_of(pieces[1].text);
  if (month_last > 0) return calendar_date(pieces[2].number, month_last, pieces[0].number);
  if (const int month_first = month_of(pieces[0].text); month_first > 0) {
    return calendar_date(pieces[2].number, month_first, pieces[1].number);
  }
  for (const Piece& piece : pieces) {
    if (piece.number < 0) return std::nullopt;
  }
  return date_of_numbers(pieces, text.find('.') != std::string_view::npos, order);
}

std::string text_of(const std::chrono::year_month_day& date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

struct TimeOfDay {
  int seconds = 0;       // since midnight
  std::string fraction;  // of a second: digits without trailing zeros
};

// Cuts ".250" off "14:05:30.250 pm". False where a fraction stands behind something else than
// seconds, as in "14:05.5".
bool cut_fraction(std::string& text, std::string& fraction) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return true;
  const std::size_t point = text.find_first_not_of("0123456789", colon + 1);
  const bool is_fraction = point != std::string::npos && point + 1 < text.size() &&
                           (text[point] == '.' || text[point] == ',') &&
                           is_ascii_digit(text[point + 1]);
  if (!is_fraction) return true;
  if (text.find(':') == colon) return false;
  const std::size_t end = std::min(text.find_first_not_of("0123456789", point + 1), text.size());
  fraction = text.substr(point + 1, end - point - 1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  text.erase(point, end - point);
  return true;
}

std::optional<TimeOfDay> read_time(std::string_view text) {
  TimeOfDay time;
  std::string whole(text);
  if (!cut_fraction(whole, time.fraction)) return std::nullopt;
  std::vector<Piece> pieces = pieces_of(whole);
  bool afternoon = false;
  bool twelve_hours = false;
  // "p.m." is two pieces.
  if (pieces.size() >= 2 && pieces.back().text == "m") {
    pieces[pieces.size() - 2].text += 'm';
    pieces.pop_back();
  }
  if (!pieces.empty() && (pieces.back().text == "am" || pieces.back().text == "pm")) {
    twelve_hours = true;
    afternoon = pieces.back().text == "pm";
    pieces.pop_back();
  }
  constexpr std::size_t kParts = 3;
  const bool enough = pieces.size() >= (twelve_hours ? 1u : 2u) && pieces.size() <= kParts;
  if (!enough) return std::nullopt;
  std::array<int, kParts> numbers{};
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    numbers[i] = pieces[i].number;
    if (numbers[i] < 0 || pieces[i].text.size() > 2) return std::nullopt;
  }
  constexpr int kSixty = 60;
  int hour = numbers[0];
  if (numbers[1] >= kSixty || numbers[2] >= kSixty) return std::nullopt;
  if (twelve_hours) {
    constexpr int kHalfDay = 12;
    if (hour < 1 || hour > kHalfDay) return std::nullopt;
    hour = hour % kHalfDay + (afternoon ? kHalfDay : 0);
  }
  constexpr int kHours = 24;
  if (hour >= kHours) return std::nullopt;
  time.seconds = (hour * kSixty + numbers[1]) * kSixty + numbers[2];
  return time;
}

std::string time_text(const TimeOfDay& time) {
  return fmt::format("{:02}:{:02}:{:02}{}{}", time.seconds / 3600, time.seconds / 60 % 60,
                     time.seconds % 60, time.fraction.empty() ? "" : ".", time.fraction);
}

// The offset at the end of a time in seconds, cut off there; nothing where there is none.
std::optional<int> cut_offset(std::string_view& text) {
  if (text.ends_with('Z') || text.ends_with('z')) {
    text.remove_suffix(1);
    return 0;
  }
  const std::size_t sign = text.find_last_of("+-");
  if (sign == std::string_view::npos) return std::nullopt;
  std::string digits;
  for (char c : text.substr(sign + 1)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  constexpr std::size_t kHourDigits = 2;
  constexpr std::size_t kFullDigits = 4;
  if (digits.size() != kHourDigits && digits.size() != kFullDigits) return std::nullopt;
  digits.resize(kFullDigits, '0');
  const int number = std::stoi(digits);
  const int seconds = (number / 100 * 60 + number % 100) * 60;
  const bool west = text[sign] == '-';
  text = text.substr(0, sign);
  return west ? -seconds : seconds;
}

}  // namespace

std::optional<std::string> canonical_date(std::string_view text, DateOrder order) {
  const auto date = read_date(bare(text), order);
  return date ? std::optional(text_of(*date)) : std::nullopt;
}

std::optional<std::string> canonical_time(std::string_view text) {
  const std::optional<TimeOfDay> time = read_time(bare(text));
  return time ? std::optional(time_text(*time)) : std::nullopt;
}

std::optional<std::string> canonical_date_time(std::string_view text, DateOrder order) {
  text = bare(text);
  // The time begins at the word with the first colon.
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::size_t border = text.find_last_of("Tt ", colon);
  if (border == std::string_view::npos) return std::nullopt;
  const auto date = read_date(bare(text.substr(0, border)), order);
  std::string_view rest = text.substr(border + 1);
  const std::optional<int> offset = cut_offset(rest);
  std::optional<TimeOfDay> time = read_time(rest);
  if (!date || !time) return std::nullopt;
  if (!offset) return text_of(*date) + "T" + time_text(*time);
  constexpr int kDay = 24 * 60 * 60;
  time->seconds -= *offset;
  std::chrono::sys_days day = *date;
  for (; time->seconds < 0; time->seconds += kDay) day -= std::chrono::days(1);
  for (; time->seconds >= kDay; time->seconds -= kDay) day += std::chrono::days(1);
  return text_of(std::chrono::year_month_day(day)) + "T" + time_text(*time) + "Z";
}

}  // namespace attune::metrics
