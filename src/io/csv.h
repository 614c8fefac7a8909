// CSV as people have it: RFC 4180 and what spreadsheets add. One record at a time, from a text in
// memory or mapped.
//
//   ATTUNE_TRY(CsvReader reader, CsvReader::open(text, "tickets.csv"));
//   while (true) {
//     ATTUNE_TRY(std::optional<CsvRecord> record, reader.next());
//     if (!record) break;
//     ...record->fields[reader.column("subject").value()], record->line...
//   }
//
// Fields may be quoted, and then hold delimiters, line breaks and doubled quotes; spaces before an
// opening quote do not count. Lines end with LF, CRLF or CR. A byte order mark, Excel's "sep=;"
// line and empty lines are skipped. NUL bytes stay in the fields. After an error next() goes on
// with the next record, so that a caller may collect them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace attune {

struct CsvRecord {
  std::vector<std::string> fields;  // as many as the header has
  std::int64_t line = 0;            // the line on which the record begins
};

class CsvReader {
 public:
  // Reads the header. `text` must outlive the reader. Without `delimiter` it is the one of , ; tab
  // | under which most of the first records have as many fields as the header.
  static Result<CsvReader> open(std::string_view text, std::string where,
                                std::optional<char> delimiter = std::nullopt);

  // The next record, nothing at the end. An error: wrong number of fields, text after a closing
  // quote, a quote that never closes (named at its opening), text that is not UTF-8.
  Result<std::optional<CsvRecord>> next();

  // The last error was a quote that never closes: everything after it went into one field.
  bool ended_inside_quotes() const { return ended_inside_quotes_; }

  const std::vector<std::string>& header() const {
    return header_;
  }  // trimmed; "column_3" where the name is empty
  std::int64_t header_line() const { return header_line_; }
  std::optional<std::size_t> column(std::string_view name) const;
  char delimiter() const { return delimiter_; }
  // Why this delimiter, for people: "delimiter ';': 50 of the first 50 records have 6 fields, as
  // the header".
  const std::string& evidence() const { return evidence_; }

 private:
  CsvReader(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {}

  struct RawRecord {
    CsvRecord record;
    std::optional<Error> error;  // the first
  };
  std::optional<RawRecord> scan();  // nothing at the end; does not look at the number of fields
  void scan_quoted(std::string& field, std::optional<Error>& error);
  void scan_plain(std::string& field);
  bool at_line_end() const;
  void pass_line_end();
  Error error_at(std::size_t offset, std::string found, std::string wanted, std::string fix) const;
  void detect_delimiter();
  Result<void> read_header();

  std::string_view text_;
  std::string where_;
  char delimiter_ = ',';
  std::string evidence_;
  std::vector<std::string> header_;
  std::int64_t header_line_ = 1;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::size_t line_start_ = 0;
  bool ended_inside_quotes_ = false;
};

// "comma", "semicolon", "tab", "pipe", or the character itself.
std::string delimiter_name(char delimiter);

// One CSV record with its line end (LF); fields are quoted where they must be.
std::string csv_line(const std::vector<std::string>& fields, char delimiter = ',');

}  // namespace attune
