// A part of a report beside its main tables: a table with notes, the same in the terminal,
// report.md and report.html, and its figures under a key of their own in report.json.
//
//   comparison.supplements.push_back(judge_supplement(report));
#pragma once

#include <string>
#include <vector>

#include "io/json.h"
#include "stats/statistics.h"

namespace attune::eval {

struct Supplement {
  std::string key;                                  // member of report.json
  std::string title;                                // "The judge"
  std::vector<std::vector<std::string>> rows = {};  // plain text; the first is the heading
  std::vector<std::string> notes = {};
  Json figures = nullptr;
  std::string drawing = {};  // inline SVG for report.html
};

Json estimate_json(const stats::Estimate& estimate);  // {"value", "low", "high"}

std::string supplement_text(const Supplement& part);
std::string supplement_markdown(const Supplement& part);
std::string supplement_html(const Supplement& part);

}  // namespace attune::eval
