// What preparation found and did, row by row: the data report that stands beside the prepared rows.
//
// data_report.json: {"version":1, "source", "format", "evidence":[...],
// "rows":{"read","kept","dropped","changed"},
//  "rules":[{"rule","severity","action","count","first"}],
//  "contract":null|{"checked","broken","ceiling"},
//  "findings":[{"rule","severity","action","where","row","path","found","wanted","fix"}]}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::data {

enum class Severity { info, warning, error };
enum class Action { kept, changed, dropped };  // what became of the row

// One thing found at one row. Nothing is changed or dropped without one.
struct Finding {
  std::string rule;  // what was checked, in words: "empty_answer", "line_endings", "duplicate_row"
  Severity severity = Severity::info;
  Action action = Action::kept;
  std::string where;  // file:line
  std::string row;    // the row's id
  std::string path;   // inside the row: messages[1].content
  std::string found;
  std::string wanted;
  std::string fix;
  // Of `attune data check` (check.h): the code, and the place as numbers; 0 where they are not
  // known.
  std::string code = {};
  std::int64_t line = 0;
  std::int64_t column = 0;

  // "tickets.csv:12 messages[1].content: found; wanted wanted. Fix: fix"
  std::string message() const;
};

// A row that could not be read or converted: dropped, with the words of the error.
Finding dropped_row(std::string rule, const Error& error, std::string row);

// How many training answers keep the contract. A model that learns them perfectly complies at
// `ceiling` at best.
struct ContractResult {
  std::int64_t checked = 0;
  std::int64_t broken = 0;
  double ceiling() const;
};

struct DataReport {
  std::string source;
  std::string format;                 // "CSV", "JSON", "JSONL"
  std::vector<std::string> evidence;  // why it was read as it was read
  std::int64_t rows_read = 0;
  std::int64_t rows_kept = 0;
  std::int64_t rows_changed = 0;  // kept rows with at least one change
  std::int64_t rows_dropped() const { return rows_read - rows_kept; }
  std::optional<ContractResult> contract;
  // Kept rows that a model wrote; nothing where no marks tell (synthetic_marks.h).
  std::optional<std::int64_t> synthetic;
  std::vector<Finding> findings;  // unreadable rows first, then in the order of the rows
};

std::string_view severity_name(Severity severity);
std::string_view action_name(Action action);

Json to_json(const DataReport& report);

// For people: counts, evidence, and each rule with its count and first place.
std::string summary(const DataReport& report);

}  // namespace attune::data
