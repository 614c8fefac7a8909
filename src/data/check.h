// Everything that is wrong with a file of training examples, found before a core is spent: all
// faults of all rows at once, each with file, line, column, row, JSON path, what was found, what
// was wanted and how to mend it. Nothing is changed; a row is never passed over in silence.
//
//   ATTUNE_TRY(CheckReport report, check_file("train.jsonl", {}));
//   fmt::print("{}", check_page(report));          // check_page.h: for people, JSON, SARIF
//   return report.count(Severity::error) > 0 ? 1 : 0;
//
// The checks and their codes are listed in check_codes.h. Rows of chat JSONL are checked as they
// stand; other formats in their chat form, and a finding then names the column or value from which
// the message was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "data/distribution.h"
#include "data/duplicate_samples.h"
#include "data/pii.h"
#include "data/prepare.h"
#include "data/report.h"
#include "data/training_text.h"
#include "io/file.h"
#include "text/chat_format.h"

namespace attune::data {

struct CheckOptions {
  ReadOptions read = {};
  Mapping mapping = {};             // known from beside the file; read.map goes before it
  ContractCheck contract = {};      // applied to each row's last answer; may be empty (D022)
  std::string contract_name = {};   // for the message: "order.schema.json"
  const PiiScanner* pii = nullptr;  // must outlive the check; null: not looked for (D037)
  PiiPolicy pii_policy = PiiPolicy::report;
  std::optional<SyntheticMarks> synthetic = {};  // rows that a model wrote, to be counted
  const text::ChatFormat* format = nullptr;      // of the base, for the token checks; may be null
  std::int64_t longest = 0;                      // tokens that training reads of a row; 0: no bound
  // Files that this one must not share questions with (D036) and whose answers should look alike
  // (D041): its test, its validation. Must outlive the check; read with keep_rest.
  std::span<const Dataset> against = {};
  std::string time_column = {};  // when a row is from (D046); empty: a column with a usual name
  std::string tokenizer_fingerprint = {};  // SHA-256 of the base's tokenizer.json, in hex (D045)
  bool near_duplicates = false;            // looked for whatever the size of the file (D035, D036)
  int threads = 0;       // that read rows ahead of their turn; 0: one for each CPU
  bool samples = false;  // keep texts for a page: CheckReport::duplicates and failures
  // Is told every few megabytes up to which byte a pass over a JSONL text has come. There are two
  // passes: one over the encoding, one over the rows.
  std::function<void(std::string_view pass, std::size_t done)> passed = {};
};

// An answer that breaks the contract, cut after some thousand bytes, secrets shown in part.
struct ContractFailure {
  std::string where;
  std::string row;
  std::string answer;
  std::string problem;
};

// Findings of one kind that were counted and not kept (finding_bound.h).
struct MoreFindings {
  std::string code;
  Severity severity = Severity::info;
  std::int64_t count = 0;
  std::int64_t rows = 0;  // of errors: rows of which none is kept and the first is of this kind
};

struct CheckReport {
  // Of each code and severity the first so many findings are kept.
  static constexpr std::int64_t kMostKept = 100000;

  std::string source;
  std::string format;                 // "JSONL", "JSON", "CSV"
  std::vector<std::string> evidence;  // why it was read so
  std::int64_t rows = 0;
  std::int64_t rows_with_errors = 0;
  std::optional<ContractResult> contract;
  std::optional<std::int64_t> synthetic;    // rows that a model wrote; nothing: no marks tell
  std::vector<Distribution> distributions;  // of questions, answers and, with a base, tokens
  // Those of rows in the order of the rows, then those of the file as a whole (line 0 or the line
  // of the first row that they are about).
  std::vector<Finding> findings;
  std::vector<MoreFindings> more;
  // With CheckOptions::samples, the first of each kind.
  std::vector<DuplicateSample> duplicates;
  std::vector<ContractFailure> failures;

  std::int64_t count(Severity severity) const;  // those that were not kept included
};

// Refused (an Error, not a finding): a file that cannot be read, is empty, or is not text at all.
// A path as read_examples() takes it: compressed, "-", described by a dataset_info.json beside it.
Result<CheckReport> check_file(const Path& path, CheckOptions options);
Result<CheckReport> check_training_text(const TrainingText& text, const CheckOptions& options);
Result<CheckReport> check_text(std::string_view text, const std::string& source,
                               const CheckOptions& options);

// The mapping of the dataset_info.json beside the file, for CheckOptions::mapping; an empty one
// when there is none, or the options say how to read.
Result<Mapping> described_mapping(const Path& path, const ReadOptions& options);

}  // namespace attune::data
