// The promises of a split that goes on: no question on two sides, no row that moves.
#include "data/split_record.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "data/clean_text.h"
#include "data/duplicates.h"
#include "data/example_texts.h"
#include "data/shingles.h"

namespace attune::data {
namespace {

Example question_row(const std::string& question) {
  Example e;
  e.messages = Json::array();
  e.messages.push_back({{"role", "user"}, {"content", question}});
  e.messages.push_back({{"role", "assistant"}, {"content", "a"}});
  e.source = "t.csv";
  return e;
}

std::string question_of(const Example& example) {
  return example.messages[0]["content"].get<std::string>();
}

// Families of questions with small changes, so that clusters form and chains grow.
class Questions {
 public:
  explicit Questions(std::uint64_t seed)
      : stream_{.seed = seed, .stream = stream_id("questions"), .step = 0} {}

  Example fresh() {
    std::string text;
    for (int i = 0; i < 10; ++i) text += fmt::format("{:05x} ", stream_.bits(index_++) >> 12);
    return question_row(text);
  }
  // Like an earlier one, or like the middle between two.
  Example next(const std::vector<Example>& rows) {
    const std::uint64_t kind = stream_.below(index_++, 4);
    if (rows.empty() || kind == 0) return fresh();
    std::string text = question_of(pick(rows));
    if (kind == 1) text[stream_.below(index_++, text.size())] = '?';
    if (kind == 2) text += fmt::format("{:x}", stream_.bits(index_++));
    if (kind == 3) text += question_of(pick(rows)).substr(0, 8);
    return question_row(text);
  }

 private:
  const Example& pick(const std::vector<Example>& rows) {
    return rows[stream_.below(index_++, rows.size())];
  }
  RandomStream stream_;
  std::uint64_t index_ = 0;
};

Split split_with(const std::vector<Example>& rows, const SplitRecord* earlier,
                 bool test_is_frozen = false, std::uint64_t seed = 0) {
  ThreadPool pool(1);
  const DuplicateReport report = find_duplicates(rows, {}, pool);
  SplitOptions options;
  options.seed = seed;
  options.alike = report.alike;
  options.earlier = earlier;
  options.test_is_frozen = test_is_frozen;
  Result<Split> split = split_examples(rows, options);
  EXPECT_TRUE(split) << split.error().message();
  return split ? *split : Split{};
}

std::vector<int> places_of(const Split& split, std::size_t rows) {
  std::vector<int> part(rows, -1);
  int number = 0;
  for (const auto* list : {&split.train, &split.validation, &split.test, &split.unused}) {
    for (const std::int64_t i : *list) {
      EXPECT_EQ(part[static_cast<std::size_t>(i)], -1) << "row " << i << " twice";
      part[static_cast<std::size_t>(i)] = number;
    }
    ++number;
  }
  EXPECT_EQ(std::count(part.begin(), part.end(), -1), 0);
  return part;
}

// All pairs, compared one by one.
void expect_no_leak(const std::vector<Example>& rows, const std::vector<int>& parts) {
  std::vector<std::vector<std::uint64_t>> sets;
  for (const Example& example : rows)
    sets.push_back(shingles(comparison_key(question_of(example))));
  SimilarityMeter meter;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (parts[i] == parts[j] || parts[i] == 3 || parts[j] == 3) continue;
      ASSERT_LT(meter.measure(sets[i], sets[j]), 0.8)
          << question_of(rows[i]) << " | " << question_of(rows[j]);
    }
  }
}

TEST(SplitRecord, NoAppendedRowMovesAnotherOrLeaks) {
  std::int64_t set_aside = 0;
  for (std::uint64_t round = 0; round < 12; ++round) {
    Questions questions(round);
    std::vector<Example> rows;
    for (int i = 0; i < 80; ++i) rows.push_back(questions.next(rows));
    SplitRecord record;
    std::vector<int> before;
    for (int growth = 0; growth < 4; ++growth) {
      const Split split = split_with(rows, &record, round % 3 == 2 && growth > 0, round);
      const std::vector<int> parts = places_of(split, rows.size());
      expect_no_leak(rows, parts);
      for (std::size_t i = 0; i < before.size(); ++i) {
        // A row that was set aside may find a place; no other moves.
        if (before[i] != 3) {
          ASSERT_EQ(parts[i], before[i]) << "row " << i << " moved";
        }
      }
      EXPECT_EQ(split.findings.size(), split.unused.size());
      set_aside += std::ssize(split.unused);
      before = parts;
      record.add(rows, split);
      for (int i = 0; i < 30; ++i) rows.push_back(questions.next(rows));
    }
  }
  EXPECT_GT(set_aside, 0);  // the rule was needed
}

TEST(SplitRecord, KeepsRowsInPlaceWhateverTheirOrderAndSeed) {
  Questions questions(77);
  std::vector<Example> rows;
  for (int i = 0; i < 100; ++i) rows.push_back(questions.next(rows));
  const Split first = split_with(rows, nullptr);
  SplitRecord record;
  record.add(rows, first);
  std::vector<int> before = places_of(first, rows.size());
  std::reverse(rows.begin(), rows.end());
  std::reverse(before.begin(), before.end());
  rows.push_back(questions.fresh());
  std::vector<int> after = places_of(split_with(rows, &record, false, 99), rows.size());
  after.pop_back();
  EXPECT_EQ(after, before);
}

TEST(SplitRecord, SetsARowAsideThatJoinsTwoParts) {
  const std::string left = "please tell me where the blue parcel is that i ordered";
  const std::string right = "ed last monday in the big shop at the corner of main street";
  std::vector<Example> rows = {question_row(left + " abcdefgh"), question_row("zyxwvuts " + right),
                               question_row("something else")};
  SplitRecord record;
  record.parts = {{prompt_hash(rows[0]), Part::train},
                  {prompt_hash(rows[1]), Part::test},
                  {prompt_hash(rows[2]), Part::validation}};
  rows.push_back(question_row("a row that joins both"));
  const std::vector<NearPair> alike = {{0, 3, 0.9}, {1, 3, 0.9}};
  SplitOptions options;
  options.alike = alike;
  options.earlier = &record;
  rows[0].line = 2;
  rows[1].line = 3;
  rows[3].line = 5;
  const Split split = split_examples(rows, options).value();
  EXPECT_EQ(split.unused, (std::vector<std::int64_t>{3}));
  ASSERT_EQ(split.findings.size(), 1u);
  EXPECT_EQ(
      split.findings[0].message(),
      "t.csv:5: a new row, like t.csv:2 of train and t.csv:3 of test; wanted a row that belongs "
      "to one part. Fix: nothing to do; the row is set aside");
}

TEST(SplitRecord, AFrozenTestDoesNotGrow) {
  Questions questions(5);
  std::vector<Example> rows;
  for (int i = 0; i < 60; ++i) rows.push_back(questions.fresh());
  const Split first = split_with(rows, nullptr);
  SplitRecord record;
  record.add(rows, first);
  for (int i = 0; i < 200; ++i) rows.push_back(questions.fresh());
  rows.push_back(question_row(question_of(rows[static_cast<std::size_t>(first.test[0])]) + "?"));
  const Split second = split_with(rows, &record, true);
  EXPECT_EQ(second.test, first.test);
  EXPECT_EQ(second.unused, (std::vector<std::int64_t>{260}));
  EXPECT_GT(second.validation.size(), first.validation.size());
}

TEST(SplitRecord, ReadsBackAndRefusesWhatIsNone) {
  const Path path = Path(testing::TempDir()) / "split_record_test.json";
  SplitRecord record;
  record.parts = {{1, Part::train}, {0xFFFFFFFFFFFFFFFFu, Part::test}, {7, Part::validation}};
  ASSERT_TRUE(write_split_record(record, path));
  EXPECT_EQ(read_split_record(path).value().parts, record.parts);
  for (const char* text : {"[]", "{}", R"({"version":2})", R"({"version":1,"train":[]})",
                           R"({"version":1,"train":["x"],"validation":[],"test":[]})",
                           R"({"version":1,"train":[3],"validation":[],"test":[]})"}) {
    std::ofstream(path) << text;
    const Result<SplitRecord> result = read_split_record(path);
    ASSERT_FALSE(result) << text;
    EXPECT_NE(result.error().message().find("earlier attune data split"), std::string::npos);
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace attune::data
