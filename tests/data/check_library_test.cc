// The library of broken and odd files: each file of tests/data/library has its findings beside it
// in <file>.expected, a line each: "D013 error 2:88 messages[2]" (code, severity, line:column,
// path). <name>.schema.json is the contract of <name>.jsonl; files named clean_... have none.
// D028 (few rows) is left out but in its own files.
#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/check.h"
#include "data/check_codes.h"
#include "data/check_page.h"
#include "grammar/contract.h"
#include "io/file.h"

namespace attune::data {
namespace {

const Path kLibrary = Path(ATTUNE_SOURCE_DIR) / "tests" / "data" / "library";

std::vector<Path> library_files() {
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kLibrary)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".expected") && !name.ends_with(".schema.json"))
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<CheckReport> check_library_file(const Path& file, const PiiScanner& pii) {
  CheckOptions options{.pii = &pii};
  Path schema = file;
  schema.replace_extension(".schema.json");
  if (!std::filesystem::exists(schema)) return check_file(file, options);
  const grammar::Contract contract = grammar::Contract::load(schema).value();
  options.contract = [&](std::string_view answer) -> std::optional<std::string> {
    const grammar::Compliance compliance = contract.check(answer);
    return compliance.ok ? std::nullopt
                         : std::optional<std::string>(compliance.violations.front().message());
  };
  return check_file(file, options);
}

std::string listed(const CheckReport& report, bool with_few_rows) {
  std::string lines;
  for (const Finding& finding : report.findings) {
    if (finding.code == "D028" && !with_few_rows) continue;
    std::string line = fmt::format("{} {} {}:{} {}", finding.code, severity_name(finding.severity),
                                   finding.line, finding.column, finding.path);
    while (line.ends_with(' ')) line.pop_back();
    lines += line + "\n";
  }
  return lines;
}

TEST(CheckLibrary, FindsInEachFileWhatIsWrongAndNothingElse) {
  const PiiScanner pii = PiiScanner::built_in().value();
  for (const Path& file : library_files()) {
    const std::string name = file.filename().string();
    const Result<CheckReport> report = check_library_file(file, pii);
    ASSERT_TRUE(report) << name << ": " << report.error().message();
    const std::string expected = read_file(file.string() + ".expected").value_or("");
    EXPECT_EQ(listed(*report, name.starts_with("d028")), expected) << name;
    EXPECT_EQ(name.starts_with("clean_"), expected.empty()) << name;
  }
}

TEST(CheckLibrary, CoversEveryCode) {
  const PiiScanner pii = PiiScanner::built_in().value();
  std::set<std::string> found;
  for (const Path& file : library_files()) {
    const Result<CheckReport> report = check_library_file(file, pii);
    ASSERT_TRUE(report);
    for (const Finding& finding : report->findings) {
      found.insert(finding.code);
      EXPECT_FALSE(finding.found.empty()) << file;
      EXPECT_TRUE(finding.severity == Severity::info || !finding.fix.empty())
          << file << finding.found;
    }
  }
  // Those that need a base are in check_tokens_test.cc.
  const std::set<std::string_view> with_base = {"D018", "D019", "D025", "D026", "D027", "D043"};
  for (const CheckCode& code : check_codes())
    EXPECT_TRUE(with_base.contains(code.code) || found.contains(std::string(code.code)))
        << code.code;
}

TEST(CheckPage, GroupsTheFindingsAndCountsThem) {
  const Result<CheckReport> report = check_text(
      "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n"
      "{\"id\":\"t-7\",\"messages\":[{\"role\":\"user\",\"content\":\"b\"}]}\n",
      "t.jsonl", {});
  ASSERT_TRUE(report);
  const std::string page = check_page(*report, 1);
  EXPECT_NE(page.find("t.jsonl: 2 rows read as JSONL"), std::string::npos) << page;
  EXPECT_NE(page.find("ERROR D012  a row from which nothing can be learned  (2 times)\n"
                      "    t.jsonl:1:13  messages\n"
                      "      nothing to learn: no assistant message\n"
                      "      wanted: an answer\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("and 1 more"), std::string::npos) << page;
  EXPECT_NE(page.find("3 errors in 2 of 2 rows, 0 warnings: mend them before training"),
            std::string::npos)
      << page;
}

TEST(CheckReportJson, HasTheKeysThatProgramsRead) {
  const Result<CheckReport> report = check_text("{}\n[]\n", "t.jsonl", {});
  ASSERT_TRUE(report);
  const Json json = check_report_json(*report);
  std::vector<std::string> keys;
  for (const auto& [key, ignored] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"rows", "findings", "format"}));
  keys.clear();
  for (const auto& [key, ignored] : json["findings"][0].items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"code", "severity", "file", "line", "column", "row",
                                            "path", "message", "fix"}));
  EXPECT_EQ(json["rows"], 2);
  EXPECT_EQ(json["findings"][1]["code"], "D006");
  EXPECT_EQ(json["findings"][1]["line"], 2);
}

TEST(CheckReportSarif, NamesRulesLevelsAndRegions) {
  const Result<CheckReport> report = check_text("{}\n[]\n", "t.jsonl", {});
  ASSERT_TRUE(report);
  const Json run = check_report_sarif(*report, "1")["runs"][0];
  EXPECT_EQ(run["tool"]["driver"]["rules"][0]["id"], "D007");
  const Json result = run["results"][1];
  EXPECT_EQ(result["ruleId"], "D006");
  EXPECT_EQ(result["level"], "error");
  EXPECT_EQ(result["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
}

TEST(CheckFile, PredictsTheCeilingOfTheContract) {
  CheckOptions options;
  options.contract = [](std::string_view answer) {
    return answer == "bad" ? std::optional<std::string>("not allowed") : std::nullopt;
  };
  options.contract_name = "order.json";
  const Result<CheckReport> report =
      check_text("prompt,completion\na,good\nb,bad\nc,good\nd,good\n", "t.csv", options);
  ASSERT_TRUE(report);
  EXPECT_NE(
      report->findings.back().found.find(
          "1 of 4 answers break order.json: training on them caps format compliance at 75.0 %"),
      std::string::npos);
}

TEST(CheckFile, RefusesWhatIsNotText) {
  EXPECT_FALSE(check_text("", "t.jsonl", {}));
  EXPECT_FALSE(check_text(" \n", "t.jsonl", {}));
  EXPECT_FALSE(check_text("PK\x03\x04zip", "t.jsonl", {}));
  EXPECT_FALSE(check_file("/nowhere/t.jsonl", {}));
}

}  // namespace
}  // namespace attune::data
