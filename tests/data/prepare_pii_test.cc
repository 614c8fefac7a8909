#include <gtest/gtest.h>

#include "data/prepare.h"
#include "io/temporary_folder.h"

namespace attune::data {
namespace {

using testing_support::TemporaryFolder;

Result<Prepared> prepared(PiiPolicy policy) {
  static const PiiScanner kScanner = PiiScanner::built_in().value();
  TemporaryFolder folder;
  PrepareOptions options;
  options.pii = &kScanner;
  options.pii_policy = policy;
  return prepare(folder.write("t.csv",
                              "prompt,completion\n"
                              "I am ann@acme.org,Thank you ann@acme.org\n"
                              "Tea?,Yes\n"),
                 options);
}

std::string all_text(const Prepared& rows) {
  std::string text = to_text(to_json(rows.report));
  for (const Example& example : rows.examples) text += strict_row(example);
  return text;
}

TEST(PreparePii, TellsWhatItFindsAndKeepsIt) {
  const Result<Prepared> rows = prepared(PiiPolicy::report);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->examples.size(), 2u);
  ASSERT_EQ(rows->report.findings.size(), 2u);
  EXPECT_EQ(rows->report.findings[1].message(),
            rows->report.findings[1].where +
                " messages[1].content: an e-mail address: an...rg (12 characters); wanted text "
                "without it. Fix: --pii mask replaces such values, --pii drop leaves the rows out");
}

TEST(PreparePii, MasksTheSameValueTheSameInAWholeRow) {
  const Result<Prepared> rows = prepared(PiiPolicy::mask);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->examples[0].messages[0]["content"], "I am <EMAIL_1>");
  EXPECT_EQ(rows->examples[0].messages[1]["content"], "Thank you <EMAIL_1>");
  EXPECT_EQ(rows->report.rows_changed, 1);
  EXPECT_EQ(all_text(*rows).find("ann@"), std::string::npos);
}

TEST(PreparePii, LeavesRowsOutWithAFindingEach) {
  const Result<Prepared> rows = prepared(PiiPolicy::drop);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->examples.size(), 1u);
  EXPECT_EQ(rows->report.rows_dropped(), 1);
  ASSERT_EQ(rows->report.findings.size(), 1u);
  EXPECT_EQ(rows->report.findings[0].action, Action::dropped);
}

TEST(PreparePii, RefusesTheFileWhenAskedTo) {
  const Result<Prepared> rows = prepared(PiiPolicy::fail);
  ASSERT_FALSE(rows);
  EXPECT_NE(rows.error().message().find("2 texts hold secrets or personal data"),
            std::string::npos);
  EXPECT_EQ(rows.error().message().find("ann@"), std::string::npos);
  EXPECT_TRUE(prepared(PiiPolicy::allow)->report.findings.empty());
}

}  // namespace
}  // namespace attune::data
