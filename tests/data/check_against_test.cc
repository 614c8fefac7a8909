// What is said of several files, of a document's facts and of times: D039, D041, D045, D046 beyond
// the library's files.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/check.h"
#include "data/check_facts.h"

namespace attune::data {
namespace {

std::string told_by(const CheckReport& report, std::string_view code) {
  std::string text;
  for (const Finding& finding : report.findings) {
    if (finding.code == code) text += fmt::format("{} {}; ", finding.line, finding.found);
  }
  return text;
}

std::vector<Dataset> other_file(std::string_view text, const std::string& name) {
  return {read_examples_from_text(text, name, {.keep_rest = true}).value()};
}

TEST(FactCheck, SaysWhichFactsTheDocumentLacks) {
  const std::string text =
      R"({"context":"The pump needs 2.1 kW and fits rooms of up to forty square metres, says the manual.",)"
      R"("question":"How much?","answer":"It needs 4.2 kW, says Nordvent."})"
      "\n";
  EXPECT_EQ(told_by(*check_text(text, "t.jsonl", {}), "D038"),
            "1 \"4.2 kW\", \"Nordvent\" do not occur in the document that the prompt supplies; ");
}

TEST(FactCheck, KnowsDocumentsByTheirHeadings) {
  const std::string behind(100, 'x');
  EXPECT_TRUE(has_document_heading("Context: " + behind));
  EXPECT_TRUE(has_document_heading("Answer by this.\n\n### Document 2\n" + behind));
  EXPECT_TRUE(has_document_heading("<context>\n" + behind));
  EXPECT_TRUE(has_document_heading("[Passage 1]\n" + behind));
  EXPECT_FALSE(has_document_heading("Context: none"));
  EXPECT_FALSE(has_document_heading("Document the following function: " + behind));
  EXPECT_FALSE(has_document_heading("In this context we ask: " + behind));
  EXPECT_FALSE(has_document_heading("Contextual " + behind));
}

TEST(FactCheck, IsSilentWhereAnswersAreReckoned) {
  std::string text = "question,answer\n";
  for (int i = 0; i < 60; ++i)
    text += fmt::format("\"Ann has {} pears and buys {}. How many?\",She has {} pears.\n", i + 20,
                        3 * i + 20, 4 * i + 40);
  EXPECT_EQ(told_by(*check_text(text, "t.csv", {}), "D039"), "");
}

TEST(SourceCheck, HoldsTheAnswersOfAnotherFileAgainstThese) {
  std::string mine = "question,answer\n", theirs = mine;
  for (int i = 0; i < 40; ++i) {
    mine += fmt::format("question {},It is as it was before: number {}.\n", i, i);
    theirs += fmt::format("other {},no {}\n", i, i);
  }
  const std::vector<Dataset> others = other_file(theirs, "test.csv");
  const std::string told = told_by(*check_text(mine, "t.csv", {.against = others}), "D041");
  EXPECT_EQ(told.find("0 the answers of test.csv are written differently: "), 0U) << told;
  EXPECT_NE(told.find("100 % beginning with a small letter where of the others 0 % are"),
            std::string::npos)
      << told;
}

TEST(TokenizerCheck, HoldsStatedFingerprintsAgainstTheBase) {
  const std::string text = R"({"input_ids":[1,2],"tokenizer_sha256":"sha256:ABCDEF0123"})"
                           "\n"
                           R"({"input_ids":[1,2],"tokenizer_sha256":"abcdef0124"})"
                           "\n";
  EXPECT_EQ(
      told_by(*check_text(text, "t.jsonl", {.tokenizer_fingerprint = "abcdef012345"}), "D045"),
      "2 tokenizer_sha256 abcdef0124; "
      "2 tokenizer_sha256 abcdef0124, where line 1 has sha256:ABCDEF0123; ");
}

TEST(TimeCheck, HoldsAnySplitToANamedColumn) {
  const std::string text =
      "question,answer,seen,split\n"
      "a?,x,14/06/2024,train\nb?,y,2/6/2024,test\nc?,z,1/6/2024,train\nd?,u,now,train\n";
  EXPECT_EQ(told_by(*check_text(text, "t.csv", {.time_column = "seen"}), "D046"),
            "5 1 rows have no date in \"seen\" (this is the first); "
            "2 1 of 2 training rows are younger than t.csv:3, the oldest test row (this is the "
            "first); ");
  EXPECT_EQ(told_by(*check_text(text, "t.csv", {}), "D046"), "");
}

TEST(TimeCheck, TakesTheTestFromAnotherFile) {
  const std::vector<Dataset> others =
      other_file("question,answer,date\nwho?,x,2024-03-01\n", "test.csv");
  std::string text = "question,answer,date\n";
  for (int i = 1; i <= 20; ++i) text += fmt::format("question {0},answer {0},2024-02-{0:02d}\n", i);
  text += "late?,z,2024-03-02\n";
  EXPECT_EQ(told_by(*check_text(text, "t.csv", {.against = others}), "D046"),
            "22 1 of 21 training rows are younger than test.csv:2, the oldest test row (this is "
            "the first); ");
}

}  // namespace
}  // namespace attune::data
