#include "data/manifest.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "data/duplicates.h"
#include "io/sha256.h"

namespace attune::data {
namespace {

Example asking(const std::string& question, const std::string& answer = "answer") {
  Example e;
  e.messages = Json::array();
  e.messages.push_back({{"role", "user"}, {"content", question}});
  e.messages.push_back({{"role", "assistant"}, {"content", answer}});
  e.source = "t.csv";
  return e;
}

std::vector<Example> random_rows(int count) {
  std::vector<Example> rows;
  const RandomStream stream{.seed = 2, .stream = stream_id("manifest"), .step = 0};
  std::uint64_t index = 0;
  for (int i = 0; i < count; ++i) {
    std::string text;
    for (int word = 0; word < 12; ++word) text += fmt::format("{:x} ", stream.bits(index++));
    rows.push_back(asking(text));
    rows.back().line = i + 2;
  }
  return rows;
}

class Manifest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        Path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    rows_ = random_rows(40);
    split_.test = {30, 31, 32, 33, 34, 35, 36, 37, 38, 39};
    for (std::int64_t i = 0; i < 30; ++i) split_.train.push_back(i);
    manifest_ = freeze(rows_, split_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string refusal(const Example& extra) {
    rows_.push_back(extra);
    rows_.back().line = std::ssize(rows_) + 1;
    split_.train.push_back(std::ssize(rows_) - 1);
    const Result<void> result = refuse_frozen(rows_, split_.train, manifest_, "m.json");
    return result ? "" : result.error().message();
  }

  Path folder_;
  std::vector<Example> rows_;
  Split split_;
  TestManifest manifest_;
};

TEST_F(Manifest, ReadsBackAsItWasWritten) {
  const Path path = folder_ / kManifestName;
  ASSERT_TRUE(write_manifest(manifest_, path));
  const TestManifest back = read_manifest(path).value();
  EXPECT_EQ(to_json(back), to_json(manifest_));
  EXPECT_EQ(back.rows.size(), 10u);
}

TEST_F(Manifest, LetsTheRowsBesideItTrain) {
  EXPECT_TRUE(refuse_frozen(rows_, split_.train, manifest_, "m.json"));
}

TEST_F(Manifest, RefusesAFrozenQuestionWhateverItsAnswerAndCase) {
  std::string question = rows_[33].messages[0]["content"].get<std::string>();
  std::transform(question.begin(), question.end(), question.begin(), ::toupper);
  const std::string message = refusal(asking("  " + question, "another answer"));
  EXPECT_NE(message.find("m.json: 1 of 31 rows"), std::string::npos) << message;
  EXPECT_NE(message.find("t.csv:42 exactly"), std::string::npos) << message;
}

TEST_F(Manifest, RefusesANearlyFrozenQuestion) {
  const std::string message =
      refusal(asking(rows_[33].messages[0]["content"].get<std::string>() + "x"));
  EXPECT_NE(message.find("t.csv:42 nearly (about"), std::string::npos) << message;
}

TEST_F(Manifest, NeverRefusesTheSplitThatItWasFrozenWith) {
  // Pairs around the threshold, where an estimate is wrong half of the time.
  std::vector<Example> rows;
  for (const Example& base : random_rows(60)) {
    std::string text = base.messages[0]["content"].get<std::string>();
    rows.push_back(asking(text));
    for (std::size_t at : {9u, 40u, 80u}) text[at] = '!';
    rows.push_back(asking(text));
  }
  Split split;
  for (std::int64_t i = 0; i < std::ssize(rows); ++i)
    (i % 2 == 0 ? split.train : split.test).push_back(i);
  const TestManifest manifest = freeze(rows, split);
  EXPECT_FALSE(manifest.compared.empty());
  EXPECT_TRUE(refuse_frozen(rows, split.train, manifest, "m.json"));
}

TEST_F(Manifest, DoesNotCountWhatAllRowsShare) {
  const std::string instruction(400, 'i');
  for (Example& example : rows_) {
    example.messages[0]["content"] =
        instruction + "\n" + example.messages[0]["content"].get<std::string>();
  }
  manifest_ = freeze(rows_, split_);
  EXPECT_TRUE(manifest_.compared.empty());
  EXPECT_EQ(refusal(asking(instruction + "\nSomething that nobody asked before")), "");
}

TEST_F(Manifest, TakesNewFrozenRowsOutOfASplit) {
  SplitRecord record;
  record.add(rows_, split_);
  rows_.push_back(asking(rows_[30].messages[0]["content"].get<std::string>() + "."));
  split_.train.push_back(40);
  leave_out_frozen(rows_, manifest_, record, split_);
  EXPECT_EQ(split_.train.size(), 30u);
  EXPECT_EQ(split_.unused, (std::vector<std::int64_t>{40}));
  ASSERT_EQ(split_.findings.size(), 1u);
  EXPECT_EQ(split_.findings[0].rule, "frozen_test");
}

TEST_F(Manifest, TellsWhenARowWasChanged) {
  const Path path = folder_ / kManifestName;
  const auto refused_as = [&](const Json& json) {
    std::ofstream(path) << json.dump();
    const Result<TestManifest> result = read_manifest(path);
    return result ? std::string("accepted") : result.error().message();
  };
  const Json good = to_json(manifest_);
  EXPECT_EQ(refused_as(good), "accepted");
  const std::string other(64, 'a');
  Json json = good;
  json["rows"][3]["question"] = other;
  EXPECT_NE(refused_as(json).find("they were changed"), std::string::npos);
  json = good;
  json["compared"].push_back(other);
  EXPECT_NE(refused_as(json).find("they were changed"), std::string::npos);
  json = good;
  json["rows"].erase(0);
  EXPECT_NE(refused_as(json).find("they were changed"), std::string::npos);
  json = good;
  json["rows"][0]["signature"] = "12";
  EXPECT_NE(refused_as(json).find("rows[0] without"), std::string::npos);
  json = good;
  json["threshold"] = 7;
  EXPECT_NE(refused_as(json).find("threshold"), std::string::npos);
  for (const char* key :
       {"rows", "shared_lines", "compared", "instructions_count", "version", "root"}) {
    json = good;
    json[key] = "x";
    EXPECT_NE(refused_as(json), "accepted") << key;
  }
  EXPECT_NE(refused_as(Json::array()), "accepted");
}

TEST(MerkleRoot, IsBuiltAsTheStandardSays) {
  using namespace std::string_literals;
  const std::vector<std::string> entries = {"a", "b", "c"};
  const auto leaf = [](const std::string& text) { return sha256("\0"s + text); };
  EXPECT_EQ(merkle_root({}), sha256(""));
  EXPECT_EQ(merkle_root(std::span(entries).first(1)), leaf("a"));
  EXPECT_EQ(merkle_root(entries), sha256("\1" + sha256("\1" + leaf("a") + leaf("b")) + leaf("c")));
}

}  // namespace
}  // namespace attune::data
