// What `attune data select` was told and what it chose, for its report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/curation.h"
#include "data/selection.h"
#include "data/split.h"

namespace attune::cli {

struct SelectCommand {
  DataOptions data;
  ModelOptions model;
  std::string out, method = "combined", vectors = "model";
  std::int64_t keep = 0;
  std::int64_t clusters = 0;
  std::uint64_t seed = 0;
  bool json = false;
};

struct Selected {
  CuratedRows rows;
  std::vector<data::CandidateRow> candidates;
  data::Ranking ranking;
  std::vector<data::SelectionSummary> table;   // the choice first, then the simple ones, then all
  std::optional<data::EnumCoverage> coverage;  // of the choice
};

// select_report.json (docs/curation.md): every row of the file, kept or not, and why.
Json select_report(const Selected& selected, const SelectCommand& options);
// The table for people.
void print_select_page(const Selected& selected, const SelectCommand& options);

}  // namespace attune::cli
