#include "data/finding_bound.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace attune::data {

namespace {

// The place of the finding's kind in CheckReport::more.
std::size_t kind_of(CheckReport& report, const Finding& finding) {
  auto kind = std::find_if(report.more.begin(), report.more.end(), [&](const MoreFindings& known) {
    return known.code == finding.code && known.severity == finding.severity;
  });
  if (kind == report.more.end())
    kind = report.more.insert(kind, {.code = finding.code, .severity = finding.severity});
  return static_cast<std::size_t>(kind - report.more.begin());
}

}  // namespace

void FindingBound::apply(CheckReport& report, std::size_t from) {
  std::vector<Finding>& findings = report.findings;
  std::size_t kept = from;
  for (std::size_t at = from; at < findings.size();) {
    // The findings of one row.
    const std::string row = findings[at].row;
    bool keeps_error = false;
    std::optional<std::size_t> counted;  // the kind of the first error that is not kept
    for (; at < findings.size() && findings[at].row == row; ++at) {
      Finding& finding = findings[at];
      const bool error = finding.severity == Severity::error;
      if (++seen_[{finding.code, finding.severity}] <= CheckReport::kMostKept) {
        keeps_error = keeps_error || error;
        if (kept != at) findings[kept] = std::move(finding);
        ++kept;
        continue;
      }
      const std::size_t kind = kind_of(report, finding);
      ++report.more[kind].count;
      if (error && !counted) counted = kind;
    }
    if (counted && !keeps_error) ++report.more[*counted].rows;
  }
  findings.resize(kept);
}

}  // namespace attune::data
