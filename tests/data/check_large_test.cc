// Files that are large, or full of faults.
#include <algorithm>

#include <gtest/gtest.h>

#include "data/check.h"
#include "data/check_page.h"

namespace attune::data {
namespace {

TEST(CheckLarge, FindingsBeyondTheFirstHundredThousandOfAKindAreCounted) {
  constexpr std::int64_t kRows = CheckReport::kMostKept + 7;
  std::string text;
  for (std::int64_t row = 0; row < kRows; ++row) {
    text += R"({"messages":[{"role":"boss","content":"question )" + std::to_string(row) +
            R"("},{"role":"assistant","content":"yes"}]})" + "\n";
  }
  const CheckReport report = *check_text(text, "a.jsonl", {});
  EXPECT_EQ(report.rows_with_errors, kRows);
  std::int64_t kept = 0;
  for (const Finding& finding : report.findings) kept += finding.code == "D010";
  EXPECT_EQ(kept, CheckReport::kMostKept);
  ASSERT_FALSE(report.more.empty());  // the order of turns is told of as well
  EXPECT_EQ(report.more[0].code, "D010");
  EXPECT_EQ(report.more[0].count, 7);
  EXPECT_EQ(check_report_json(report)["more"][0]["count"], 7);
  EXPECT_NE(check_page(report).find("(100007 times)"), std::string::npos);
}

TEST(CheckLarge, RowsForReinforcementAreNoErrorsHoweverManyThereAre) {
  std::string text;
  for (std::int64_t row = 0; row < CheckReport::kMostKept + 7; ++row) {
    text += R"({"messages":[{"role":"user","content":"question )" + std::to_string(row) +
            R"("}],"right":"yes"})" + "\n";
  }
  const CheckReport report = *check_text(text, "a.jsonl", {});
  EXPECT_EQ(report.count(Severity::error), 0);
  EXPECT_EQ(report.rows_with_errors, 0);
}

TEST(CheckLarge, CopiesAreBoundedLikeOtherFindings) {
  const std::string row =
      R"({"messages":[{"role":"user","content":"the same"},{"role":"assistant","content":"yes"}]})";
  std::string text;
  for (std::int64_t i = 0; i < CheckReport::kMostKept + 8; ++i) text += row + "\n";
  const CheckReport report = *check_text(text, "a.jsonl", {});
  const auto copies = std::count_if(report.findings.begin(), report.findings.end(),
                                    [](const Finding& f) { return f.code == "D035"; });
  EXPECT_EQ(copies, CheckReport::kMostKept);
  ASSERT_EQ(report.more.size(), 1U);
  EXPECT_EQ(report.more[0].count, 7);
}

TEST(CheckLarge, PassesTellHowFarTheyCameWhereverCharactersLie) {
  // Two-byte characters, so that a step of 16 MiB may end inside of one.
  std::string text;
  const std::string line = R"({"messages":[{"role":"user","content":")" + std::string(1, 'x');
  std::string word;
  for (int i = 0; i < 5000; ++i) word += "\xC3\xA9";
  for (int row = 0; text.size() < (std::size_t{34} << 20); ++row) {
    text +=
        line + word + std::to_string(row) + R"("},{"role":"assistant","content":"yes"}]})" + "\n";
  }
  std::vector<std::size_t> reading;
  std::vector<std::size_t> checking;
  CheckOptions options;
  options.passed = [&](std::string_view pass, std::size_t done) {
    (pass == "reading" ? reading : checking).push_back(done);
  };
  const CheckReport report = *check_text(text, "a.jsonl", options);
  EXPECT_EQ(reading.size(), 3U);
  EXPECT_EQ(reading.back(), text.size());
  EXPECT_EQ(checking.size(), 2U);
  for (const Finding& finding : report.findings) EXPECT_NE(finding.code, "D001");
}

}  // namespace
}  // namespace attune::data
