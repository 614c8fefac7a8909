// D046: training rows that are younger than the test: what the test asks for was not yet known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/check_place.h"
#include "data/date_time.h"
#include "data/split.h"

namespace attune::data {

class TimeCheck {
 public:
  // `column`: what --time-column names. Empty: a column with a usual name, and then only a split
  // that keeps to the time in nine of ten training rows is held to it.
  // `has_others`: rows of other files follow, so that rows without a part train.
  TimeCheck(std::string column, bool has_others)
      : column_(std::move(column)), has_others_(has_others) {}

  // A row of the file.
  void add(const CheckedRow& row, std::string_view part);
  // A row of another file, which measures.
  void add_other(const Json& columns, const std::string& where);

  std::vector<Finding> finish(std::string_view source) const;

 private:
  struct Row {
    Part part = Part::train;
    std::int64_t line = 0;  // of this file; 0 for others
    std::size_t other = 0;  // index into others_
  };
  void add_date(std::string_view text, Row row);
  std::optional<std::size_t> earliest_measured() const;
  std::string where(std::string_view source, const Row& row) const;

  std::string column_;
  bool has_others_;
  std::string found_column_ = {};  // the one with a usual name
  DateColumn dates_ = {};
  std::vector<Row> rows_ = {};            // of the dates
  std::vector<std::string> others_ = {};  // places of rows of other files
  std::int64_t unreadable_ = 0;
  std::int64_t first_unreadable_ = 0;  // line
};

}  // namespace attune::data
