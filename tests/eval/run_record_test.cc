// A run on disk gives its figures again; answers are asked once.
#include "eval/run_record.h"

#include <gtest/gtest.h>

#include "eval/answer_cache.h"
#include "eval/shot_choice.h"
#include "io/temporary_folder.h"

namespace attune::eval {
namespace {

using testing_support::TemporaryFolder;

RunRecord sample(int items) {
  RunRecord record;
  record.created = "2026-03-01T12:00:00Z";
  record.subject = "tuned";
  record.contract = {{"type", "object"}, {"required", {"a"}}};
  record.arms = {{"zero_shot", {}}, {"tuned", {}}};
  for (int i = 0; i < items; ++i) {
    const std::string right = "{\"a\":" + std::to_string(i) + "}";
    record.items.push_back({.id = "row " + std::to_string(i),
                            .input = "say " + std::to_string(i),
                            .reference = right});
    record.arms[0].answers.push_back({.text = i % 3 == 0 ? right : "sorry", .latency_ms = 10.5});
    record.arms[1].answers.push_back({.text = i % 7 == 0 ? "" : right,
                                      .prompt_tokens = 12,
                                      .failure = i % 7 == 0 ? "timed out" : ""});
  }
  return record;
}

TEST(RunRecord, IsReadBackWithTheSameFigures) {
  const TemporaryFolder folder;
  const RunRecord record = sample(30);
  const auto comparison = compare_run(record);
  ASSERT_TRUE(comparison);
  ASSERT_TRUE(write_run(folder.path(), record, *comparison));
  const auto again = read_run(folder.path());
  ASSERT_TRUE(again) << again.error().message();
  const auto same = compare_run(*again);
  ASSERT_TRUE(same);
  for (std::size_t a = 0; a < 2; ++a) {
    EXPECT_EQ(same->arms[a].format_compliance.low, comparison->arms[a].format_compliance.low);
    EXPECT_EQ(same->arms[a].domain_accuracy.high, comparison->arms[a].domain_accuracy.high);
    EXPECT_EQ(same->arms[a].latency_ms.mean, comparison->arms[a].latency_ms.mean);
  }
  EXPECT_EQ(same->arms[1].failures, 5);
}

TEST(RunRecord, ABrokenLineIsNamed) {
  const TemporaryFolder folder;
  const RunRecord record = sample(3);
  ASSERT_TRUE(write_run(folder.path(), record, *compare_run(record)));
  const Path results = folder.path() / "results.jsonl";
  std::string text = *read_file(results);
  text.replace(text.rfind("\"answers\""), 9, "\"replies\"");
  ASSERT_TRUE(write_file_atomic(results, text));
  const auto read = read_run(folder.path());
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message().find("results.jsonl:3"), std::string::npos);
}

TEST(JoinRuns, PairsItemsOfBothRunsAndCountsTheRest) {
  RunRecord before = sample(10), after = sample(12);
  after.items[2].reference = "{\"a\":99}";  // another item now
  const auto joined = join_runs(before, "tuned", after, "zero_shot");
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->record.items.size(), 9u);
  EXPECT_EQ(joined->only_before, 1);
  EXPECT_EQ(joined->only_after, 3);
  EXPECT_FALSE(join_runs(before, "tuned", after, "few_shot"));
}

TEST(AnswerCache, KeepsWhatWasAnsweredAndPassesOverABrokenLine) {
  const TemporaryFolder folder;
  const Path path = folder.path() / "answers.jsonl";
  const std::string key = answer_key({{"model", "m"}, {"messages", {"hi"}}});
  {
    auto cache = AnswerCache::open(path);
    ASSERT_TRUE(cache);
    EXPECT_FALSE(AnswerCache::open(path)) << "two runs in one folder";
    ASSERT_TRUE(cache->add({{key, {.text = "hello", .completion_tokens = 2, .cut = true}}}));
  }
  std::string text = *read_file(path);
  ASSERT_TRUE(write_file_atomic(path, "{\"key\":\"x\"}\nnonsense\n" + text + "{\"key\":\"cut o"));
  const auto cache = AnswerCache::open(path);
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->size(), 1);
  ASSERT_NE(cache->find(key), nullptr);
  EXPECT_EQ(cache->find(key)->text, "hello");
  EXPECT_TRUE(cache->find(key)->cut);
  EXPECT_EQ(cache->find(answer_key({{"model", "m"}, {"messages", {"ho"}}})), nullptr);
}

TEST(ShotChoice, FindsTheMostSimilarLastAndNeverDrawsOneTwice) {
  const ShotChoice choice(
      {"the parcel is late", "my card was charged twice", "the parcel is broken and late"}, 7);
  EXPECT_EQ(choice.similar("late parcel, broken", 2), (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(choice.similar("a card", 1), std::vector<std::int64_t>{1});
  EXPECT_EQ(choice.spread(2), (std::vector<std::int64_t>{0, 1}));
  for (std::int64_t item = 0; item < 50; ++item) {
    std::vector<std::int64_t> drawn = choice.random(item, 5);
    EXPECT_EQ(drawn, choice.random(item, 5));
    std::sort(drawn.begin(), drawn.end());
    EXPECT_EQ(drawn, (std::vector<std::int64_t>{0, 1, 2}));
  }
}

}  // namespace
}  // namespace attune::eval
