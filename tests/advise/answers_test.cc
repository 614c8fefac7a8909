#include "advise/answers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "advise/advice_inputs.h"
#include "advise/words.h"
#include "io/file.h"
#include "io/yaml.h"

namespace attune::advise {
namespace {

Result<Inputs> read_answers(const std::string& text) {
  ATTUNE_TRY(const Json document, parse_yaml(text, "answers.yaml"));
  Answers answers;
  ATTUNE_TRY_VOID(answers.read(document, "answers.yaml"));
  Inputs inputs;
  ATTUNE_TRY_VOID(answers.apply(kTestDay, inputs));
  return inputs;
}

TEST(Answers, TheSameFileInYamlAndInJsonGivesTheSameInputs) {
  const Inputs yaml = read_answers(
                          "requests_per_day: [400, 900]\n"
                          "rework: 15 %      # of the outputs\n"
                          "facts: changing\n"
                          "retrainer: no\n")
                          .value();
  const Inputs json = read_answers(R"({"requests_per_day": [400, 900], "rework": 0.15,
                               "facts": "changing", "retrainer": false})")
                          .value();
  for (std::size_t i = 0; i < variable_specs().size(); ++i) {
    EXPECT_EQ(yaml.numbers()[i].range.value, json.numbers()[i].range.value);
    EXPECT_EQ(yaml.numbers()[i].range.low, json.numbers()[i].range.low);
    EXPECT_EQ(yaml.numbers()[i].origin, json.numbers()[i].origin);
  }
  EXPECT_EQ(yaml.choice(Choice::facts).answer, answer::facts_changing);
  EXPECT_EQ(json.choice(Choice::facts).answer, answer::facts_changing);
  EXPECT_EQ(yaml.choice(Choice::retrainer).answer, answer::retrainer_no);
  EXPECT_EQ(json.choice(Choice::retrainer).answer, answer::retrainer_no);
}

TEST(Answers, AnIntervalHasItsMiddleAsItsValueByFactorsWhereTheInputVariesSo) {
  const Inputs inputs =
      read_answers("requests_per_day: [100, 10000]\nrework: [0.1, 0.3]\nwage: [20, 35, 80]")
          .value();
  EXPECT_DOUBLE_EQ(inputs.number(&Variables::requests_per_day).range.value, 1000);
  EXPECT_DOUBLE_EQ(inputs.number(&Variables::rework).range.value, 0.2);
  EXPECT_DOUBLE_EQ(inputs.number(&Variables::wage).range.value, 35);
  EXPECT_DOUBLE_EQ(inputs.number(&Variables::wage).range.high, 80);
}

TEST(Answers, WhatIsLeftEmptyStaysAssumed) {
  const Inputs inputs = read_answers("rework:\nfacts:\nwage: 30").value();
  EXPECT_EQ(inputs.number(&Variables::rework).origin, Origin::assumed);
  EXPECT_EQ(inputs.choice(Choice::facts).origin, Origin::assumed);
  EXPECT_EQ(inputs.number(&Variables::wage).origin, Origin::given);
}

TEST(Answers, TheTemplateIsReadBackAsAFileThatAnswersNothing) {
  const Result<Inputs> inputs = read_answers(answers_template());
  ASSERT_TRUE(inputs) << inputs.error().message();
  for (const Input& input : inputs->numbers()) EXPECT_EQ(input.origin, Origin::assumed);
  for (const VariableSpec& spec : variable_specs())
    EXPECT_NE(answers_template().find(std::string(spec.name) + ":"), std::string::npos);
}

TEST(Answers, TheDocumentListsEveryInputWithItsUnitAndDefault) {
  const std::string page = read_file(ATTUNE_SOURCE_DIR "/docs/advise.md").value();
  for (const VariableSpec& spec : variable_specs()) {
    const std::string row = fmt::format("| `{}` | {} | {} | {} |", spec.name, spec.unit,
                                        range_words(spec, spec.assumed), spec.meaning);
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
  for (const ChoiceSpec& spec : choice_specs()) {
    EXPECT_NE(page.find(fmt::format("| `{}` | `{}`, ", spec.name,
                                    spec.answers[static_cast<std::size_t>(spec.assumed)])),
              std::string::npos)
        << spec.name;
  }
}

TEST(Answers, ReworkAfterTuningBecomesTheShareThatItEnds) {
  // In any order, and as an interval.
  const Inputs inputs = read_answers("rework_after: [0.02, 0.06]\nrework: 0.2").value();
  const stats::Estimate cut = inputs.number(&Variables::rework_cut).range;
  EXPECT_NEAR(cut.value, 0.8, 1e-12);
  EXPECT_NEAR(cut.low, 0.7, 1e-12);
  EXPECT_NEAR(cut.high, 0.9, 1e-12);
}

TEST(Answers, ReworkAfterTuningIsHeldAgainstTheReworkThatAReportFound) {
  Answers answers;
  ASSERT_TRUE(answers.set("rework_after=0.02"));
  Inputs inputs;
  ASSERT_TRUE(answers.apply(kTestDay, inputs));
  inputs.set(&Variables::rework, {0.1, 0.08, 0.12}, Origin::report);
  ASSERT_TRUE(answers.apply_rework_after(inputs));
  EXPECT_NEAR(inputs.number(&Variables::rework_cut).range.value, 0.8, 1e-12);
}

TEST(Answers, WhatIsAssumedFollowsTheAnswersToQuestions) {
  EXPECT_EQ(read_answers("facts: none").value().number(&Variables::rag_cut).range.value, 0);
  EXPECT_GT(read_answers("facts: fixed").value().number(&Variables::rag_cut).range.value, 0.2);
  EXPECT_GT(read_answers("form: syntax").value().number(&Variables::form_share).range.value, 0.8);
  EXPECT_EQ(
      read_answers("facts: none\nrag_cut: 0.5").value().number(&Variables::rag_cut).range.value,
      0.5);
}

TEST(Answers, ADayOfRetirementBecomesTheDaysUntilThen) {
  const Inputs inputs = read_answers("base_retires: 2027-01-06").value();
  EXPECT_EQ(inputs.number(&Variables::base_days_left).range.value, 37);
}

TEST(Answers, PromptWorkIsDoneWhenTheLastTwoChangesGainedLessThanAPoint) {
  const auto prompt = [](const std::string& gains) {
    return read_answers("prompt_gains: " + gains).value().choice(Choice::prompt).answer;
  };
  EXPECT_EQ(prompt("[5, 0.8, 0.3]"), answer::prompt_optimised);
  EXPECT_EQ(prompt("[0.3, 5, 0.8]"), answer::prompt_untried);
  EXPECT_EQ(prompt("[0.2]"), answer::prompt_untried);
}

TEST(Answers, AMeasuredGapIsJudgedByItsInterval) {
  const auto gap = [](const std::string& points) {
    return read_answers("quality_gap: " + points).value().choice(Choice::gap).answer;
  };
  EXPECT_EQ(gap("[2, 12]"), answer::gap_proven);
  EXPECT_EQ(gap("[-3, 13]"), answer::gap_open);
  EXPECT_EQ(gap("[1, 4]"), answer::gap_none);
  EXPECT_EQ(gap("[-9, -2]"), answer::gap_harmful);
}

TEST(Answers, AFaultSaysWhereWhatAndWhatIsAllowed) {
  const struct {
    std::string text, wanted;
  } cases[] = {
      {"reqests_per_day: 3", "did you mean \"requests_per_day\"?"},
      {"rework: 15", "15 % is 0.15"},
      {"rework: [0.3, 0.1]", "[low, high]"},
      {"rework: [0.1, 0.2, 0.3, 0.4]", "[low, value, high]"},
      {"rework: many", "answers.yaml rework"},
      {"rework: {low: 1}", "answers.yaml rework"},
      {"rework: .nan", "a number from 0 to 1"},
      {"requests_per_day: -5", "a number from 0.01"},
      {"facts: sometimes", "one of none, fixed, changing"},
      {"base_retires: soon", "a date as 2027-06-01"},
      {"base_retires: 2027-02-30", "a date as 2027-06-01"},
      {"quality_gap: 5", "points as [low, high]"},
      {"prompt_gains: a lot", "points, such as"},
      {"rework: 0\nrework_after: 0.1", "rework above 0"},
      {"- rework", "a map of inputs"},
  };
  for (const auto& [text, wanted] : cases) {
    const Result<Inputs> inputs = read_answers(text);
    ASSERT_FALSE(inputs) << text;
    EXPECT_NE(inputs.error().message().find(wanted), std::string::npos) << inputs.error().message();
  }
}

TEST(Answers, AssignmentsOfTheCommandLineWinOverTheFile) {
  Answers answers;
  ASSERT_TRUE(answers.read(parse_yaml("rework: 0.1\nmodel: one", "a.yaml").value(), "a.yaml"));
  ASSERT_TRUE(answers.set("rework=0.2..0.4"));
  ASSERT_TRUE(answers.set("model=two"));
  Inputs inputs;
  ASSERT_TRUE(answers.apply(kTestDay, inputs));
  EXPECT_DOUBLE_EQ(inputs.number(&Variables::rework).range.value, 0.3);
  EXPECT_EQ(answers.model(), "two");
  for (const char* wrong : {"rework", "=3", "rework=a..b", "rework=[1"}) {
    const Result<void> set = answers.set(wrong);
    const bool refused = !set || !answers.apply(kTestDay, inputs);
    EXPECT_TRUE(refused) << wrong;
  }
}

TEST(Inputs, AGivenAnswerIsNotOverwrittenByAMeasuredOne) {
  Inputs inputs;
  inputs.set(&Variables::rework, {0.2, 0.2, 0.2}, Origin::given);
  inputs.set(&Variables::rework, {0.9, 0.9, 0.9}, Origin::report);
  EXPECT_EQ(inputs.number(&Variables::rework).range.value, 0.2);
  inputs.set(Choice::facts, answer::facts_none, Origin::given);
  inputs.set(Choice::facts, answer::facts_fixed, Origin::log);
  EXPECT_EQ(inputs.choice(Choice::facts).answer, answer::facts_none);
}

}  // namespace
}  // namespace attune::advise
