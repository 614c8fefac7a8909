// An advice for a terminal, for programs and for a browser.
//
//   fmt::print("{}", advice_text(advice));
//   fmt::print("{}\n", to_text(advice_json(advice)));       // docs/advise.md describes it
//   ATTUNE_TRY_VOID(write_file_atomic("advice.html", advice_html(advice)));
//
// The page is one file without outside parts, as the report of eval/report.h is.
#pragma once

#include <string>
#include <vector>

#include "advise/advice.h"
#include "eval/svg_plot.h"
#include "io/json.h"

namespace attune::advise {

inline constexpr int kAdviceVersion = 1;

std::string advice_text(const Advice& advice);
Json advice_json(const Advice& advice);
std::string advice_html(const Advice& advice);

// What the text and the browser's page share.
struct PageTable {
  std::string title;
  std::vector<std::vector<std::string>> rows;  // the first is the heading
  std::string note = {};
};
PageTable costs_table(const Advice& advice);
PageTable path_table(const Advice& advice);
// Of the inputs that somebody gave or measured, or of those that were assumed.
PageTable flips_table(const Advice& advice, bool assumed);
PageTable choices_table(const Advice& advice);
PageTable thresholds_table(const Advice& advice);
PageTable draws_table(const Advice& advice);
PageTable prices_table(const Advice& advice);  // empty rows: no price list was used
std::vector<std::string> evidence_lines(const Advice& advice);
std::string verdict_shares(const Advice& advice);  // "fine_tune 71 %, do_nothing 29 %"

// Cost over time of the arms that matter, from the first day on.
std::string cost_plot(const Advice& advice);

}  // namespace attune::advise
