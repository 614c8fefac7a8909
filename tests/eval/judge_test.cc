// Golden numbers: tools/make_judge_golden.py (numpy, scipy).
#include "eval/judge.h"

#include <gtest/gtest.h>

#include "eval/judge_error.h"
#include "eval/judge_report.h"
#include "io/file.h"

namespace attune::eval {
namespace {

const Json& golden() {
  static const Json file =
      read_json(std::string(ATTUNE_SOURCE_DIR) + "/tests/eval/golden/judge.json").value();
  return file;
}

JudgeError error_of(const Json& one) {
  return {.positives = one["positives"],
          .true_positives = one["true_positives"],
          .negatives = one["negatives"],
          .true_negatives = one["true_negatives"]};
}

TEST(Judge, TheCorrectedRateSolvesTheJudgesCountsAndItsIntervalIsThatOfSimulation) {
  for (const Json& one : golden()["rates"]) {
    const auto rate =
        corrected_rate(one["passes"].get<double>(), one["n"].get<double>(), error_of(one));
    ASSERT_TRUE(rate) << one;
    EXPECT_NEAR(rate->value, one["value"].get<double>(), 1e-9) << one;
    EXPECT_NEAR(rate->low, one["closed"][0].get<double>(), 1e-9) << one;
    EXPECT_NEAR(rate->high, one["closed"][1].get<double>(), 1e-9) << one;
    EXPECT_NEAR(rate->low, one["low"].get<double>(), 0.02) << one;
    EXPECT_NEAR(rate->high, one["high"].get<double>(), 0.02) << one;
  }
}

TEST(Judge, TheCorrectedMeanAgreesWithScipy) {
  for (const Json& one : golden()["means"]) {
    const auto errors = one["errors"].get<std::vector<double>>();
    const auto mean =
        corrected_mean(one["mean"].get<double>(), one["spread"].get<double>(), errors);
    ASSERT_TRUE(mean);
    EXPECT_NEAR(mean->value, one["value"].get<double>(), 1e-9);
    EXPECT_NEAR(mean->low, one["low"].get<double>(), 1e-6);
    EXPECT_NEAR(mean->high, one["high"].get<double>(), 1e-6);
  }
}

TEST(Judge, ADifferenceIsWidenedByWhatTheJudgeDoesNotSee) {
  const JudgeError error{
      .positives = 50, .true_positives = 45, .negatives = 50, .true_negatives = 40};
  const auto difference = corrected_difference(0.14, 0.03, error);
  ASSERT_TRUE(difference);
  EXPECT_NEAR(difference->value, 0.14 / 0.7, 1e-12);
  EXPECT_GT(difference->high - difference->low, 2 * 1.96 * 0.03 / 0.7);
}

TEST(Judge, OneThatIsBetterThanChanceOnlyByItsFewLabelsHasNoCorrection) {
  EXPECT_FALSE(corrected_rate(
      90, 100, {.positives = 46, .true_positives = 14, .negatives = 4, .true_negatives = 3}));
}

TEST(Judge, WithoutLabelsOfBothKindsOrAtChanceThereIsNoCorrection) {
  EXPECT_FALSE(corrected_rate(50, 100, {.positives = 60, .true_positives = 50}));
  EXPECT_FALSE(corrected_rate(
      50, 100, {.positives = 50, .true_positives = 25, .negatives = 50, .true_negatives = 25}));
}

struct ReplyCase {
  JudgeMode mode;
  const char* reply;
  std::optional<double> value;
};

TEST(Judge, AReplyIsReadOnlyWhenItSaysOneThing) {
  const ReplyCase cases[] = {
      {JudgeMode::pass, "It names the price.\nVERDICT: PASS", 1.0},
      {JudgeMode::pass, "**Verdict: fail**", 0.0},
      {JudgeMode::pass, "FAIL.", 0.0},
      {JudgeMode::pass, R"({"reason": "polite", "pass": true})", 1.0},
      {JudgeMode::pass, "VERDICT: PASS\nVERDICT: FAIL", std::nullopt},
      {JudgeMode::pass, "I would pass this answer.", std::nullopt},
      {JudgeMode::pass, "VERDICT: PASS or FAIL", std::nullopt},
      {JudgeMode::pass, "", std::nullopt},
      {JudgeMode::score, "SCORE: 4", 0.75},
      {JudgeMode::score, "Score: 4/5", 0.75},
      {JudgeMode::score, "5", 1.0},
      {JudgeMode::score, "SCORE: 7", std::nullopt},
      {JudgeMode::score, "SCORE: 4/10", std::nullopt},
      {JudgeMode::pairwise, "BETTER: A", 1.0},
      {JudgeMode::pairwise, "better: tie", 0.5},
      {JudgeMode::pairwise, "BETTER: the first", std::nullopt},
  };
  for (const ReplyCase& one : cases)
    EXPECT_EQ(read_judgement({.model = "m", .mode = one.mode}, one.reply), one.value) << one.reply;
}

Json said(const char* text) { return {{"text", text}}; }

TEST(Judge, APairIsWonOnlyWhenBothOrdersAgree) {
  const JudgePlan plan{.model = "m", .mode = JudgeMode::pairwise};
  EXPECT_EQ(judgement_of(plan, {said("BETTER: A"), said("BETTER: B")}).value, 1.0);
  const Judgement first_place = judgement_of(plan, {said("BETTER: A"), said("BETTER: A")});
  EXPECT_EQ(first_place.value, 0.5);
  EXPECT_EQ(first_place.order_flips, 1);
  const Judgement half = judgement_of(plan, {said("BETTER: A"), said("hm")});
  EXPECT_FALSE(half.value);
  EXPECT_EQ(half.unreadable, 1);
}

TEST(Judge, RepeatsDecideByMajorityAndTellHowOftenTheyAgree) {
  const JudgePlan plan{.model = "m", .repeats = 3};
  const Judgement most =
      judgement_of(plan, {said("PASS"), said("VERDICT: FAIL"), said("VERDICT: PASS")});
  EXPECT_EQ(most.value, 1.0);
  EXPECT_NEAR(most.agreement.value(), 1.0 / 3, 1e-12);
  EXPECT_FALSE(judgement_of(plan, {said("PASS"), said("FAIL"), {{"failure", "timed out"}}}).value);
}

// 60 items whose tuned answer is good for `good` of them; a judge with known errors.
struct SampleRun {
  std::vector<Item> items;
  std::vector<ArmResult> arms{{"base", {}}, {"tuned", {}}};
  JudgeRecord record{.plan = {.model = "m", .rubric = "right"}, .labels = {}};
};

SampleRun sample_run(int labels) {
  SampleRun run;
  for (int i = 0; i < 60; ++i) {
    run.items.push_back({.id = "row " + std::to_string(i), .input = "q", .reference = ""});
    run.arms[0].answers.push_back({.text = "a", .judge = {said(i % 3 == 0 ? "PASS" : "FAIL")}});
    run.arms[1].answers.push_back({.text = "b", .judge = {said(i % 6 == 0 ? "FAIL" : "PASS")}});
  }
  for (int i = 0; i < labels; ++i) {
    const bool good = i % 2 == 0;
    const bool right = i % 10 > 1;
    run.record.labels.push_back({.id = "row 0",
                                 .label = good ? 1.0 : 0.0,
                                 .judged = {.question = "q"},
                                 .replies = {said(good == right ? "PASS" : "FAIL")}});
  }
  return run;
}

TEST(Judge, WithoutLabelsItsFigureIsUncalibratedAndDecidesNothing) {
  const SampleRun run = sample_run(0);
  const JudgeReport report =
      judge_report(run.items, run.arms, "tuned", run.record, Intervals({}, {}));
  EXPECT_FALSE(report.may_decide());
  ASSERT_EQ(report.arms.size(), 2U);
  EXPECT_NEAR(report.arms[1].rate.value, 50.0 / 60, 1e-12);
  EXPECT_FALSE(report.arms[1].corrected);
  const Supplement part = judge_supplement(report);
  EXPECT_EQ(part.rows[1][2], "uncalibrated");
  EXPECT_NE(supplement_text(part).find("decide nothing: no labels by people"), std::string::npos);
}

TEST(Judge, LabelsGiveItsErrorAndTheCorrectedFigureIsWiderThanTheRawOne) {
  const SampleRun run = sample_run(60);
  const JudgeReport report =
      judge_report(run.items, run.arms, "tuned", run.record, Intervals({}, {}));
  ASSERT_TRUE(report.calibration);
  EXPECT_TRUE(report.may_decide());
  EXPECT_NEAR(report.calibration->sensitivity->value, 0.8, 1e-12);
  EXPECT_NEAR(report.calibration->specificity->value, 0.8, 1e-12);
  EXPECT_NEAR(report.calibration->kappa->value, 0.6, 1e-12);
  const JudgedArm& tuned = report.arms[1];
  ASSERT_TRUE(tuned.corrected);
  EXPECT_NEAR(tuned.corrected->value, 1.0, 1e-9);  // (0.833 + 0.8 - 1) / 0.6, cut
  const JudgedArm& base = report.arms[0];
  EXPECT_NEAR(base.corrected->value, (1.0 / 3 - 0.2) / 0.6, 1e-9);
  EXPECT_GT(base.corrected->high - base.corrected->low, base.rate.high - base.rate.low);
}

TEST(Judge, ItsErrorSaysNothingOfMissingAnswers) {
  SampleRun run = sample_run(60);
  for (std::size_t i = 0; i < 60; i += 2) run.arms[0].answers[i] = {.text = "", .failure = "slow"};
  const JudgeReport report =
      judge_report(run.items, run.arms, "tuned", run.record, Intervals({}, {}));
  // 10 of the 30 that are there pass: (1/3 - 0.2) / 0.6 of them, and none of the rest.
  EXPECT_NEAR(report.arms[0].corrected->value, (1.0 / 3 - 0.2) / 0.6 / 2, 1e-9);
  EXPECT_FALSE(report.differences[0].corrected);
}

TEST(Judge, FewLabelsAreShownAndDecideNothing) {
  const SampleRun run = sample_run(20);
  const JudgeReport report =
      judge_report(run.items, run.arms, "tuned", run.record, Intervals({}, {}));
  EXPECT_TRUE(report.arms[0].corrected);
  EXPECT_EQ(report.doubt(), "20 labels by people, 50 are wanted");
}

TEST(Judge, ItsRecordIsReadBack) {
  const SampleRun run = sample_run(4);
  const auto again = judge_record_from_json(to_json(run.record), "run.json");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json(*again), to_json(run.record));
}

TEST(Judge, AMissingAnswerIsTheWorstOne) {
  const JudgePlan pass{.model = "m"};
  EXPECT_EQ(item_judgement(pass, {.text = "", .failure = "timed out"}, {.text = "x"}).value, 0.0);
  const JudgePlan pair{.model = "m", .mode = JudgeMode::pairwise};
  EXPECT_EQ(item_judgement(pair, {.text = "", .failure = "timed out"}, {.text = "x"}).value, 1.0);
}

TEST(Judge, APlanSaysWhatItLacks) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"rubric": "x"})", "a model folder or a model's name"},
      {R"({"model": "m", "repeats": 3, "temperature": 0})", "a greedy judge says the same"},
      {R"({"model": "m", "labels": "x.jsonl"})", "the rubric that people judged by"},
      {R"({"model": "m", "scale": [5, 1]})", "the smaller first"},
      {R"({"model": "m", "mood": "stern"})", "the key \"mood\""},
  };
  for (const auto& [text, wanted] : cases) {
    const auto plan = read_judge_plan(parse_json(text, "t").value(), "judge");
    ASSERT_FALSE(plan) << text;
    EXPECT_NE(plan.error().message().find(wanted), std::string::npos) << plan.error().message();
  }
}

}  // namespace
}  // namespace attune::eval
