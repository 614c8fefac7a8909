#include "data/check_duplicates.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/check.h"

namespace attune::data {
namespace {

std::string asked(std::string_view question, std::string_view answer) {
  return fmt::format(
      R"({{"messages":[{{"role":"user","content":"{}"}},{{"role":"assistant","content":"{}"}}]}})"
      "\n",
      question, answer);
}

// "D035 3 found; ..." of the codes that this file is about.
std::string told(const CheckReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    if (finding.code == "D035" || finding.code == "D036")
      text += fmt::format("{} {} {}; ", finding.code, finding.line, finding.found);
  }
  return text;
}

// So many rows that they are compared to the letter only.
std::string many_rows() {
  std::string text;
  for (std::size_t i = 0; i <= DuplicateCheck::kMostCompared; ++i)
    text += asked(fmt::format("question {}", i), fmt::format("answer {}", i));
  return text;
}

TEST(DuplicateCheck, NamesTheLinesOfBothRows) {
  const std::string text = asked("where is it", "here") + asked("why", "so") +
                           asked("Where  is it", "here") + asked("why", "not so");
  EXPECT_EQ(told(*check_text(text, "t.jsonl", {})),
            "D035 3 the same question and answer as t.jsonl:1; "
            "D035 4 the question of t.jsonl:2 with another answer; ");
}

TEST(DuplicateCheck, FindsCopiesToTheLetterInLargeFiles) {
  const std::string text = many_rows() + asked("question 7", "answer 7") +
                           asked("Question 8", "answer 8") + asked("question 9", "another");
  const CheckReport report = check_text(text, "t.jsonl", {}).value();
  EXPECT_EQ(told(report),
            "D035 10002 the same question and answer as t.jsonl:8; "
            "D035 10004 the question of t.jsonl:10 with another answer; ");
  EXPECT_NE(report.evidence.back().find("--duplicates"), std::string::npos);
}

TEST(DuplicateCheck, FindsNearCopiesInLargeFilesWhenAsked) {
  const std::string text = many_rows() + asked("Question 8", "answer 8");
  EXPECT_NE(told(check_text(text, "t.jsonl", {.near_duplicates = true}).value())
                .find("D035 10002 the same question and answer as t.jsonl:9"),
            std::string::npos);
}

TEST(DuplicateCheck, FindsRowsThatAskWhatATestFileAsks) {
  const std::vector<Dataset> tests = {
      read_examples_from_text("question,answer\nHow do I reset my old password?,x\nWhere?,y\n",
                              "test.csv", {})
          .value()};
  const std::string text =
      asked("Where was it?", "a") + asked("how do I reset my old  password", "b");
  EXPECT_EQ(told(*check_text(text, "t.jsonl", {.against = tests})),
            "D036 2 the row asks the same or nearly the same as test.csv:2; "
            "D036 0 1 of 2 rows ask what test.csv asks: a figure measured there is inflated; ");
  const std::string large = many_rows() + asked("Where?", "c");
  EXPECT_EQ(told(*check_text(large, "t.jsonl", {.against = tests})),
            "D036 10002 the row asks the same or nearly the same as test.csv:3; "
            "D036 0 1 of 10002 rows ask what test.csv asks: a figure measured there is inflated; ");
}

TEST(DuplicateCheck, FindsLeaksBetweenThePartsOfALargeFile) {
  std::string text = "question,answer,split\n";
  for (std::size_t i = 0; i <= DuplicateCheck::kMostCompared; ++i)
    text += fmt::format("question {0},answer {0},train\n", i);
  text += "question 5,another answer,test\n";
  EXPECT_EQ(told(*check_text(text, "t.csv", {})),
            "D035 10003 the question of t.csv:7 with another answer; "
            "D036 7 a train row that asks the same as t.csv:10003, a test row; ");
}

TEST(DuplicateCheck, LeavesTheAnswersOfOneRowAlone) {
  const std::string instances =
      R"([{"input":"","output":"a poem"},{"input":"","output":"a song"}])";
  const std::string text =
      fmt::format(R"({{"instruction":"Write something","instances":{}}})", instances) + "\n" +
      R"({"instruction":"Sing","instances":[{"input":"","output":"la"}]})" + "\n";
  EXPECT_EQ(told(*check_text(text, "t.jsonl", {})), "");
}

TEST(DuplicateCheck, KeepsSamplesOfTheGroupsWithSecretsShownInPart) {
  const PiiScanner scanner = PiiScanner::built_in().value();
  const std::string text = asked("write to ann.lee@gmail.com", "done") + asked("why", "so") +
                           asked("Write to ann.lee@gmail.com", "done");
  const CheckReport report =
      check_text(text, "t.jsonl", {.pii = &scanner, .samples = true}).value();
  ASSERT_EQ(report.duplicates.size(), 1U);
  EXPECT_EQ(report.duplicates[0].kind, Likeness::copy);
  EXPECT_EQ(report.duplicates[0].rows[1].where, "t.jsonl:3");
  EXPECT_EQ(report.duplicates[0].rows[1].question.find("ann.lee@"), std::string::npos);
}

}  // namespace
}  // namespace attune::data
