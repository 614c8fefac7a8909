#include "data/duplicates.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/example_texts.h"
#include "data/word_difference.h"

namespace attune::data {
namespace {

std::vector<Example> rows_of(const std::vector<std::array<std::string, 2>>& texts,
                             const std::string& system = "") {
  std::vector<Example> rows;
  for (const auto& [question, answer] : texts) {
    Example row;
    row.messages = Json::array();
    if (!system.empty()) row.messages.push_back({{"role", "system"}, {"content", system}});
    row.messages.push_back({{"role", "user"}, {"content", question}});
    row.messages.push_back({{"role", "assistant"}, {"content", answer}});
    row.source = "t.csv";
    row.line = std::ssize(rows) + 2;
    row.id = fmt::format("row {}", rows.size() + 1);
    rows.push_back(std::move(row));
  }
  return rows;
}

DuplicateReport find(const std::vector<Example>& rows, const DuplicateOptions& options = {}) {
  ThreadPool pool(2);
  return find_duplicates(rows, options, pool);
}

// "copy 0,1 | conflict 2,4"
std::string groups_of(const DuplicateReport& report) {
  std::string text;
  for (const DuplicateGroup& group : report.groups) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " | ", likeness_name(group.kind),
                        fmt::join(group.rows, ","));
  }
  return text;
}

const std::string kLong =
    "The parcel left our warehouse on Monday and will be with you before the end of the week; "
    "please "
    "keep the box, because the courier takes it back. If it does not come, write to us and we send "
    "another one at once, without any charge and without a form to fill in.";

TEST(Duplicates, TellsCopiesConflictsAndNearQuestionsApart) {
  const std::vector<Example> rows = rows_of({
      {"Where is the parcel that I ordered last week?", "On its way."},
      {"where  is the parcel that I ordered last week?", "on its way."},
      {"How do I change my password on the site?", "In the settings."},
      {"Where is the parcel that I ordered last weeks?", "Lost."},
      {"How do I change my password on the site?", "Ask the desk."},
      {"Is there a discount for students?", "Yes."},
  });
  const DuplicateReport report = find(rows);
  EXPECT_EQ(groups_of(report), "copy 0,1 | conflict 2,4 | near_question 0,1,3");
  EXPECT_EQ(report.dropped, (std::vector<std::int64_t>{1}));
}

TEST(Duplicates, CountsAnotherLabelAsAnotherExample) {
  const std::string ticket = kLong + " My printer does not print.";
  EXPECT_EQ(groups_of(find(rows_of({{ticket, R"({"priority":"high"})"},
                                    {ticket + "!", R"({"priority":"high"})"},
                                    {ticket + "?", R"({"priority":"low"})"},
                                    {"Something else entirely, about the bill", "{}"}}))),
            "near_copy 0,1 | near_question 0,1,2");
  EXPECT_EQ(groups_of(find(rows_of({{"Where is my parcel, please?", kLong},
                                    {"Where is my parcel, please", kLong + " Regards."}}))),
            "near_copy 0,1");
}

TEST(Duplicates, DoesNotTakeOneAnswerToManyQuestionsForCopies) {
  EXPECT_EQ(groups_of(find(rows_of({{"May I smoke?", kLong}, {"Who won the cup?", kLong}}))), "");
}

TEST(Duplicates, KeepsTheLongestOfACluster) {
  const DuplicateReport report =
      find(rows_of({{kLong, "yes"}, {kLong + " Thanks!", "yes"}, {kLong, "yes"}}));
  EXPECT_EQ(report.dropped, (std::vector<std::int64_t>{0, 2}));
}

TEST(Duplicates, IgnoresInstructionsThatAllRowsShare) {
  std::vector<std::array<std::string, 2>> texts;
  for (const char* word : {"apple", "bridge", "candle", "dragon", "engine", "forest"})
    texts.push_back({kLong + "\n" + word + " " + word + word, word});
  EXPECT_EQ(groups_of(find(rows_of(texts, kLong))), "");
  // A system message of each row's own is what it asks.
  std::vector<Example> own;
  for (const auto& [question, answer] : texts)
    own.push_back(rows_of({{"Summarise.", answer}}, question)[0]);
  EXPECT_EQ(groups_of(find(own)), "");
}

TEST(Duplicates, KeepsTheSamePromptUnderOtherToolsOrInstructionsApart) {
  std::vector<Example> rows = rows_of({{"Where is it?", "a"}, {"Where is it?", "b"}});
  rows[0].tools = Json::array({{{"type", "function"}}});
  EXPECT_EQ(groups_of(find(rows)), "");
}

TEST(Duplicates, SeesFillingsOfOneTemplate) {
  EXPECT_EQ(
      groups_of(find(rows_of(
          {{"Please ship order 1 to Anna Bell by 3 May", "1"},
           {"Please ship order 99120134 to Christopher Montgomery by 12 December 2025", "99120134"},
           {"What is the opening time on Sunday then?", "9"}}))),
      "filling 0,1");
  EXPECT_EQ(skeleton("Send 3 boxes to Anna. They must come"), "send # boxes to @ they must come");
  EXPECT_EQ(skeleton("Is Anna 3?"), "");
}

TEST(Duplicates, ComparesRowsWithoutAQuestionByTheirText) {
  std::vector<Example> rows = rows_of({{"", kLong}, {"", kLong + " Bye."}, {"", "Short."}});
  for (Example& row : rows) row.messages.erase(row.messages.begin());
  EXPECT_EQ(groups_of(find(rows)), "near_copy 0,1");
}

TEST(Duplicates, FindingsNameTheOtherRowAndLeaksBetweenParts) {
  std::vector<Example> rows = rows_of({{"Where is the parcel that I ordered?", "a"},
                                       {"Where is the parcel that I ordered", "b"},
                                       {"Something else?", "c"},
                                       {"Something else?", "c"}});
  rows[0].split = "train";
  rows[1].split = "test";
  const std::vector<Finding> findings = duplicate_findings(rows, find(rows));
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].code, "D035");
  EXPECT_TRUE(findings[0].message().starts_with("t.csv:5: the same question and answer as t.csv:4"))
      << findings[0].message();
  EXPECT_EQ(findings[1].rule, "near_duplicate_question");
  EXPECT_EQ(findings[2].code, "D036");
  EXPECT_EQ(findings[2].where, "t.csv:2");
  EXPECT_NE(findings[2].found.find("t.csv:3, a test row"), std::string::npos);
}

TEST(Duplicates, ThePageShowsTheDifferences) {
  const std::vector<Example> rows = rows_of({{"My old printer does not print any more", "call"},
                                             {"My old printer does not print any page", "wait"}});
  const std::string page = duplicate_page(rows, find(rows, {.question_threshold = 0.7}), 5);
  EXPECT_NE(page.find("asked: ... old printer does not print any [-more-]{+page+}"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("answer: [-call-]{+wait+}"), std::string::npos) << page;
  const Json json = to_json(rows, find(rows, {.question_threshold = 0.7}));
  EXPECT_EQ(json["groups"][0]["kind"], "near_question");
  EXPECT_EQ(json["groups"][0]["rows"][1]["where"], "t.csv:3");
}

TEST(Duplicates, SurvivesRowsOfAnyShape) {
  std::vector<Example> rows(3);
  rows[0].messages = Json::array();
  rows[1].messages = Json::array({Json{{"role", "user"}}, Json{{"content", nullptr}}});
  EXPECT_EQ(groups_of(find(rows)), "");
  EXPECT_EQ(groups_of(find({})), "");
}

TEST(WordDifference, MarksWordsAndCutsWhatIsEqual) {
  EXPECT_EQ(marked_difference("Reset my printer now", "Reset my scanner now"),
            "Reset my [-printer-]{+scanner+} now");
  EXPECT_EQ(marked_difference("a b c d e f", "a b c d e x", 2), "... d e [-f-]{+x+}");
  EXPECT_EQ(marked_difference("a b", "a  b c d"), "a b {+c d+}");
  EXPECT_EQ(marked_difference("same", "same"), "...");
  EXPECT_EQ(marked_difference("", ""), "");
  EXPECT_EQ(marked_difference("", "new"), "{+new+}");
  EXPECT_EQ(marked_difference("x a b y", "z a b w", 1), "[-x-]{+z+} a b [-y-]{+w+}");
}

TEST(WordDifference, OnlyCutsVeryLongDifferences) {
  std::string before, after;
  for (int i = 0; i < 3000; ++i) {
    before += fmt::format("b{} ", i);
    after += fmt::format("a{} ", i);
  }
  const std::string marked = marked_difference(before, after);
  EXPECT_LT(marked.size(), 200u);
  EXPECT_TRUE(marked.starts_with("[-b0 b1"));
}

}  // namespace
}  // namespace attune::data
