// Failures gathered by what broke, and the rows to write next.
#include "eval/explain.h"

#include <gtest/gtest.h>

namespace attune::eval {
namespace {

// Twelve tickets: the tuned arm calls every "stock" "billing", and breaks the format once.
RunRecord tickets() {
  RunRecord record;
  record.subject = "tuned";
  record.contract = *parse_json(
      R"({"type":"object","properties":{"area":{"enum":["billing","stock"]},"customer":{"type":"object",
          "properties":{"name":{"type":"string"}}}},"required":["area","customer"]})",
      "contract");
  record.arms = {{"tuned", {}}};
  for (int i = 0; i < 12; ++i) {
    const std::string name = "N" + std::to_string(i);
    const bool stock = i % 3 == 0;
    const auto answer = [&](const char* area) {
      return std::string("{\"area\":\"") + area + "\",\"customer\":{\"name\":\"" + name + "\"}}";
    };
    record.items.push_back({.id = name,
                            .input = (stock ? "shelf empty " : "invoice wrong ") + name,
                            .reference = answer(stock ? "stock" : "billing")});
    record.arms[0].answers.push_back(
        {.text =
             i == 1 ? "{\"area\":\"misc\",\"customer\":{\"name\":\"N1\"}}" : answer("billing")});
  }
  return record;
}

TEST(Explain, GathersFailuresByWhatBrokeWithClauseConfusionAndNearestRows) {
  const RunRecord record = tickets();
  const std::vector<TrainingRow> rows = {{"t1", "the shelf is empty", R"({"area":"stock"})"},
                                         {"t2", "an invoice", R"({"area":"billing"})"},
                                         {"t3", "another invoice", R"({"area":"billing"})"}};
  const Explanation why = explain(record, *compare_run(record), rows, {.nearest = 1});
  EXPECT_EQ(why.failed, 5);
  ASSERT_EQ(why.groups.size(), 2u);
  const FailureGroup& area = why.groups[0];
  EXPECT_EQ(area.name, "field area");
  EXPECT_EQ(area.items, 5);
  EXPECT_EQ(area.clause, R"({"enum":["billing","stock"]})");
  EXPECT_EQ(area.confusions.front().first, "\"stock\" -> \"billing\"");
  EXPECT_EQ(area.confusions.front().second, 4);
  EXPECT_EQ(area.examples.front().nearest.front().id, "t1");
  EXPECT_EQ(why.groups[1].name, "format /area: enum");
  EXPECT_EQ(why.groups[1].clause, area.clause);
}

TEST(Explain, NextRowsGoWhereItemsFailedAndAreBlankElsewhere) {
  const RunRecord record = tickets();
  const Explanation why =
      explain(record, *compare_run(record), {{"t", "q", R"({"area":"stock"})"}}, {.next_rows = 10});
  ASSERT_EQ(why.next.size(), 2u);
  EXPECT_EQ(why.next[0].field, "area");
  EXPECT_EQ(why.next[0].value, "\"stock\"");
  EXPECT_EQ(why.next[0].count, 8);
  EXPECT_EQ(why.next[0].have, 1);
  EXPECT_EQ(why.next[1].count, 2);
  EXPECT_EQ(to_text(why.next[0].answer), R"({"area":"stock","customer":{"name":"___"}})");
  const std::string lines = next_rows_jsonl(why);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 10);
}

TEST(Explain, NothingFailedSaysSo) {
  RunRecord record = tickets();
  for (std::size_t i = 0; i < record.items.size(); ++i)
    record.arms[0].answers[i].text = record.items[i].reference;
  const Explanation why = explain(record, *compare_run(record), {});
  EXPECT_EQ(why.failed, 0);
  EXPECT_TRUE(why.next.empty());
  EXPECT_EQ(explanation_text(why), "tuned: 0 of 12 items are not wholly right\n\n");
}

}  // namespace
}  // namespace attune::eval
