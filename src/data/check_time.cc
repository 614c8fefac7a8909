#include "data/check_time.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "data/mapping.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 6> kTimeColumns = {"date",       "timestamp", "created_at",
                                                          "created_on", "datetime",  "received_at"};

// The value of a column, or of a path into objects, as text.
std::string_view value_at(JsonRef row, std::string_view column) {
  JsonRef value = row.find(column);
  while (!value.exists() && column.find('.') != std::string_view::npos) {
    row = row.find(column.substr(0, column.find('.')));
    column.remove_prefix(column.find('.') + 1);
    value = row.find(column);
  }
  if (value.is_string()) return value.string();
  return value.is(JsonType::number) ? value.text() : std::string_view();
}

}  // namespace

void TimeCheck::add_date(std::string_view text, Row row) {
  if (dates_.add(text)) {
    rows_.push_back(std::move(row));
  } else if (unreadable_++ == 0) {
    first_unreadable_ = row.line;
  }
}

void TimeCheck::add(const CheckedRow& row, std::string_view part) {
  // Without parts there is nothing to compare.
  if (part.empty() && !has_others_ && column_.empty()) return;
  const Row here{.part = part_from_name(part).value_or(Part::train), .line = row.line};
  if (!column_.empty()) return add_date(value_at(row.value, column_), here);
  for (const std::string_view column : kTimeColumns) {
    if (!found_column_.empty() && column != found_column_) continue;
    const std::string_view text = value_at(row.value, column);
    if (text.empty()) continue;
    found_column_ = column;
    return add_date(text, here);
  }
}

void TimeCheck::add_other(const Json& columns, const std::string& where) {
  const std::string& column = column_.empty() ? found_column_ : column_;
  const Json* const value =
      column.empty() || !columns.is_object() ? nullptr : find_column(columns, column);
  if (value == nullptr) return;
  others_.push_back(where);
  add_date(value_text(*value), {.part = Part::test, .other = others_.size() - 1});
}

// The earliest test row; without a test, the earliest validation row.
std::optional<std::size_t> TimeCheck::earliest_measured() const {
  for (const Part part : {Part::test, Part::validation}) {
    std::optional<std::size_t> earliest;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].part == part && (!earliest || dates_.seconds(i) < dates_.seconds(*earliest)))
        earliest = i;
    }
    if (earliest) return earliest;
  }
  return std::nullopt;
}

std::string TimeCheck::where(std::string_view source, const Row& row) const {
  return row.line > 0 ? name_place(source, row.line) : others_[row.other];
}

std::vector<Finding> TimeCheck::finish(std::string_view source) const {
  const bool asked = !column_.empty();
  std::vector<Finding> findings;
  const auto tell = [&](std::int64_t line, Fault fault) {
    findings.push_back(file_finding("D046", Severity::warning, source,
                                    {.line = line, .column = line == 0 ? 0 : 1}, std::move(fault)));
  };
  if (asked && unreadable_ > 0) {
    tell(first_unreadable_,
         {.found = fmt::format("{} rows have no date in \"{}\" (this is the first)", unreadable_,
                               quote_for_message(column_)),
          .wanted = "2024-05-03, 2024-05-03T10:00:00Z, 3.5.2024, 3/5/2024 or seconds since 1970",
          .fix = "correct the column, or name another by --time-column"});
  }
  if (asked && !rows_.empty() && !dates_.order_known()) {
    tell(0, {.found = fmt::format("dates in \"{}\" do not say which number is the month",
                                  quote_for_message(column_)),
             .wanted = "2024-05-03",
             .fix = "write the dates so"});
  }
  const std::optional<std::size_t> earliest =
      dates_.order_known() ? earliest_measured() : std::nullopt;
  if (!earliest) return findings;
  const std::int64_t bound = dates_.seconds(*earliest);
  std::int64_t train = 0, later = 0, first_later = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].part != Part::train) continue;
    ++train;
    if (dates_.seconds(i) <= bound) continue;
    if (later++ == 0) first_later = rows_[i].line;
  }
  if (later == 0 || (!asked && later * 10 > train)) return findings;
  tell(first_later,
       {.found = fmt::format("{} of {} training rows are younger than {}, the oldest {} row (this "
                             "is the first)",
                             later, train, where(source, rows_[*earliest]),
                             part_name(rows_[*earliest].part)),
        .wanted = "training rows that are older than the test: it is to show the future",
        .fix = "leave them out, or divide the rows by their time"});
  return findings;
}

}  // namespace attune::data
