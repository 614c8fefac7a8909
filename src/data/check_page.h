// The report of `attune data check`: a page for people, JSON and SARIF for machines.
//
// JSON: {"rows", "findings":[{"code","severity","file","line","column","row","path","message",
// "fix"}], "format"}, and "synthetic" where marks tell which rows a model wrote. line and column
// are from 1, and 0 where a finding is about the whole file. "more":[{"code","severity","count"}]
// is there when findings were counted and not kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/check.h"
#include "io/json.h"

namespace attune::data {

struct FindingGroup {
  Severity severity = Severity::info;
  std::string_view code;
  std::string_view title;
  std::vector<const Finding*> findings;
  std::int64_t more = 0;  // that were counted and not kept
};
// By code and severity: errors first, then in the order of the codes. The report must outlive it.
std::vector<FindingGroup> group_findings(const CheckReport& report);

// Findings in groups of one code, errors first; of each group the first `examples` with place and
// words, and how many more there are.
std::string check_page(const CheckReport& report, std::int64_t examples = 3);

Json check_report_json(const CheckReport& report);

// SARIF 2.1.0, as code hosts show it beside the lines. `version` is the program's.
Json check_report_sarif(const CheckReport& report, const std::string& version);

}  // namespace attune::data
