// Why an arm fails: its failures gathered by what broke, each with the clause of the contract, its
// commonest confusions, examples, and the training rows that are most like them; and the rows to
// write next.
//
//   const Explanation why = explain(record, comparison, examples);
//   print(explanation_text(why)); write(next_rows_jsonl(why));
//
// A failure is a fault of the format ("/priority: enum") or a wrong field ("customer.name"). An
// item with several is in each of their groups.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "eval/run_record.h"
#include "io/json.h"

namespace attune::eval {

// A row that the model was trained on, or could be.
struct TrainingRow {
  std::string id;
  std::string question;
  std::string answer;
};

struct FailedItem {
  std::string id;
  std::string input;
  std::string wanted, found;         // of the field; of a format fault: "", what is wrong
  std::vector<TrainingRow> nearest;  // by shared rare words (shot_choice.h), the nearest first
};

struct FailureGroup {
  std::string name;  // "field component", "format /priority: enum"
  std::int64_t items = 0;
  std::string clause;  // of the contract, as JSON; empty: none is about it
  std::vector<std::pair<std::string, std::int64_t>>
      confusions;  // "wanted -> found", commonest first
  std::vector<FailedItem> examples;
};

// Rows to write: answers whose `field` is `value`, in words unlike the rows that there are.
struct NextRows {
  std::int64_t count = 0;
  std::string field;
  std::string value;
  std::string like;       // the input of an item that failed so
  Json answer = nullptr;  // its reference with every other value blank
  std::int64_t have = 0;  // training rows whose answer has this value there
};

struct Explanation {
  std::string arm;
  std::int64_t items = 0, failed = 0;
  std::vector<FailureGroup> groups;  // by items, most first
  std::vector<NextRows> next;
};

struct ExplainOptions {
  std::int64_t examples = 3;    // shown of each group
  std::int64_t nearest = 2;     // training rows of each example
  std::int64_t next_rows = 25;  // to write, in all
};

// Of the run's subject. `comparison` is compare_run(record)'s.
Explanation explain(const RunRecord& record, const Comparison& comparison,
                    const std::vector<TrainingRow>& rows, const ExplainOptions& options = {});

std::string explanation_text(const Explanation& explanation);
Json to_json(const Explanation& explanation);
// One line a row to write: {"messages": [a question to be written, the answer with blanks]}.
std::string next_rows_jsonl(const Explanation& explanation);

}  // namespace attune::eval
