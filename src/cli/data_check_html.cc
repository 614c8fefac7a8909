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
:root{color-scheme:light dark;--line:#8884;--bad:#c62828;--warn:#b26a00;--bar:#3b6ea5}
@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--warn:#ffb74d;--bar:#7fb0e0}}
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
.number{text-align:right}code{font-size:.9em;overflow-wrap:anywhere}
.error{color:var(--bad)}.warning{color:var(--warn)}
details{border-top:1px solid var(--line);padding:.5rem 0}summary{cursor:pointer}
svg{width:100%;height:auto;fill:var(--bar)}svg text{font-size:11px;fill:currentColor;opacity:.75}
.axis{stroke:var(--line)}
ins{background:#4caf5040;text-decoration:none}del{background:#f4433640}
pre,dd{white-space:pre-wrap;overflow-wrap:anywhere}dt{opacity:.75}dd{margin:0 0 .5rem 1rem}
td{overflow-wrap:anywhere}.note{opacity:.75;font-weight:normal}
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
  const std::string title = escape("Check of " + report.source);
  std::string out = fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"><title>{0}</title><style>{1}</style>"
      "</head><body><h1>{0}</h1><p>{2} rows read as {3}. <span class=\"{4}\">{5} errors</span> in "
      "{6} "
      "rows, {7} warnings, {8} notes.</p><ul>",
      title, kStyle, report.rows, escape(report.format), errors > 0 ? "error" : "", errors,
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
  return out + "</body></html>\n";
}

}  // namespace attune::cli
