#include "data/prepare.h"

#include <gtest/gtest.h>

#include "io/temporary_folder.h"

namespace attune::data {
namespace {

using testing_support::entries_in;
using testing_support::slurp;
using testing_support::TemporaryFolder;

class Prepare : public ::testing::Test {
 protected:
  Result<Prepared> run(std::string_view text, const PrepareOptions& options = {},
                       std::string_view name = "t.csv") {
    return prepare(folder.write(name, text), options);
  }
  std::string error_of(std::string_view text, std::string_view name = "t.csv") {
    const Result<Prepared> prepared = run(text, {}, name);
    return prepared ? "no error" : prepared.error().message();
  }
  TemporaryFolder folder;
};

std::vector<std::string> rules_of(const Prepared& prepared) {
  std::vector<std::string> rules;
  for (const Finding& finding : prepared.report.findings) rules.push_back(finding.rule);
  return rules;
}

TEST_F(Prepare, CountsReadKeptChangedAndDropped) {
  const Result<Prepared> p = run("prompt,completion\nQ1, A1 \nQ2,\nQ1,A1\nQ1,A3\nQ4,A4\nbroken\n");
  ASSERT_TRUE(p) << p.error().message();
  EXPECT_EQ(p->report.rows_read, 6);
  EXPECT_EQ(p->report.rows_kept, 3);
  EXPECT_EQ(p->report.rows_changed, 1);
  EXPECT_EQ(p->report.rows_dropped(), 3);
  EXPECT_EQ(rules_of(*p), (std::vector<std::string>{"broken_row", "outer_space", "empty_answer",
                                                    "duplicate_row", "conflicting_answers"}));
  EXPECT_NE(p->report.findings[3].found.find("t.csv:2"), std::string::npos);
  EXPECT_NE(summary(p->report).find("6 rows read as CSV; 3 kept (1 of them changed), 3 dropped"),
            std::string::npos)
      << summary(p->report);
}

TEST_F(Prepare, EveryRowThatIsNotKeptHasAFindingThatDropsIt) {
  const Result<Prepared> p = run("prompt,completion\nQ1,A1\n,A\nQ,\nx\nQ1,A1\nx,y,z\n");
  ASSERT_TRUE(p);
  std::int64_t dropped = 0;
  for (const Finding& finding : p->report.findings) {
    if (finding.action != Action::dropped) continue;
    ++dropped;
    EXPECT_NE(finding.where.find("t.csv:"), std::string::npos);
  }
  EXPECT_EQ(dropped, p->report.rows_dropped());
}

TEST_F(Prepare, KeepsDuplicatesWhenAsked) {
  const Result<Prepared> p =
      run("prompt,completion\nQ,A\nQ,A\n", {.read = {}, .keep_duplicates = true});
  EXPECT_EQ(p->examples.size(), 2u);
  EXPECT_EQ(rules_of(*p), (std::vector<std::string>{"duplicate_row"}));
}

TEST_F(Prepare, PredictsTheCeilingThatTheDataPutsOnCompliance) {
  PrepareOptions options;
  options.contract = [](std::string_view answer) {
    return answer == "bad" ? std::optional<std::string>("/x: not allowed") : std::nullopt;
  };
  const std::string text = "prompt,completion\nQ1,good\nQ2,bad\nQ3,good\nQ4,good\n";
  const Result<Prepared> p = run(text, options);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->report.contract->checked, 4);
  EXPECT_EQ(p->report.contract->broken, 1);
  EXPECT_DOUBLE_EQ(p->report.contract->ceiling(), 0.75);
  EXPECT_EQ(p->examples.size(), 4u);
  EXPECT_NE(
      summary(p->report).find(
          "1 of 4 answers break the contract: training on them caps format compliance at 75.0 %"),
      std::string::npos);
  EXPECT_NE(p->report.findings.at(0).message().find("t.csv:3 answer: /x: not allowed"),
            std::string::npos);
  options.drop_contract_breakers = true;
  EXPECT_EQ(run(text, options)->examples.size(), 3u);
}

TEST_F(Prepare, RefusesAFileWithoutAUsableRow) {
  EXPECT_NE(error_of("prompt,completion\n").find("there are no rows"), std::string::npos);
  EXPECT_NE(error_of("[]", "t.json").find("there are no rows"), std::string::npos);
  EXPECT_NE(error_of("prompt,completion\nQ,\nQ2,\n,A\n")
                .find("t.csv:2 messages[1].content: nothing but white space; none of the 3 rows is "
                      "usable, 2 of them for this reason"),
            std::string::npos);
  EXPECT_NE(error_of("{\"messages\":[{\"role\":\"user\",\"content\":\"Q\"}]}\n", "t.jsonl")
                .find("no assistant message"),
            std::string::npos);
}

TEST_F(Prepare, WritesRowsThatReadBackTheSame) {
  PrepareOptions options;
  options.read.map = "system=literal:Sort.,user={a}: {b},assistant=json(c,d:integer)";
  const Result<Prepared> p =
      run("a,b,c,d\nx, y,\"q\"\"r\",1\nz,\"two\r\nlines\",\xC3\xA9,2\n", options);
  ASSERT_TRUE(p) << p.error().message();
  const Path out = folder.path() / "new" / "out";
  ASSERT_TRUE(write_prepared(*p, out));
  EXPECT_EQ(entries_in(out), 2);
  EXPECT_EQ(slurp(out / "data.jsonl"),
            "{\"messages\":[{\"role\":\"system\",\"content\":\"Sort.\"},{\"role\":\"user\","
            "\"content\":\"x:  y\"},{\"role\":\"assistant\","
            "\"content\":\"{\\\"c\\\":\\\"q\\\\\\\"r\\\",\\\"d\\\":1}\"}]}\n"
            "{\"messages\":[{\"role\":\"system\",\"content\":\"Sort.\"},{\"role\":\"user\","
            "\"content\":\"z: two\\nlines\"},{\"role\":"
            "\"assistant\",\"content\":\"{\\\"c\\\":\\\"\xC3\xA9\\\",\\\"d\\\":2}\"}]}\n");
  const Result<Prepared> again = prepare(out / "data.jsonl", {});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->report.findings.empty());
  ASSERT_EQ(again->examples.size(), p->examples.size());
  for (std::size_t i = 0; i < again->examples.size(); ++i) {
    EXPECT_EQ(strict_row(again->examples[i]), strict_row(p->examples[i]));
  }
  const Json report = read_json(out / "data_report.json").value();
  EXPECT_EQ(report["version"], 1);
  EXPECT_EQ(report["rows"]["kept"], 2);
  EXPECT_EQ(report["findings"].size(), 1u);
  EXPECT_EQ(report["findings"][0]["rule"], "line_endings");
}

TEST_F(Prepare, LeavesNothingWhereItCannotWrite) {
  const Result<Prepared> p = run("prompt,completion\nQ,A\n");
  const Path file = folder.write("file", "1");
  const Result<void> written = write_prepared(*p, file / "out");
  ASSERT_FALSE(written);
  EXPECT_EQ(exit_code(written.error()), 4);
  EXPECT_EQ(exit_code(run("").error()), 2);
}

}  // namespace
}  // namespace attune::data
