// What `attune data select` and `attune data suspects` share: the rows that may be trained on, and
// what a model makes of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/data_options.h"
#include "cli/options.h"
#include "data/enum_coverage.h"
#include "data/prepare.h"
#include "infer/row_scores.h"

namespace attune::cli {

struct CuratedRows {
  data::Prepared prepared;
  std::vector<std::int64_t> candidates;  // rows of the training part, or of no part; rising
  std::vector<std::string> answers;      // of each candidate
  std::vector<std::string> questions;    // as example_texts.h compares them
  std::optional<std::vector<data::EnumField>> enums;  // with a contract

  const data::Example& example(std::size_t candidate) const {
    return prepared.examples[static_cast<std::size_t>(candidates[candidate])];
  }
};
Result<CuratedRows> read_rows_to_curate(const DataOptions& options);

// Losses of each candidate's last answer after its question, with the state of the question where
// asked. A row that the template refuses has no loss. Progress goes to standard error unless quiet.
std::vector<infer::RowMeasure> measure_answers(const kernels::Context& context,
                                               const model::Model& model,
                                               const text::ChatFormat& format,
                                               const CuratedRows& rows, bool states, bool quiet);
// The same after an empty question.
std::vector<infer::RowMeasure> measure_answers_alone(const kernels::Context& context,
                                                     const model::Model& model,
                                                     const text::ChatFormat& format,
                                                     const CuratedRows& rows, bool quiet);

// How many of the contract's values occur, and how often each; missing ones are marked.
std::string coverage_text(const data::EnumCoverage& coverage);

inline Json json_number(std::optional<double> value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace attune::cli
