#include "cli/data_check_html.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/data_check_drawings.h"
#include "data/check_page.h"
#include "eval/html.h"

namespace attune::cli {

namespace {

using data::Finding;
using data::Severity;
using eval::escape;

constexpr std::string_view kStyle = R"css(
main>h2{margin-top:32px}.number{text-align:right}
.error{color:var(--bad)}.warning{color:var(--warn)}
details{border-top:1px solid var(--line);padding:8px 0}summary{cursor:pointer}
svg{fill:var(--accent)}svg text{font-size:11px;fill:currentColor;opacity:.75}
.axis{stroke:var(--line)}
code{overflow-wrap:anywhere}dd{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 8px 16px}dt{color:var(--soft)}
td{overflow-wrap:anywhere}.note{font-weight:normal}
)css";

constexpr std::size_t kMostShown = 100;

std::string group_html(const data::FindingGroup& group) {
  const std::size_t kept = group.findings.size();
  const std::size_t count = kept + static_cast<std::size_t>(group.more);
  std::string out = fmt::format(
      "<details{}><summary><span class=\"{}\">{} {}</span> {} <span "
      "class=\"note\">({})</span></summary>"
      "<table><tr><th>place</th><th>row</th><th>found</th><th>wanted</th><th>fix</th></tr>",
      group.severity == Severity::error ? " open" : "", data::severity_name(group.severity),
      data::severity_name(group.severity), group.code, escape(group.title), count);
  for (std::size_t i = 0; i < std::min(kept, kMostShown); ++i) {
    const Finding& finding = *group.findings[i];
    const std::string place =
        finding.line == 0 ? "file" : fmt::format("{}:{}", finding.line, finding.column);
    out += fmt::format(
        "<tr><td>{}<br><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        place, escape(finding.path), escape(finding.row), escape(finding.found),
        escape(finding.wanted), escape(finding.fix));
  }
  out += "</table>";
  if (count > kMostShown)
    out += fmt::format("<p class=\"note\">and {} more</p>", count - kMostShown);
  return out + "</details>";
}

}  // namespace

std::string check_html(const data::CheckReport& report, const std::vector<data::Mend>& mends) {
  const std::int64_t errors = report.count(Severity::error);
  std::string out = fmt::format(
      "<p>{} rows read as {}. <span class=\"{}\">{} errors</span> in {} rows, {} warnings, {} "
      "notes.</p><ul>",
      report.rows, escape(report.format), errors > 0 ? "error" : "", errors,
      report.rows_with_errors, report.count(Severity::warning), report.count(Severity::info));
  for (const std::string& line : report.evidence) out += fmt::format("<li>{}</li>", escape(line));
  out += "</ul>";
  if (report.contract) {
    out += fmt::format(
        "<p>Contract: {} of {} answers keep it; compliance after training is capped at "
        "{:.1f} %.</p>",
        report.contract->checked - report.contract->broken, report.contract->checked,
        100.0 * report.contract->ceiling());
  }
  if (report.synthetic)
    out += fmt::format("<p>{}.</p>", data::synthetic_line(*report.synthetic, report.rows));
  out += "<h2>Findings</h2>";
  for (const data::FindingGroup& group : data::group_findings(report)) out += group_html(group);
  out += failures_html(report.failures);
  out += duplicates_html(report.duplicates);
  out += mends_html(mends);
  for (const data::Distribution& distribution : report.distributions)
    out += distribution_html(distribution);
  return eval::html_page("Check of " + report.source, "", out, "", kStyle);
}

}  // namespace attune::cli
