// What a learning curve is drawn from: rows to train on, rows to answer and how they are scored.
// From one file of examples that is divided, or from a suite, whose `examples` are trained on and
// whose `data` is answered.
#pragma once

#include <string>
#include <vector>

#include "cli/tune.h"
#include "eval/arms.h"
#include "eval/measures.h"

namespace attune::cli {

struct CurveRows {
  std::vector<data::Example> examples;
  data::Split split;              // train and test
  std::vector<eval::Item> items;  // the test rows, in the order of split.test
  eval::MeasurePlan measures = {};
  std::optional<grammar::Contract> contract = {};
  std::string fingerprint;  // of the files
};

// "suite.yaml" and its like; a .json file is data.
bool names_suite(const std::string& file);

// `most_items`: of the test rows, evenly spread. A suite sets the longest answer where
// `longest_is_given` is false, and the model where none is named. Refused: a suite without examples
// or data, or of an OpenAI eval; a contract beside a suite.
Result<CurveRows> read_curve_rows(TuneOptions& options, const std::vector<std::string>& metrics,
                                  std::int64_t most_items, bool longest_is_given);

}  // namespace attune::cli
