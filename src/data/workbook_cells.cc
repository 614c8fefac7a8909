#include "data/workbook_cells.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "io/text_encoding.h"

namespace attune::data {

namespace {

// The letters of a format code that stand for parts of a date; the rest is text.
std::string format_letters(std::string_view code) {
  std::string letters;
  for (std::size_t i = 0; i < code.size() && code[i] != ';'; ++i) {
    const char c = code[i];
    if (c == '"' || c == '[') {
      const std::size_t end = std::min(code.find(c == '"' ? '"' : ']', i + 1), code.size());
      // [h], [mm] and [ss] count beyond a day; [Red] and [$-409] are no parts.
      const std::string_view inside = code.substr(i + 1, end - i - 1);
      if (c == '[' && !inside.empty() &&
          inside.find_first_not_of("hHmMsS") == std::string_view::npos)
        letters += inside;
      i = end;
    } else if (c == '\\' || c == '_' || c == '*') {
      ++i;
    } else {
      letters.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
  }
  return letters;
}

// The character of "_x000D_" at the beginning of `text`; -1 when it does not begin so.
std::int32_t escaped_character(std::string_view text) {
  if (text.size() < 7 || !text.starts_with("_x") || text[6] != '_') return -1;
  const std::string digits(text.substr(2, 4));
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return -1;
  return static_cast<std::int32_t>(std::strtol(digits.c_str(), nullptr, 16));
}

void append_unescaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t at = std::min(text.find("_x"), text.size());
    out += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) return;
    const std::int32_t code = escaped_character(text);
    const bool character = code >= 0 && !(code >= 0xD800 && code < 0xE000);
    if (character) append_utf8(out, static_cast<char32_t>(code));
    if (!character) out += text.substr(0, 2);
    text.remove_prefix(character ? 7 : 2);
  }
}

}  // namespace

NumberKind kind_of_format(int id, std::string_view code) {
  if (code.empty()) {
    if (id >= 14 && id <= 17) return NumberKind::date;
    if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47)) return NumberKind::time;
    return id == 22 ? NumberKind::date_and_time : NumberKind::number;
  }
  const std::string letters = format_letters(code);
  const auto holds = [&](std::string_view any) {
    return letters.find_first_of(any) != std::string::npos;
  };
  // "ss.0" shows tenths of seconds.
  if (letters == "general" || (holds("0#?") && !holds("ydhs"))) return NumberKind::number;
  const bool time = holds("hs");
  // m alone is a month; beside h or s it is minutes.
  const bool date = holds("yd") || (holds("m") && !time);
  if (date && time) return NumberKind::date_and_time;
  if (date) return NumberKind::date;
  return time ? NumberKind::time : NumberKind::number;
}

std::string_view local_name(pugi::xml_node node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string number_text(double value) {
  if (value == 0) return "0";
  return fmt::format("{}", value);
}

std::string date_text(double days, NumberKind kind, bool since_1904) {
  constexpr double kFirstDay = -693593;  // 0001-01-01, counted from 1899-12-30
  constexpr double kDayAfterLast = 2958466;
  constexpr std::int64_t kSecondsOfDay = 86400;
  if (kind == NumberKind::number || !std::isfinite(days)) return number_text(days);
  const double since_1900 = days + (since_1904 ? 1462 : 0);
  if (since_1900 < kFirstDay || since_1900 >= kDayAfterLast) return number_text(days);
  const auto seconds =
      static_cast<std::int64_t>(std::llround(since_1900 * static_cast<double>(kSecondsOfDay)));
  const std::int64_t day =
      seconds >= 0 ? seconds / kSecondsOfDay : (seconds - kSecondsOfDay + 1) / kSecondsOfDay;
  const std::int64_t of_day = seconds - day * kSecondsOfDay;
  const std::chrono::year_month_day date(
      std::chrono::sys_days(std::chrono::year(1899) / std::chrono::December / 30) +
      std::chrono::days(day));
  std::string text;
  if (kind != NumberKind::time)
    text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (kind == NumberKind::date) return text;
  // A length of time may be longer than a day.
  const std::int64_t hours =
      of_day / 3600 + (kind == NumberKind::time ? std::max<std::int64_t>(day, 0) * 24 : 0);
  text += fmt::format("{}{:02}:{:02}", text.empty() ? "" : " ", hours, of_day / 60 % 60);
  if (of_day % 60 != 0) text += fmt::format(":{:02}", of_day % 60);
  return text;
}

std::string rich_text(pugi::xml_node node) {
  std::string text;
  for (const pugi::xml_node child : node.children()) {
    const std::string_view name = local_name(child);
    if (name == "t") append_unescaped(text, child.text().get());
    if (name == "r") {
      for (const pugi::xml_node part : child.children())
        if (local_name(part) == "t") append_unescaped(text, part.text().get());
    }
  }
  return text;
}

std::vector<NumberKind> read_cell_styles(const pugi::xml_document& styles) {
  std::map<int, std::string> codes;
  std::vector<NumberKind> kinds;
  for (const pugi::xml_node part : styles.document_element().children()) {
    if (local_name(part) == "numFmts") {
      for (const pugi::xml_node format : part.children())
        codes[format.attribute("numFmtId").as_int()] = format.attribute("formatCode").value();
    }
    if (local_name(part) == "cellXfs") {
      for (const pugi::xml_node style : part.children()) {
        const int id = style.attribute("numFmtId").as_int();
        const auto code = codes.find(id);
        kinds.push_back(kind_of_format(id, code == codes.end() ? "" : code->second));
      }
    }
  }
  return kinds;
}

int column_of_reference(std::string_view reference) {
  constexpr int kMostColumns = 16384;  // of a sheet of Excel
  int column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + (c - 'A' + 1);
    if (column > kMostColumns) return -1;
  }
  return column - 1;
}

}  // namespace attune::data
