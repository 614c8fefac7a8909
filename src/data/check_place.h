// Where in a file a finding stands: a row under check, its places and paths, and the reporter
// that turns them into findings. What the checks of one row share; see check.h for the whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/report.h"
#include "io/json_tree.h"
#include "io/text_encoding.h"

namespace attune::data {

struct ExaminedChat;

// A row as it stands in its file.
struct CheckedRow {
  std::string_view source;
  std::string_view text;    // what `value` was parsed from
  std::int64_t line = 1;    // of text[0]
  std::int64_t column = 1;  // of text[0]
  bool is_table = false;  // a record of a table: `text` is its JSON form, without places of its own
  JsonRef value;
  std::string id;  // the row's own id, else "row 12"
  // The column of each message of a converted row, where every message is one column's text.
  std::vector<std::string> columns = {};
  ExaminedChat* examined = nullptr;  // what was found out ahead (examined_row.h); may be null
};

// What the row's member `key` says, if it is a text or a number; else `otherwise`.
std::string row_id(JsonRef row, std::string_view key, std::string otherwise);

// "messages[2].role": the way from `root` to `target` (a value, or a key) of the same tree; "" for
// the root.
std::string json_path(JsonRef root, JsonRef target);

// What is wrong, in the words of an error.
struct Fault {
  std::string found;
  std::string wanted = {};
  std::string fix = {};
};

// Collects the findings of one row.
class RowReporter {
 public:
  RowReporter(std::vector<Finding>& findings, const CheckedRow& row)
      : findings_(findings), row_(row) {}

  // About a value of the row's own tree, or of the tree that its conversation was converted to
  // (then the place is that of the value with the same text, or the row).
  void error(std::string_view code, JsonRef at, Fault fault) {
    add(code, Severity::error, at, std::move(fault));
  }
  void warning(std::string_view code, JsonRef at, Fault fault) {
    add(code, Severity::warning, at, std::move(fault));
  }
  void note(std::string_view code, JsonRef at, Fault fault) {
    add(code, Severity::info, at, std::move(fault));
  }
  void add(std::string_view code, Severity severity, JsonRef at, Fault fault);
  // About one character of a text, `offset` bytes into a string of the row.
  void add_inside(std::string_view code, Severity severity, JsonRef string, std::size_t offset,
                  Fault fault);

  // Findings about this row that were made before it had a name.
  void take(std::vector<Finding> found);

  std::int64_t errors() const { return errors_; }
  const CheckedRow& row() const { return row_; }

 private:
  JsonRef in_own_tree(JsonRef at) const;

  std::vector<Finding>& findings_;
  const CheckedRow& row_;
  std::int64_t errors_ = 0;
};

// A finding about a place of the file that no row owns (line 0: the file as a whole).
Finding file_finding(std::string_view code, Severity severity, std::string_view source,
                     TextPlace place, Fault fault);

}  // namespace attune::data
