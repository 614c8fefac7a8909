// The rows of a JSON or JSONL text under check, one at a time, with what is wrong with the text
// itself: D003 to D006. A fault costs only its own row: reading goes on behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/check_place.h"
#include "data/dataset.h"
#include "data/rows_ahead.h"

namespace attune::data {

// Whether a file is read as JSON, by what was asked, its name and its first character; then true
// where JSONL is meant. Nothing: a table or plain text.
std::optional<bool> json_is_meant(std::string_view text, std::string_view source, Format asked);

class JsonRows {
 public:
  // `text` is UTF-8 without a byte order mark and outlives the rows. `jsonl_meant`: its name or
  // the user says that it is JSONL, so that anything else is a finding (D004).
  JsonRows(std::string_view text, std::string_view source, bool jsonl_meant,
           std::vector<Finding>& findings);

  // "JSONL" or "JSON", and how that was found. An object that holds no list of rows is refused.
  Result<void> open();
  const std::string& format() const { return format_; }
  const std::string& evidence() const { return evidence_; }

  // Of a text that is read by lines: rows that are parsed already are taken from there. Must
  // outlive the reading.
  bool by_lines() const { return layout_ == Layout::lines; }
  char line_end() const { return line_end_; }
  void take_from(RowsAhead& ahead) { ahead_ = &ahead; }

  // False at the end. The row is valid until the next call. A row that is broken or no object was
  // reported, and is passed over.
  bool next(CheckedRow& row);

  // What the last call of next() passed over before its row, as it stands in the text.
  struct PassedOver {
    std::string_view text;
    std::int64_t line = 0;
  };
  const std::vector<PassedOver>& passed_over() const { return passed_over_; }
  // Of the row that next() gave: keys that come a second time in their object.
  const std::vector<JsonRef>& duplicate_keys() const { return tree_.duplicate_keys(); }

  // How many bytes of the text are read.
  std::size_t position() const { return at_; }
  std::int64_t rows() const { return rows_; }  // read so far, broken ones included

 private:
  enum class Layout { lines, values, array, members };
  struct Item {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string key;
  };
  struct Line {
    std::string_view text;
    std::int64_t number = 0;
  };

  Result<void> open_object();
  bool use_members(JsonRef document);
  void use(Layout layout, std::string format, std::string evidence);
  void report_layout(std::string found);
  std::optional<Line> next_line();
  Line with_lines_up_to_next_record(Line line);
  bool next_from_lines(CheckedRow& row);
  bool next_from_line(Line line, CheckedRow& row);
  bool next_from_text(CheckedRow& row);
  bool next_from_members(CheckedRow& row);
  void pass_broken_item();
  bool deliver(const JsonTree& tree, std::string_view text, std::int64_t line, std::int64_t column,
               CheckedRow& row);
  void report_fault(const JsonFault& fault, std::string_view text, std::int64_t line,
                    std::int64_t column);
  TextPlace place_at(std::size_t offset);
  std::string row_name() const;

  std::string_view text_;
  std::string_view source_;
  bool jsonl_meant_;
  std::vector<Finding>& findings_;
  Layout layout_ = Layout::lines;
  std::string format_;
  std::string evidence_;
  char line_end_ = '\n';
  std::size_t at_ = 0;
  std::int64_t line_ = 0;  // how many lines are passed
  TextPlace place_;        // of place_offset_; for texts that are not read by lines
  std::size_t place_offset_ = 0;
  Line rest_;  // of a line that holds several records
  std::size_t rest_at_ = 0;
  std::vector<Item> items_;  // of a document whose members are the rows
  std::size_t item_ = 0;
  std::string item_margin_;  // the white space before the first item of an array
  std::int64_t rows_ = 0;
  std::vector<PassedOver> passed_over_;
  JsonTree tree_;
  RowsAhead* ahead_ = nullptr;
};

}  // namespace attune::data
