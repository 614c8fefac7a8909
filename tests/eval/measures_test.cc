// Measures beside the rates: which a suite names, their figures over a whole set, and where they
// are absent.
#include "eval/measures.h"

#include <gtest/gtest.h>

#include "eval/compare.h"
#include "eval/counted_measure.h"
#include "eval/measure_arm.h"
#include "eval/side_data.h"
#include "io/yaml.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/label_report.h"
#include "metrics/rouge.h"

namespace attune::eval {
namespace {

MeasurePlan plan_of(std::string_view yaml) {
  const auto plan = read_measures(*parse_yaml(yaml, "m"), "m");
  EXPECT_TRUE(plan) << plan.error().message();
  return plan.value_or(MeasurePlan{});
}

std::string fault(std::string_view yaml) {
  const auto plan = read_measures(*parse_yaml(yaml, "m"), "suite.yaml: metrics");
  return plan ? "" : plan.error().message();
}

Comparison compared(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                    const MeasurePlan& plan, const grammar::Contract* contract = nullptr) {
  auto comparison = compare(items, arms, {.contract = contract, .measures = plan});
  EXPECT_TRUE(comparison) << comparison.error().message();
  return comparison.value_or(Comparison{});
}

const MeasureSummary* find(const Comparison& comparison, const std::string& name,
                           std::size_t arm = 0) {
  for (const MeasureSummary& one : comparison.arms[arm].measures) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

ArmResult arm_of(const std::string& name, const std::vector<std::string>& texts) {
  ArmResult arm{.name = name, .answers = {}};
  for (const std::string& text : texts) arm.answers.push_back({.text = text});
  return arm;
}

const std::vector<Item> kTexts = {
    {.id = "1", .input = "a", .reference = "the pump is running and the valve is open"},
    {.id = "2", .input = "b", .reference = "close the valve before you stop the pump"},
    {.id = "3", .input = "c", .reference = "the filter was changed on Monday"}};
const std::vector<std::string> kAnswers = {"the pump runs and the valve is open",
                                           "close the valve before stopping the pump",
                                           "the filter is new"};

TEST(Measures, AreReadFromNamesAndFromNamesWithOptionsAndWrittenBack) {
  const MeasurePlan plan = plan_of("[label, chrf, {faithfulness: {context: abstract}}]");
  EXPECT_EQ(plan.metric, Metric::label);
  ASSERT_EQ(plan.beside.size(), 2u);
  EXPECT_EQ(plan.beside[1].options["context"], "abstract");
  EXPECT_EQ(to_text(to_json(plan)), R"(["label","chrf",{"faithfulness":{"context":"abstract"}}])");
  EXPECT_EQ(plan_of("token_f1").metric, Metric::token_f1);
  EXPECT_FALSE(plan_of("[bleu]").metric);
}

TEST(Measures, FaultsSayWhatIsWanted) {
  EXPECT_NE(fault("[blue]").find("blue; wanted one of field_accuracy"), std::string::npos);
  EXPECT_NE(fault("[label, token_f1]").find("label and token_f1; wanted one of them"),
            std::string::npos);
  EXPECT_NE(fault("[chrf, chrf]").find("chrf twice"), std::string::npos);
  EXPECT_NE(fault("[{chrf: {words: 2}}]").find("the option \"words\"; wanted none"),
            std::string::npos);
  EXPECT_NE(fault("[{tool_calls: {accepted: 3}}]").find("the name of a column"), std::string::npos);
  EXPECT_NE(fault("[{field_f1: {fields: {total: weight}}}]").find("weight"), std::string::npos);
}

TEST(Measures, TextFiguresAreThoseOfTheWholeSetWithTheirSignatures) {
  const Comparison comparison = compared(kTexts, {arm_of("a", kAnswers)},
                                         plan_of("[token_f1, bleu, chrf++, rouge_l, meteor]"));
  metrics::BleuCounts bleu;
  metrics::ChrfCounts chrf;
  double rouge = 0;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    const std::string_view reference = kTexts[i].reference;
    bleu += metrics::bleu_counts(kAnswers[i], {&reference, 1});
    chrf += metrics::chrf_counts(kAnswers[i], {&reference, 1}, {.word_orders = 2});
    rouge += metrics::rouge_l(kAnswers[i], reference).f / 3;
  }
  ASSERT_NE(find(comparison, "bleu"), nullptr);
  EXPECT_DOUBLE_EQ(find(comparison, "bleu")->value.value, metrics::bleu(bleu));
  EXPECT_DOUBLE_EQ(find(comparison, "chrf++")->value.value, metrics::chrf(chrf));
  EXPECT_NEAR(find(comparison, "rouge_l")->value.value, rouge, 1e-12);
  EXPECT_EQ(find(comparison, "bleu")->signature, metrics::bleu_signature(1));
  EXPECT_NE(find(comparison, "meteor")->signature, "");
  for (const MeasureSummary& one : comparison.arms[0].measures) {
    EXPECT_LE(one.value.low, one.value.value) << one.name;
    EXPECT_GE(one.value.high, one.value.value) << one.name;
    EXPECT_LT(one.value.low, one.value.high) << one.name;
  }
}

TEST(Measures, LabelsHaveMacroF1AndMccOfTheLabelReport) {
  std::vector<Item> items;
  std::vector<std::string> wanted, given;
  for (int i = 0; i < 60; ++i) {
    wanted.push_back(i % 5 == 0 ? "maybe" : i % 2 == 0 ? "yes" : "no");
    given.push_back(i % 4 == 0 ? "yes" : i % 11 == 0 ? "(other)" : wanted.back());
    items.push_back({.id = std::to_string(i), .input = "q", .reference = wanted.back()});
  }
  std::vector<std::string> answers = given;
  for (std::string& answer : answers) {
    if (answer == "(other)") answer = "well, perhaps";
  }
  const Comparison comparison = compared(items, {arm_of("a", answers)}, plan_of("label"));
  const metrics::LabelReport report = metrics::label_report(wanted, given);
  EXPECT_NEAR(find(comparison, "macro_f1")->value.value, *report.macro_f1, 1e-12);
  EXPECT_NEAR(find(comparison, "mcc")->value.value, *report.mcc, 1e-12);
  EXPECT_GT(find(comparison, "mcc")->value.low, find(comparison, "mcc")->value.value - 0.4);
}

TEST(Measures, AFigureThatDoesNotApplyIsAbsent) {
  // One label on both sides has no correlation; "yes" makes no claim.
  const std::vector<Item> items = {{.id = "1", .input = "q", .reference = "yes"},
                                   {.id = "2", .input = "q", .reference = "yes"}};
  const Comparison comparison =
      compared(items, {arm_of("a", {"yes", "yes"})}, plan_of("[label, faithfulness]"));
  EXPECT_EQ(find(comparison, "mcc"), nullptr);
  EXPECT_EQ(find(comparison, "unsupported_claims"), nullptr);
  EXPECT_NE(find(comparison, "abstained"), nullptr);
}

TEST(Measures, ClaimsAreHeldAgainstTheItemsContextAndAMissingAnswerMakesNone) {
  std::vector<Item> items;
  for (int i = 0; i < 3; ++i) {
    items.push_back(
        {.id = std::to_string(i),
         .input = "How long did the test take?",
         .reference = "The test took 45 minutes.",
         .side = {{"context", {{"faithfulness", "The test of pump P-101 took 45 minutes."}}}}});
  }
  ArmResult arm = arm_of("a", {"It took 45 minutes.", "It took 90 minutes.", ""});
  arm.answers[2].failure = "timed out";
  const Comparison comparison =
      compared(items, {arm}, plan_of("[token_f1, {faithfulness: {context: c}}]"));
  EXPECT_DOUBLE_EQ(find(comparison, "unsupported_claims")->value.value, 0.5);
  EXPECT_EQ(find(comparison, "abstained")->items, 2);
  EXPECT_DOUBLE_EQ(find(comparison, "abstained")->value.value, 0);
  EXPECT_GT(find(comparison, "abstained")->value.high, 0.5) << "two items prove little";
}

TEST(Measures, EachKeepsToTheContextThatItNames) {
  const auto side = side_of(
      plan_of("[token_f1, {faithfulness: {context: a}}, {terminology: {context: b}}]"),
      {{"a", "facts"}, {"b", "source"}}, nullptr, {.id = "1", .input = "", .reference = ""}, "t");
  ASSERT_TRUE(side) << side.error().message();
  EXPECT_EQ((*side)["context"], Json({{"faithfulness", "facts"}, {"terminology", "source"}}));
}

TEST(Measures, TermsComeFromTheContractsGlossary) {
  const auto contract = grammar::Contract::from_json(
      {{"x-text", true}, {"x-glossary", {{"forbidden", {{"hub", "control unit"}}}}}}, "c");
  ASSERT_TRUE(contract) << contract.error().message();
  const std::vector<Item> items = {
      {.id = "1", .input = "The hub is dark.", .reference = "Restart the control unit."},
      {.id = "2", .input = "The lamp is dark.", .reference = "Change the lamp."}};
  const ArmResult arm = arm_of("a", {"Restart the control unit.", "Change the lamp."});
  const Comparison comparison =
      compared(items, {arm}, plan_of("[token_f1, terminology]"), &*contract);
  EXPECT_DOUBLE_EQ(find(comparison, "terminology")->value.value, 1);
  EXPECT_EQ(find(comparison, "terminology")->items, 1) << "the lamp is no term";
  const auto without = compare(items, {arm}, {.measures = plan_of("[token_f1, terminology]")});
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().message().find("x-glossary"), std::string::npos);
}

TEST(Measures, FieldF1ReadsFieldsUnderTheirComparators) {
  const std::vector<Item> items = {
      {.id = "1", .input = "q", .reference = R"({"day":"2024-03-05","total":10})"}};
  const ArmResult arm = arm_of("a", {R"({"day":"March 5, 2024","total":11})"});
  const Comparison exact = compared(items, {arm}, plan_of("[field_accuracy, field_f1]"));
  EXPECT_DOUBLE_EQ(find(exact, "field_f1")->value.value, 0);
  const Comparison dates =
      compared(items, {arm}, plan_of("[field_accuracy, {field_f1: {fields: {day: date}}}]"));
  EXPECT_DOUBLE_EQ(find(dates, "field_f1")->value.value, 0.5);
}

TEST(Measures, InstructionsHaveTheFourFiguresOfIfeval) {
  const MeasurePlan plan = plan_of("ifeval");
  const Json columns = {
      {"instruction_id_list", {"punctuation:no_comma", "change_case:english_lowercase"}},
      {"kwargs", {Json::object(), Json::object()}}};
  std::vector<Item> items = {{.id = "1", .input = "Say it.", .reference = ""}};
  const auto side = side_of(plan, columns, nullptr, items[0], "row");
  ASSERT_TRUE(side) << side.error().message();
  items[0].side = *side;
  const Comparison comparison = compared(items, {arm_of("a", {"well, all is quiet here"})}, plan);
  EXPECT_DOUBLE_EQ(comparison.arms[0].domain_accuracy.value, 0.5);
  EXPECT_DOUBLE_EQ(comparison.arms[0].exact_match.value, 0);
  EXPECT_DOUBLE_EQ(find(comparison, "instruction_strict")->value.value, 0.5);
  EXPECT_DOUBLE_EQ(find(comparison, "prompt_loose")->value.value, 0);
  const auto missing = side_of(plan, Json::object(), nullptr, items[0], "row 7");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("row 7"), std::string::npos);
}

TEST(Measures, TheDifferenceOfTwoArmsIsOnTheSameItems) {
  std::vector<Item> items;
  std::vector<std::string> good, bad;
  for (int i = 0; i < 40; ++i) {
    items.push_back(
        {.id = std::to_string(i), .input = "q", .reference = i % 2 == 0 ? "yes" : "no"});
    good.push_back(items.back().reference);
    bad.push_back(i % 3 == 0 ? "no" : items.back().reference);
  }
  const Comparison comparison =
      compared(items, {arm_of("zero_shot", bad), arm_of("tuned", good)}, plan_of("label"));
  ASSERT_EQ(comparison.comparisons.size(), 1u);
  ASSERT_EQ(comparison.comparisons[0].measures.size(), 2u);
  const stats::Estimate& gain = comparison.comparisons[0].measures[0].difference;
  EXPECT_NEAR(
      gain.value,
      find(comparison, "macro_f1", 1)->value.value - find(comparison, "macro_f1", 0)->value.value,
      1e-12);
  EXPECT_GT(gain.low, 0);
}

}  // namespace
}  // namespace attune::eval
