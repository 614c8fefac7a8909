// Reading training examples from CSV, JSON and JSONL files, in any of the shapes of shapes.h or
// through a --map line.
//
//   ATTUNE_TRY(Dataset dataset, read_examples("tickets.csv", {.map =
//   "user=body,assistant=json(category,priority)"}));
//
// The messages are as the source has them; normalise.h makes them strict, prepare.h does both and
// writes the result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/report.h"
#include "io/file.h"
#include "io/json.h"

namespace attune::data {

// One training row.
struct Example {
  Json messages;          // array of {"role", "content", ...} as the OpenAI chat format has it
  Json tools;             // array, or null
  std::string source;     // the file
  std::int64_t line = 0;  // where the row begins in it
  std::string id;         // the row's own id, else "row 12"
  std::string split;      // the row's own part (train, validation, test), else empty

  std::string where() const;  // "tickets.csv:12"
};

enum class Format { automatic, csv, json, jsonl };
std::optional<Format> format_from_name(std::string_view name);  // auto, csv, json, jsonl

struct ReadOptions {
  Format format = Format::automatic;
  std::string map = {};  // a --map line (mapping.h); empty: by the names of the columns
  std::optional<char> delimiter = {};  // of CSV; found when not given
  bool skip_broken_lines =
      false;  // JSONL: report and drop a line that is not JSON, instead of refusing the file
};

struct Dataset {
  std::vector<Example> examples;
  std::vector<Finding> findings;      // rows that could not be read, all dropped
  std::string format;                 // "CSV", "JSON", "JSONL"
  std::vector<std::string> evidence;  // how format, delimiter and shape were found
  std::int64_t rows_read = 0;
};

// Refused: no such file, an empty one, not text, not UTF-8, broken JSON (the first place, and the
// lines of the rest), a CSV quote that never closes, columns that fit no shape (with the --map line
// to try), a mapped column that is not there. A single row that does not fit is dropped with a
// finding.
Result<Dataset> read_examples(const Path& path, const ReadOptions& options);

// The same from memory; `source` names it.
Result<Dataset> read_examples_from_text(std::string_view text, const std::string& source,
                                        const ReadOptions& options);

}  // namespace attune::data
