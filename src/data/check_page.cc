#include "data/check_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/check_codes.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

std::string severity_title(Severity severity) {
  return severity == Severity::error ? "ERROR" : severity == Severity::warning ? "warning" : "note";
}

std::string example_line(const Finding& finding) {
  std::string text = fmt::format("    {}", finding.where);
  // "row 12" says nothing more than the line; an id of the row's own does.
  if (!finding.row.empty() && !finding.row.starts_with("row "))
    text += fmt::format("  id {}", quote_for_message(finding.row));
  if (!finding.path.empty()) text += fmt::format("  {}", finding.path);
  return text + fmt::format("\n      {}\n", finding.found);
}

std::string group_text(const FindingGroup& group, std::int64_t examples) {
  const auto kept = static_cast<std::int64_t>(group.findings.size());
  const std::int64_t count = kept + group.more;
  std::string text = fmt::format("{} {}  {}{}\n", severity_title(group.severity), group.code,
                                 group.title, count == 1 ? "" : fmt::format("  ({} times)", count));
  const auto shown = std::min(examples, kept);
  for (std::int64_t i = 0; i < shown; ++i) {
    const Finding& finding = *group.findings[static_cast<std::size_t>(i)];
    text += example_line(finding);
    // What was wanted and how to mend it, once where the next one says the same.
    const Finding* next = i + 1 < shown ? group.findings[static_cast<std::size_t>(i + 1)] : nullptr;
    if (next != nullptr && next->wanted == finding.wanted && next->fix == finding.fix) continue;
    if (!finding.wanted.empty()) text += fmt::format("      wanted: {}\n", finding.wanted);
    if (!finding.fix.empty()) text += fmt::format("      fix: {}\n", finding.fix);
  }
  if (count > shown)
    text += fmt::format("    and {} more (--json lists {})\n", count - shown,
                        group.more == 0 ? "all" : fmt::format("the first {}", kept));
  return text;
}

std::string counted(std::int64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace

std::vector<FindingGroup> group_findings(const CheckReport& report) {
  std::vector<FindingGroup> groups;
  for (const Finding& finding : report.findings) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const FindingGroup& known) {
      return known.code == finding.code && known.severity == finding.severity;
    });
    if (group == groups.end()) {
      groups.push_back({.severity = finding.severity,
                        .code = finding.code,
                        .title = check_code(finding.code).title,
                        .findings = {}});
      group = groups.end() - 1;
    }
    group->findings.push_back(&finding);
  }
  for (FindingGroup& group : groups) {
    for (const MoreFindings& kind : report.more) {
      if (kind.code == group.code && kind.severity == group.severity) group.more = kind.count;
    }
  }
  std::stable_sort(groups.begin(), groups.end(), [](const FindingGroup& a, const FindingGroup& b) {
    if (a.severity != b.severity) return a.severity > b.severity;
    return a.code < b.code;
  });
  return groups;
}

std::string check_page(const CheckReport& report, std::int64_t examples) {
  std::string text =
      fmt::format("{}: {} read as {}\n", report.source, counted(report.rows, "row"), report.format);
  for (const std::string& line : report.evidence) text += fmt::format("  {}\n", line);
  for (const FindingGroup& group : group_findings(report))
    text += "\n" + group_text(group, examples);
  text += "\n";
  for (const Distribution& all : report.distributions) {
    if (all.count == 0) continue;
    text += fmt::format("{}: {} to {} {}, half of them up to {}, 95 % up to {}\n", all.name,
                        all.least, all.most, all.unit, all.median, all.p95);
  }
  if (report.synthetic) text += synthetic_line(*report.synthetic, report.rows) + "\n";
  if (report.contract && report.contract->broken == 0)
    text += fmt::format("all {} answers keep the contract\n", report.contract->checked);
  const std::int64_t errors = report.count(Severity::error);
  const std::int64_t warnings = report.count(Severity::warning);
  if (errors == 0) {
    return text + fmt::format("no errors, {}: ready to train\n", counted(warnings, "warning"));
  }
  return text + fmt::format("{} in {} of {}, {}: mend them before training\n",
                            counted(errors, "error"), report.rows_with_errors,
                            counted(report.rows, "row"), counted(warnings, "warning"));
}

Json check_report_json(const CheckReport& report) {
  Json json;
  json["rows"] = report.rows;
  json["findings"] = Json::array();
  for (const Finding& finding : report.findings) {
    std::string message = finding.found;
    if (!finding.wanted.empty()) message += "; wanted " + finding.wanted;
    json["findings"].push_back({{"code", finding.code},
                                {"severity", severity_name(finding.severity)},
                                {"file", report.source},
                                {"line", finding.line},
                                {"column", finding.column},
                                {"row", finding.row},
                                {"path", finding.path},
                                {"message", std::move(message)},
                                {"fix", finding.fix}});
  }
  for (const MoreFindings& kind : report.more) {
    json["more"].push_back(
        {{"code", kind.code}, {"severity", severity_name(kind.severity)}, {"count", kind.count}});
  }
  json["format"] = report.format;
  if (report.synthetic) json["synthetic"] = *report.synthetic;
  return json;
}

}  // namespace attune::data
