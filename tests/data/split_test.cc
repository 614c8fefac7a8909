#include "data/split.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "data/clean_text.h"

namespace attune::data {
namespace {

Example row(const std::string& question, const std::string& answer, const std::string& split = "",
            const std::string& system = "") {
  Example e;
  e.messages = Json::array();
  if (!system.empty()) e.messages.push_back({{"role", "system"}, {"content", system}});
  e.messages.push_back({{"role", "user"}, {"content", question}});
  e.messages.push_back({{"role", "assistant"}, {"content", answer}});
  e.source = "t.csv";
  e.split = split;
  return e;
}

std::vector<Example> distinct_rows(int count) {
  std::vector<Example> rows;
  for (int i = 0; i < count; ++i) {
    rows.push_back(row(fmt::format("question {}", i), fmt::format("answer {}", i % 7)));
    rows.back().line = i + 2;
    rows.back().id = fmt::format("row {}", i + 1);
  }
  return rows;
}

std::vector<int> parts_of(const Split& split, std::size_t rows) {
  std::vector<int> part(rows, -1);
  int number = 0;
  for (const auto* list : {&split.train, &split.validation, &split.test, &split.unused}) {
    EXPECT_TRUE(std::is_sorted(list->begin(), list->end()));
    for (const std::int64_t i : *list) {
      EXPECT_EQ(part[static_cast<std::size_t>(i)], -1) << "row " << i << " twice";
      part[static_cast<std::size_t>(i)] = number;
    }
    ++number;
  }
  EXPECT_EQ(std::count(part.begin(), part.end(), -1), 0);
  return part;
}

TEST(Split, FollowsTheShares) {
  const std::vector<Example> rows = distinct_rows(4000);
  const Split split = split_examples(rows, {.validation = 0.1, .test = 0.2}).value();
  parts_of(split, rows.size());
  EXPECT_NEAR(static_cast<double>(split.test.size()), 800, 100);
  EXPECT_NEAR(static_cast<double>(split.validation.size()), 400, 80);
  EXPECT_EQ(split.grouped_by, "first user turn");
}

TEST(Split, GivesExactCounts) {
  const std::vector<Example> rows = distinct_rows(1200);
  const Split split =
      split_examples(rows, {.validation_rows = 50, .test_rows = 300, .most_train_rows = 500})
          .value();
  parts_of(split, rows.size());
  EXPECT_EQ(split.test.size(), 300u);
  EXPECT_EQ(split.validation.size(), 50u);
  EXPECT_EQ(split.train.size(), 500u);
  EXPECT_EQ(split.unused.size(), 350u);
}

TEST(Split, MovesNoRowWhenRowsAreAppended) {
  std::vector<Example> rows = distinct_rows(300);
  const std::vector<int> before = parts_of(split_examples(rows, {}).value(), rows.size());
  for (const Example& extra : distinct_rows(900))
    rows.push_back(row(extra.messages[0]["content"].get<std::string>() + "!", "x"));
  const std::vector<int> after = parts_of(split_examples(rows, {}).value(), rows.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
}

TEST(Split, DoesNotDependOnTheOrderOfRowsButOnTheSeed) {
  std::vector<Example> rows = distinct_rows(500);
  const std::vector<int> forward =
      parts_of(split_examples(rows, {.most_train_rows = 200}).value(), rows.size());
  EXPECT_NE(forward, parts_of(split_examples(rows, {.most_train_rows = 200, .seed = 1}).value(),
                              rows.size()));
  std::reverse(rows.begin(), rows.end());
  std::vector<int> backward =
      parts_of(split_examples(rows, {.most_train_rows = 200}).value(), rows.size());
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(forward, backward);
}

// Brute force over random collections with many repeats: no two parts share a question.
TEST(Split, NeverPutsOneQuestionOnTwoSides) {
  const RandomStream stream{.seed = 11, .stream = stream_id("split"), .step = 0};
  std::uint64_t index = 0;
  const std::vector<std::string> variants = {"question {}", "Question  {}", " QUESTION {}\n",
                                             "question\t{}"};
  for (int round = 0; round < 200; ++round) {
    std::vector<Example> rows;
    const std::uint64_t different = 5 + stream.below(index++, 40);
    for (std::uint64_t n = 20 + stream.below(index++, 60); n > 0; --n) {
      const std::string& form = variants[stream.below(index++, variants.size())];
      const std::string part =
          round % 2 == 0
              ? ""
              : std::vector<std::string>{"", "train", "val", "Test"}[stream.below(index++, 4)];
      const std::uint64_t question = stream.below(index++, different);
      const std::uint64_t answer = stream.below(index++, 2);
      rows.push_back(
          row(fmt::format(fmt::runtime(form), question), fmt::format("answer {}", answer), part));
    }
    SplitOptions options{.seed = static_cast<std::uint64_t>(round)};
    if (round % 3 == 0) options.test_rows = 7;
    if (round % 5 == 0) options.most_train_rows = 10;
    const Result<Split> split = split_examples(rows, options);
    if (!split) continue;  // so few groups that a part came out empty
    const std::vector<int> parts = parts_of(*split, rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (parts[i] == parts[j] || parts[i] == 3 || parts[j] == 3) continue;
        EXPECT_NE(comparison_key(rows[i].messages[0]["content"].get<std::string>()),
                  comparison_key(rows[j].messages[0]["content"].get<std::string>()));
      }
    }
  }
}

TEST(Split, KeepsAConversationAndItsBeginningTogether) {
  std::vector<Example> rows;
  for (int i = 0; i < 60; ++i) {
    rows.push_back(row(fmt::format("q{}", i), "a"));
    Example longer = rows.back();
    longer.messages.push_back({{"role", "user"}, {"content", "and then?"}});
    longer.messages.push_back({{"role", "assistant"}, {"content", "b"}});
    rows.push_back(longer);
  }
  const std::vector<int> parts = parts_of(split_examples(rows, {}).value(), rows.size());
  for (std::size_t i = 0; i < rows.size(); i += 2) EXPECT_EQ(parts[i], parts[i + 1]);
}

TEST(Split, LooksAtTheSystemTurnWhereTheQuestionIsAlwaysTheSame) {
  std::vector<Example> rows;
  for (int i = 0; i < 60; ++i)
    rows.push_back(row("Sort this.", "a", "", fmt::format("text {}", i)));
  const Split split = split_examples(rows, {}).value();
  EXPECT_EQ(split.grouped_by, "system and user turns");
  EXPECT_FALSE(split.test.empty());
}

TEST(Split, ObeysPartsThatRowsNameAndDividesTheRest) {
  std::vector<Example> rows = distinct_rows(100);
  for (std::size_t i = 0; i < 30; ++i) rows[i].split = "held_out";
  const Split split = split_examples(rows, {}).value();
  EXPECT_EQ(split.test.size(), 30u);
  EXPECT_EQ(split.test.back(), 29);
  EXPECT_FALSE(split.validation.empty());
  EXPECT_EQ(split.train.size() + split.validation.size(), 70u);
}

TEST(Split, TakesValidationRowsOutOfNamedTrainingRows) {
  std::vector<Example> rows = distinct_rows(100);
  for (std::size_t i = 0; i < 100; ++i) rows[i].split = i < 80 ? "train" : "test";
  const Split split = split_examples(rows, {}).value();
  EXPECT_EQ(split.test.size(), 20u);
  EXPECT_FALSE(split.validation.empty());
  EXPECT_LT(split.validation.back(), 80);
}

TEST(Split, LeavesOutTrainingRowsThatATestFileAsksToo) {
  std::vector<Example> rows = distinct_rows(50);
  std::vector<Example> test = {row("Question 3", "x"), row("another", "y")};
  test[0].source = test[1].source = "test.csv";
  test[0].line = 2;
  assign_part(test, Part::test);
  rows.insert(rows.end(), test.begin(), test.end());
  const Split split = split_examples(rows, {}).value();
  EXPECT_EQ(split.test, (std::vector<std::int64_t>{50, 51}));
  EXPECT_EQ(split.unused, (std::vector<std::int64_t>{3}));
  ASSERT_EQ(split.findings.size(), 1u);
  EXPECT_TRUE(
      split.findings[0].message().starts_with("t.csv:5: the question of test.csv:2, a test row"))
      << split.findings[0].message();
}

TEST(Split, GivesEveryPartARowEvenWhenThereAreFew) {
  const std::vector<Example> rows = distinct_rows(3);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Result<Split> split = split_examples(rows, {.seed = seed});
    if (!split) continue;  // two rows of three may fall to the test by their hashes
    EXPECT_FALSE(split->test.empty() || split->validation.empty() || split->train.empty());
  }
}

TEST(Split, RefusesWhatCannotBeDone) {
  const std::vector<Example> rows = distinct_rows(10);
  EXPECT_NE(split_examples(rows, {.validation = 0.5, .test = 0.5})
                .error()
                .message()
                .find("leave something"),
            std::string::npos);
  EXPECT_NE(split_examples(rows, {.test = -0.1}).error().message().find("shares of 0 or more"),
            std::string::npos);
  EXPECT_NE(split_examples(rows, {.test_rows = -1}).error().message().find("-1 rows"),
            std::string::npos);
  EXPECT_NE(split_examples(rows, {.test_rows = 10}).error().message().find("no training rows"),
            std::string::npos);
  EXPECT_FALSE(split_examples({}, {}));
  std::vector<Example> same;
  for (int i = 0; i < 10; ++i) same.push_back(row("same", fmt::format("{}", i)));
  EXPECT_NE(split_examples(same, {}).error().message().find("with 1 different questions"),
            std::string::npos);
  std::vector<Example> named = distinct_rows(10);
  named[4].split = "holiday";
  EXPECT_EQ(split_examples(named, {}).error().message(),
            "t.csv:6: the part \"holiday\"; wanted train, validation or test. Fix: rename it, or "
            "leave the cell empty to have the row divided");
}

TEST(Split, NeedsNoTestOrValidationWhenNoneIsAsked) {
  const Split split = split_examples(distinct_rows(10), {.validation = 0.0, .test = 0.0}).value();
  EXPECT_EQ(split.train.size(), 10u);
}

}  // namespace
}  // namespace attune::data
