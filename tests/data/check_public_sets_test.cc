// The public sets are clean but for what is listed here, and each of these is true: a finding more
// is a false alarm.
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "data/check.h"

namespace attune::data {
namespace {

const PiiScanner& rules_built_in() {
  static const PiiScanner kRules = PiiScanner::built_in().value();
  return kRules;
}

struct PublicSet {
  const char* name;
  const char* file;  // below shared/datasets
  const char* map;
  std::map<std::string, std::int64_t> true_findings;  // errors and warnings by code
};

void PrintTo(const PublicSet& set, std::ostream* out) { *out << set.file; }

constexpr const char* kPubMed =
    "user=Context:\n{CONTEXTS}\n\nQuestion: {QUESTION},assistant=LONG_ANSWER";

class CheckPublicSets : public testing::TestWithParam<PublicSet> {};

TEST_P(CheckPublicSets, GiveNoFalseAlarm) {
  const PublicSet& set = GetParam();
  const auto file =
      std::filesystem::path(ATTUNE_SOURCE_DIR) / ".." / "shared" / "datasets" / set.file;
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the set " << file.string() << " is not here";
  CheckOptions options{.pii = &rules_built_in()};
  options.read.map = set.map;
  const Result<CheckReport> report = check_file(file.string(), options);
  ASSERT_TRUE(report) << report.error().message();
  std::map<std::string, std::int64_t> found;
  std::string all;
  for (const Finding& finding : report->findings) {
    if (finding.severity == Severity::info) continue;
    ++found[finding.code];
    all += finding.where + " " + finding.code + " " + finding.found + "\n";
  }
  EXPECT_EQ(found, set.true_findings) << all;
}

INSTANTIATE_TEST_SUITE_P(
    Sets, CheckPublicSets,
    testing::Values(
        // A zero-width space in an answer; one in a question.
        PublicSet{"GsmTest", "gsm8k/test.jsonl", "", {{"D002", 1}}},
        PublicSet{"GsmTrain", "gsm8k/train.jsonl.zst", "", {{"D002", 1}}},
        // Rows that stand there twice, or but for letter case, a sign or a word.
        PublicSet{
            "BankingTrain", "banking77/train.csv", "user=text,assistant=category", {{"D035", 4}}},
        PublicSet{
            "BankingTest", "banking77/test.csv", "user=text,assistant=category", {{"D035", 5}}},
        // Conclusions with places, numbers and names that the abstract does not have: "in Denmark".
        PublicSet{"PubMed", "pubmedqa/ori_pqal.json.zst", kPubMed, {{"D038", 41}}},
        // Addresses and a telephone number written for the tasks.
        PublicSet{"SelfInstructSeeds", "self-instruct-human/seed_tasks.jsonl", "", {{"D037", 5}}},
        PublicSet{"SelfInstructUsers",
                  "self-instruct-human/user_oriented_instructions.jsonl",
                  "",
                  {{"D037", 7}}},
        // Sentences that stand there twice with the same intent and slots.
        PublicSet{"SnipsTrain",
                  "snips-nlu/train.jsonl.zst",
                  "user=text,assistant=json(intent,slots)",
                  {{"D035", 167}}},
        PublicSet{"SnipsValidation",
                  "snips-nlu/validation.jsonl",
                  "user=text,assistant=json(intent,slots)",
                  {{"D035", 5}}}),
    [](const auto& set) { return std::string(set.param.name); });

}  // namespace
}  // namespace attune::data
