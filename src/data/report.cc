#include "data/report.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/synthetic_marks.h"

namespace attune::data {

std::string Finding::message() const {
  const Error error{.kind = ErrorKind::bad_input,
                    .where = path.empty() ? where : where + " " + path,
                    .found = found,
                    .wanted = wanted,
                    .fix = fix};
  return error.message();
}

Finding dropped_row(std::string rule, const Error& error, std::string row) {
  return {.rule = std::move(rule),
          .severity = Severity::error,
          .action = Action::dropped,
          .where = error.where,
          .row = std::move(row),
          .path = {},
          .found = error.found,
          .wanted = error.wanted,
          .fix = error.fix};
}

double ContractResult::ceiling() const {
  return checked == 0 ? 1.0 : static_cast<double>(checked - broken) / static_cast<double>(checked);
}

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "";
}

std::string_view action_name(Action action) {
  switch (action) {
    case Action::kept:
      return "kept";
    case Action::changed:
      return "changed";
    case Action::dropped:
      return "dropped";
  }
  return "";
}

namespace {

// Findings of one rule and action, in the order in which the rules first occur.
struct RuleCount {
  const Finding* first = nullptr;
  std::int64_t count = 0;
};

std::vector<RuleCount> count_rules(const std::vector<Finding>& findings) {
  std::vector<RuleCount> counts;
  for (const Finding& finding : findings) {
    const auto known = std::find_if(counts.begin(), counts.end(), [&](const RuleCount& count) {
      return count.first->rule == finding.rule && count.first->action == finding.action;
    });
    if (known == counts.end()) {
      counts.push_back({.first = &finding, .count = 1});
    } else {
      ++known->count;
    }
  }
  return counts;
}

std::string contract_line(const ContractResult& contract, bool dropped) {
  if (contract.broken == 0)
    return fmt::format("all {} answers keep the contract", contract.checked);
  if (dropped) {
    return fmt::format("{} of {} answers break the contract and were dropped", contract.broken,
                       contract.checked);
  }
  return fmt::format(
      "{} of {} answers break the contract: training on them caps format compliance at {:.1f} %",
      contract.broken, contract.checked, 100.0 * contract.ceiling());
}

}  // namespace

Json to_json(const DataReport& report) {
  Json json;
  json["version"] = 1;
  json["source"] = report.source;
  json["format"] = report.format;
  json["evidence"] = report.evidence;
  json["rows"] = {{"read", report.rows_read},
                  {"kept", report.rows_kept},
                  {"dropped", report.rows_dropped()},
                  {"changed", report.rows_changed}};
  json["rules"] = Json::array();
  for (const RuleCount& count : count_rules(report.findings)) {
    json["rules"].push_back({{"rule", count.first->rule},
                             {"severity", severity_name(count.first->severity)},
                             {"action", action_name(count.first->action)},
                             {"count", count.count},
                             {"first", count.first->where}});
  }
  json["contract"] = nullptr;
  if (report.contract) {
    json["contract"] = {{"checked", report.contract->checked},
                        {"broken", report.contract->broken},
                        {"ceiling", report.contract->ceiling()}};
  }
  json["synthetic"] = report.synthetic ? Json(*report.synthetic) : Json();
  json["findings"] = Json::array();
  for (const Finding& finding : report.findings) {
    json["findings"].push_back({{"rule", finding.rule},
                                {"severity", severity_name(finding.severity)},
                                {"action", action_name(finding.action)},
                                {"where", finding.where},
                                {"row", finding.row},
                                {"path", finding.path},
                                {"found", finding.found},
                                {"wanted", finding.wanted},
                                {"fix", finding.fix}});
  }
  return json;
}

std::string summary(const DataReport& report) {
  std::string text =
      fmt::format("{}: {} rows read as {}; {} kept ({} of them changed), {} dropped\n",
                  report.source, report.rows_read, report.format, report.rows_kept,
                  report.rows_changed, report.rows_dropped());
  for (const std::string& line : report.evidence) text += fmt::format("  {}\n", line);
  for (const RuleCount& count : count_rules(report.findings)) {
    text += fmt::format("  {} {} {} ({}), first {}\n", count.count,
                        action_name(count.first->action), count.first->rule,
                        severity_name(count.first->severity), count.first->message());
  }
  const bool breakers_dropped =
      std::any_of(report.findings.begin(), report.findings.end(), [](const Finding& finding) {
        return finding.rule == "contract_broken" && finding.action == Action::dropped;
      });
  if (report.contract)
    text += fmt::format("  {}\n", contract_line(*report.contract, breakers_dropped));
  if (report.synthetic)
    text += fmt::format("  {}\n", synthetic_line(*report.synthetic, report.rows_kept));
  return text;
}

}  // namespace attune::data
