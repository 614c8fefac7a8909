#include "advise/report_evidence.h"

#include <gtest/gtest.h>

#include "advise/decision.h"
#include "eval/sample_report.h"

namespace attune::advise {
namespace {

Json arm(const std::string& name, double format, double domain, double exact, double prompt) {
  const auto rate = [](double value) {
    return Json{{"value", value}, {"low", value - 0.02}, {"high", value + 0.02}};
  };
  return {{"arm", name},
          {"format_compliance", rate(format)},
          {"domain_accuracy", rate(domain)},
          {"exact_match", rate(exact)},
          {"tokens", {{"prompt", prompt}, {"completion", 80}}}};
}

Json report(const std::string& decision, double difference_high = 0.2) {
  return {
      {"version", 1},
      {"items", 400},
      {"arms",
       {arm("zero_shot", 0.5, 0.4, 0.3, 500), arm("few_shot", 0.8, 0.7, 0.6, 1000),
        arm("tuned", 0.98, 0.94, 0.88, 200)}},
      {"comparisons",
       Json::array(
           {{{"format_compliance",
              {{"difference", {{"value", 0.1}, {"low", 0.05}, {"high", difference_high}}}}}}})},
      {"verdict", {{"decision", decision}, {"headline", "So it is."}, {"reasons", {"Because."}}}},
      {"training", {{"seconds", 7200}}}};
}

TEST(ReportEvidence, TheDecisionBecomesTheGap) {
  const struct {
    std::string decision;
    double difference_high;
    int gap;
  } cases[] = {{"fine-tune", 0.2, answer::gap_proven},
               {"few-shot prompting is enough", 0.02, answer::gap_none},
               {"do not fine-tune", 0.02, answer::gap_none},
               {"do not fine-tune", -0.03, answer::gap_harmful},
               {"inconclusive", 0.2, answer::gap_open}};
  for (const auto& [decision, high, gap] : cases) {
    Inputs inputs;
    ASSERT_TRUE(apply_report(report(decision, high), "report.json", inputs));
    EXPECT_EQ(inputs.choice(Choice::gap).answer, gap) << decision;
    EXPECT_EQ(inputs.choice(Choice::gap).origin, Origin::report);
  }
}

TEST(ReportEvidence, TheBestPromptingArmStandsForTodayWhereNobodySaid) {
  Inputs inputs;
  const ReportEvidence evidence = apply_report(report("fine-tune"), "report.json", inputs).value();
  EXPECT_EQ(evidence.prompting_arm, "few_shot");
  EXPECT_EQ(evidence.items, 400);
  const stats::Estimate rework = inputs.number(&Variables::rework).range;
  EXPECT_NEAR(rework.value, 0.3, 1e-12);
  EXPECT_NEAR(rework.low, 0.2, 1e-12);
  EXPECT_NEAR(rework.high, 0.4, 1e-12);
  // Each measure against the same measure: 1 - 0.06/0.3, 1 - 0.02/0.2, 1 - 0.12/0.4.
  const stats::Estimate cut = inputs.number(&Variables::rework_cut).range;
  EXPECT_NEAR(cut.value, 0.8, 1e-12);
  EXPECT_NEAR(cut.low, 0.7, 1e-12);
  EXPECT_NEAR(cut.high, 0.9, 1e-12);
  EXPECT_NEAR(inputs.number(&Variables::prompt_tokens).range.value, 1000, 1e-12);
  EXPECT_NEAR(inputs.number(&Variables::prompt_saved).range.value, 0.8, 1e-12);
  EXPECT_NEAR(inputs.number(&Variables::training_hours).range.value, 2, 1e-12);
  EXPECT_EQ(inputs.choice(Choice::prompt).answer, answer::prompt_optimised);
}

TEST(ReportEvidence, TheTunedArmsFaultsAreHeldAgainstTodaysReworkWhereItIsGiven) {
  Inputs inputs;
  inputs.set(&Variables::rework, {0.12, 0.12, 0.12}, Origin::given);
  inputs.set(&Variables::prompt_tokens, {2000, 2000, 2000}, Origin::log);
  ASSERT_TRUE(apply_report(report("fine-tune"), "report.json", inputs));
  const stats::Estimate cut = inputs.number(&Variables::rework_cut).range;
  EXPECT_NEAR(cut.value, 0.5, 1e-12);  // 6 % of 12 %
  EXPECT_NEAR(cut.low, 0, 1e-12);      // exact match: 12 of 12 %
  EXPECT_NEAR(inputs.number(&Variables::prompt_saved).range.value, 0.9, 1e-12);
  EXPECT_NEAR(inputs.number(&Variables::rework).range.value, 0.12, 1e-12);
}

TEST(ReportEvidence, ReadsWhatTheReportWriterWrites) {
  Inputs inputs;
  const Json written = eval::report_json(eval::sample_report());
  const Result<ReportEvidence> evidence = apply_report(written, "report.json", inputs);
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_EQ(evidence->items, written["items"]);
}

TEST(ReportEvidence, AFileThatIsNoReportIsRefusedWithTheMember) {
  Inputs inputs;
  Json other_version = report("fine-tune");
  other_version["version"] = 2;
  Json no_arms = report("fine-tune");
  no_arms.erase("arms");
  Json bad_arm = report("fine-tune");
  bad_arm["arms"][1].erase("exact_match");
  const struct {
    Json document;
    std::string wanted;
  } cases[] = {{Json::array(), "an object"},
               {Json::object(), "version"},
               {other_version, "version 1"},
               {no_arms, "arms"},
               {bad_arm, "arms[1].exact_match"}};
  for (const auto& [document, wanted] : cases) {
    const Result<ReportEvidence> evidence = apply_report(document, "r.json", inputs);
    ASSERT_FALSE(evidence);
    EXPECT_NE(evidence.error().message().find(wanted), std::string::npos)
        << evidence.error().message();
  }
}

}  // namespace
}  // namespace attune::advise
