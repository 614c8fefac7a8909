// The measures beside the rates as a grid of texts: a row a measure, a column an arm and one a
// difference. What the terminal, report.md and report.html show in their own dress.
#pragma once

#include <string>
#include <vector>

#include "eval/compare.h"

namespace attune::eval {

struct MeasureGrid {
  std::vector<std::string> head;               // "measure", then arms, then "tuned - zero-shot"
  std::vector<std::vector<std::string>> rows;  // "-" where an arm has no figure
  std::vector<std::string> notes;              // how figures were made, which are better when lower
};

// Without rows where there are no measures.
MeasureGrid measure_grid(const Comparison& comparison);

// "intervals draw the 40 groups of customer whole"; empty without clusters.
std::string cluster_note(const Comparison& comparison);

}  // namespace attune::eval
