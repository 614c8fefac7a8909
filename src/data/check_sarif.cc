// SARIF 2.1.0 (OASIS): one run, one rule for each code that occurs, one result for each finding.
#include <algorithm>
#include <string_view>

#include "data/check_codes.h"
#include "data/check_page.h"

namespace attune::data {

namespace {

std::string_view sarif_level(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

Json sarif_result(const Finding& finding, const std::string& file, std::size_t rule_index) {
  Json location;
  location["physicalLocation"]["artifactLocation"]["uri"] = file;
  if (finding.line > 0) {
    location["physicalLocation"]["region"] = {
        {"startLine", finding.line}, {"startColumn", std::max<std::int64_t>(finding.column, 1)}};
  }
  if (!finding.path.empty())
    location["logicalLocations"] = Json::array({{{"fullyQualifiedName", finding.path}}});
  std::string text = finding.found;
  if (!finding.wanted.empty()) text += "; wanted " + finding.wanted;
  if (!finding.fix.empty()) text += ". Fix: " + finding.fix;
  return {{"ruleId", finding.code},
          {"ruleIndex", rule_index},
          {"level", sarif_level(finding.severity)},
          {"message", {{"text", std::move(text)}}},
          {"locations", Json::array({std::move(location)})}};
}

}  // namespace

Json check_report_sarif(const CheckReport& report, const std::string& version) {
  std::vector<std::string_view> used;
  Json results = Json::array();
  for (const Finding& finding : report.findings) {
    const auto known = std::find(used.begin(), used.end(), finding.code);
    const auto index = static_cast<std::size_t>(known - used.begin());
    if (known == used.end()) used.push_back(finding.code);
    results.push_back(sarif_result(finding, report.source, index));
  }
  Json rules = Json::array();
  for (const std::string_view code : used) {
    const CheckCode& check = check_code(code);
    rules.push_back(
        {{"id", check.code}, {"name", check.rule}, {"shortDescription", {{"text", check.title}}}});
  }
  Json run;
  run["tool"]["driver"] = {{"name", "attune data check"}, {"version", version}, {"rules", rules}};
  run["columnKind"] = "unicodeCodePoints";
  run["results"] = std::move(results);
  Json sarif;
  sarif["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  sarif["version"] = "2.1.0";
  sarif["runs"] = Json::array({std::move(run)});
  return sarif;
}

}  // namespace attune::data
