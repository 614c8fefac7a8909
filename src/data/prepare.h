// The first stage whole: a file of raw examples becomes strict chat rows and a report of everything
// that was found.
//
//   ATTUNE_TRY(Prepared prepared, prepare("tickets.csv", {.read = {.map = "..."}, .contract =
//   check})); fmt::print("{}", summary(prepared.report)); ATTUNE_TRY_VOID(write_prepared(prepared,
//   "out"));   // out/data.jsonl and out/data_report.json
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "data/normalise.h"
#include "data/pii.h"
#include "data/report.h"
#include "data/synthetic_marks.h"
#include "io/file.h"

namespace attune::data {

// What is wrong with an answer under the contract, in words; nothing when it keeps it.
using ContractCheck = std::function<std::optional<std::string>(std::string_view answer)>;

struct PrepareOptions {
  ReadOptions read = {};
  NormaliseOptions normalise = {};
  bool keep_duplicates = false;
  ContractCheck contract = {};          // applied to each row's last answer; may be empty
  bool drop_contract_breakers = false;  // else they stay, and the report says what they cost
  const PiiScanner* pii = nullptr;      // must outlive the call; null: not looked for
  PiiPolicy pii_policy = PiiPolicy::report;
  std::optional<SyntheticMarks> synthetic = {};  // rows that a model wrote, to be counted
};

struct Prepared {
  std::vector<Example> examples;
  DataReport report;
  SyntheticMarks synthetic;  // of the examples, as they now are
};

// Refuses what read_examples() refuses, a file in which no row is usable (with the commonest
// reason and its first place), and under PiiPolicy::fail one with secrets or personal data.
Result<Prepared> prepare(const Path& path, const PrepareOptions& options);

// The same for examples that were read before.
Result<Prepared> prepare_dataset(Dataset dataset, const std::string& source,
                                 const PrepareOptions& options);

// {"messages":[...],"tools":[...]} without a line end; other kinds of rows in the OpenAI format of
// their training method (write_formats.h).
std::string strict_row(const Example& example);

// Writes data.jsonl and data_report.json into `folder`, each whole or not at all, and
// synthetic.json where there are synthetic rows.
Result<void> write_prepared(const Prepared& prepared, const Path& folder);

}  // namespace attune::data
