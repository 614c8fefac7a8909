// Reading training examples from CSV, TSV, JSON, JSONL and text files, plain, compressed or piped,
// in any of the formats of known_formats.h or through a --map line.
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
#include "data/example.h"
#include "data/mapping.h"
#include "data/report.h"
#include "io/file.h"
#include "io/json.h"

namespace attune::data {

// What holds the rows.
enum class Format { automatic, csv, tsv, json, jsonl, text };
std::optional<Format> format_from_name(
    std::string_view name);  // auto, csv, tsv, json, jsonl, lines

struct ReadOptions {
  Format format = Format::automatic;
  std::string row_format = {};  // a name of known_formats.h; empty: by the names of the columns
  std::string map = {};         // a --map line (mapping.h), instead of a known format
  std::optional<char> delimiter = {};  // of CSV; found when not given
  bool skip_broken_lines =
      false;  // JSONL: report and drop a line that is not JSON, instead of refusing the file
  bool allow_mixed = false;      // rows of several formats in one file
  bool supervised_only = false;  // refuse rows that have no answer to learn, such as preferences
  bool keep_rest = false;        // keep the columns that are not used in Example::rest
  bool keep_columns = false;     // keep all columns there
  // The entry of a LLaMA-Factory dataset_info.json beside the file that describes it; empty: the
  // one that names the file, if there is one.
  std::string dataset = {};
};

// Sets container and row format from a --format value: "csv", "alpaca", "tsv,alpaca", "auto". An
// error lists what there is.
Result<void> set_format(ReadOptions& options, std::string_view value);

struct Dataset {
  std::vector<Example> examples;
  std::vector<Finding> findings;      // rows that could not be read, all dropped
  std::string format;                 // "CSV", "JSON", "JSONL", "text"
  std::vector<std::string> evidence;  // how format, delimiter and shape were found, and how surely
  std::int64_t rows_read = 0;
};

// Refused: no such file, an empty one, not text, not UTF-8, broken JSON (the first place, and the
// lines of the rest), a CSV quote that never closes, columns that fit no shape (with the --map line
// to try), a mapped column that is not there, rows of several formats. A single row that does not
// fit is dropped with a finding. The path "-" is standard input.
Result<Dataset> read_examples(const Path& path, const ReadOptions& options);

// The same from memory; `source` names it.
Result<Dataset> read_examples_from_text(std::string_view text, const std::string& source,
                                        const ReadOptions& options);

// The same under a mapping that is known already; options.map goes before it.
Result<Dataset> read_mapped_examples(std::string_view text, const std::string& source,
                                     const ReadOptions& options, Mapping mapping);

}  // namespace attune::data
