// The Jensen-Shannon distances are scipy 1.17's (scipy.spatial.distance.jensenshannon, base 2).
#include "metrics/consistency.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "io/json.h"
#include "metrics/output_agreement.h"
#include "metrics/paraphrases.h"
#include "metrics/sentences.h"
#include "metrics/style_profile.h"
#include "metrics/tokens.h"

namespace attune::metrics {
namespace {

TEST(OutputAgreement, DecisionFieldsDecideForJson) {
  const OutputRule rule{.as = OutputKind::json, .decision_fields = {"/priority"}};
  const std::vector<std::string> outputs = {R"({"priority": "high", "note": "a"})",
                                            R"(Sure: {"note": "b", "priority": "high"})",
                                            R"({"priority": "low"})", "no json"};
  EXPECT_NEAR(*mean_agreement(outputs, rule), 1.0 / 6, 1e-12);
  EXPECT_NEAR(*mean_agreement(std::vector<std::string>(outputs.begin(), outputs.begin() + 2), rule),
              1, 1e-12);
}

TEST(OutputAgreement, LabelsAgreeAfterNormalisationAndTextsByTheirTokens) {
  const std::vector<std::string> labels = {"Billing.", "billing", "Delivery"};
  EXPECT_NEAR(*mean_agreement(labels, {.as = OutputKind::label}), 1.0 / 3, 1e-12);
  const std::vector<std::string> texts = {"red car", "red bus"};
  EXPECT_NEAR(*mean_agreement(texts, {.as = OutputKind::text}), 0.5, 1e-12);
  EXPECT_FALSE(mean_agreement(std::vector<std::string>{"one"}, {}));
}

TEST(OutputAgreement, AModeChosenWithProbabilityQAgreesAboutQSquared) {
  std::vector<std::string> outputs(100, "yes");
  for (int i = 0; i < 21; ++i) outputs[static_cast<std::size_t>(i)] = "other" + std::to_string(i);
  EXPECT_NEAR(*mean_agreement(outputs, {.as = OutputKind::label}), 0.79 * 0.79, 0.005);
}

TEST(OutputAgreement, PassPowerKIsTheChanceThatAllAreRight) {
  EXPECT_NEAR(*pass_power_k(7, 10, 3), 35.0 / 120, 1e-12);
  EXPECT_EQ(pass_power_k(2, 10, 3), 0);
  EXPECT_EQ(pass_power_k(5, 5, 5), 1);
  EXPECT_FALSE(pass_power_k(5, 5, 6));
  EXPECT_FALSE(pass_power_k(5, 5, 0));
}

TEST(StyleProfile, DistancesAgreeWithScipy) {
  const std::vector<double> even = {0.5, 0.5};
  const std::vector<double> one = {1, 0};
  const std::vector<double> other = {0, 1};
  EXPECT_NEAR(jensen_shannon_distance(even, one), 0.5579230452841438, 1e-12);
  EXPECT_NEAR(jensen_shannon_distance(one, other), 1, 1e-12);
  EXPECT_EQ(jensen_shannon_distance(even, even), 0);
  EXPECT_NEAR(
      jensen_shannon_distance(std::vector<double>{.2, .3, .5}, std::vector<double>{.1, .1, .8}),
      0.2742192679775268, 1e-12);
}

TEST(StyleProfile, AnAnswerInTheHouseStyleIsStableAndAnotherIsNot) {
  const std::vector<std::string> house = {"# Cause\nThe valve is worn.\n# Fix\nReplace the valve.",
                                          "# Cause\nThe pump is dry.\n# Fix\nFill the pump."};
  const StyleProfile profile = *mean_profile(house);
  const std::vector<std::string> same = {"# Cause\nThe seal is old.\n# Fix\nReplace the seal."};
  const std::vector<std::string> other = {
      "Well, I think you might want to look at the valve, and then maybe at the pump as well, "
      "because I have seen this before! Do you want me to go on?"};
  EXPECT_NEAR(*style_stability(house, profile), 1, 1e-9);
  EXPECT_GT(*style_stability(same, profile), 0.9);
  EXPECT_LT(*style_stability(other, profile), 0.5);
  EXPECT_FALSE(style_stability({}, profile));
  EXPECT_FALSE(mean_profile({}));
}

TEST(StyleProfile, TermsAndClosingFormulasCountWhereTheHouseHasThem) {
  const auto glossary = grammar::Glossary::compile(
      Json::parse(R"({"preferred": ["sign-in"], "forbidden": {"log-in": "sign-in"}})"), "test");
  const StyleOptions options{.glossary = &*glossary, .closing_formulas = {"Kind regards"}};
  const std::vector<std::string> house = {"Use the sign-in page.\nKind regards, Ada"};
  const StyleProfile profile = *mean_profile(house, options);
  const std::vector<std::string> wrong = {"Use the log-in page.\nCheers, Ada"};
  EXPECT_LT(*style_stability(wrong, profile, options), *style_stability(house, profile, options));
}

TEST(Drift, ComplianceIsHeldAgainstTheFirstTurn) {
  const Drift steady = *drift(std::vector<double>{0.8, 0.8, 0.9, 0.8});
  EXPECT_EQ(steady.kept, 1);
  EXPECT_FALSE(steady.half_life);
  const Drift falling = *drift(std::vector<double>{1, 0.8, 0.6, 0.4});
  EXPECT_NEAR(falling.kept, 0.7, 1e-12);
  EXPECT_NEAR(falling.slope, -0.2, 1e-12);
  EXPECT_NEAR(*falling.half_life, 3.5, 1e-12);
  EXPECT_EQ(drift(std::vector<double>{0, 0})->kept, 0);
  EXPECT_FALSE(drift({}));
}

ConsistencyItem item(double a, double b, double c, double d, double e) {
  return {.parts = {a, b, c, d, e}, .answers = 5, .right = c == 1 ? 5 : 0};
}

TEST(Consistency, TheScoreIsTenTimesTheWeightedGeometricMean) {
  const std::vector<ConsistencyItem> items = {item(1, 0.8, 1, 0.9, 1), item(0.6, 0.8, 0, 0.7, 0.8)};
  const ConsistencyScore score = consistency(items);
  const double wanted = 10 * std::pow(0.8, 0.25) * std::pow(0.8, 0.25) * std::pow(0.5, 0.2) *
                        std::pow(0.8, 0.15) * std::pow(0.9, 0.15);
  EXPECT_NEAR(score.score->value, wanted, 1e-12);
  EXPECT_LE(score.score->low, score.score->value);
  EXPECT_GE(score.score->high, score.score->value);
  EXPECT_NEAR(score.parts[0]->value, 0.8, 1e-12);
  EXPECT_EQ(score.consistently_right.value, 0.5);
  EXPECT_EQ(score.consistently_wrong.value, 0.5);
  EXPECT_TRUE(score.missing.empty());
}

TEST(Consistency, OnePartAtZeroMakesTheScoreZero) {
  EXPECT_EQ(consistency_of_parts({1.0, 1.0, 0.0, 1.0, 1.0}), 0);
  EXPECT_EQ(consistency_of_parts({1.0, 1.0, 1.0, 1.0, 1.0}), 10);
}

TEST(Consistency, APartThatNoItemHasLeavesTheScoreAbsentAndIsNamed) {
  ConsistencyItem one = item(1, 1, 1, 1, 1);
  one.parts[4].reset();
  const ConsistencyScore score = consistency(std::vector<ConsistencyItem>{one});
  EXPECT_FALSE(score.score);
  EXPECT_EQ(score.missing, std::vector<std::string>{"drift"});
  EXPECT_EQ(score.parts[0]->value, 1);
  EXPECT_EQ(consistency({}).missing.size(), kConsistencyParts);
}

TEST(Consistency, TheIntervalNarrowsWithMoreItemsAndRepeatsWithTheSeed) {
  std::vector<ConsistencyItem> items;
  for (int i = 0; i < 200; ++i) items.push_back(item(i % 2 ? 1 : 0.5, 0.8, 1, 0.9, 1));
  const ConsistencyScore many = consistency(items);
  const ConsistencyScore few = consistency({items.data(), 10});
  EXPECT_LT(many.score->high - many.score->low, few.score->high - few.score->low);
  EXPECT_EQ(consistency(items).score->low, many.score->low);
  EXPECT_GT(few.score->high, few.score->low);
}

std::vector<std::string> sorted_words(std::string_view text) {
  Tokens words = word_tokens(text);
  std::sort(words.begin(), words.end());
  return words;
}

TEST(Paraphrases, EveryRuleKeepsWhatTheInputSays) {
  const std::string input = "Show the order 12-B.\nIt is wrong!";
  std::vector<std::string> rules;
  for (const Paraphrase& one : paraphrases(input)) {
    rules.push_back(one.rule);
    EXPECT_NE(one.text, input);
    if (one.rule == "frame") {
      EXPECT_NE(one.text.find(input), std::string::npos);
    } else if (one.rule != "synonym") {
      EXPECT_EQ(sorted_words(one.text), sorted_words(input)) << one.text;
    }
  }
  EXPECT_EQ(rules, (std::vector<std::string>{"case", "punctuation", "spacing", "synonym", "synonym",
                                             "frame", "frame"}));
}

TEST(Paraphrases, JsonChangesOrderAndSpacingAlone) {
  const std::string input = R"({"b":1,"a":[2,{"d":3,"c":4}]})";
  const std::vector<Paraphrase> variants = paraphrases(input);
  ASSERT_EQ(variants.size(), 2u);
  for (const Paraphrase& one : variants) {
    EXPECT_EQ(nlohmann::json::parse(one.text), nlohmann::json::parse(input)) << one.rule;
  }
  EXPECT_EQ(variants[0].text, R"({"a":[2,{"c":4,"d":3}],"b":1})");
}

TEST(Paraphrases, LinesOfFieldsAreReversedAndOtherLinesAreNot) {
  const auto order = [](std::string_view input) {
    for (const Paraphrase& one : paraphrases(input)) {
      if (one.rule == "order") return one.text;
    }
    return std::string();
  };
  EXPECT_EQ(order("Name: Ada\nOrder: 12"), "Order: 12\nName: Ada");
  EXPECT_EQ(order("First do this.\nThen do that."), "");
  EXPECT_TRUE(paraphrases("").empty());
  EXPECT_TRUE(paraphrases("  \n").empty());
}

TEST(Sentences, BordersAreWhereAReaderSeesThem) {
  const auto cut = [](std::string_view text) {
    const auto views = sentences_of(text);
    return std::vector<std::string>(views.begin(), views.end());
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(cut("One. Two! Three?"), (Texts{"One.", "Two!", "Three?"}));
  EXPECT_EQ(cut("Dr. Smith paid 3.5 kg. He left."), (Texts{"Dr. Smith paid 3.5 kg.", "He left."}));
  EXPECT_EQ(cut("He said \"Go.\" She went."), (Texts{"He said \"Go.\"", "She went."}));
  EXPECT_EQ(cut("Well... maybe. J. Doe knows, e.g. him."),
            (Texts{"Well... maybe.", "J. Doe knows, e.g. him."}));
  EXPECT_EQ(cut("Title\n\nText"), (Texts{"Title", "Text"}));
  EXPECT_EQ(cut("1. First\n2. Second"), (Texts{"1. First\n2. Second"}));
  EXPECT_EQ(cut(""), Texts{});
  EXPECT_EQ(cut("?!"), Texts{"?!"});
}

TEST(Consistency, AnyTextHasAProfileSentencesAndParaphrases) {
  constexpr std::string_view kAlphabet = "abI.!? \n\n\"'#-*|`1{}[]:\xC3\xA9\xFF";
  for (std::uint32_t step = 0; step < 3000; ++step) {
    const RandomStream stream{.seed = 6, .stream = stream_id("consistency text"), .step = step};
    std::string text;
    for (std::uint64_t i = 0; i < stream.below(0, 80); ++i) {
      text += kAlphabet[stream.below(i + 1, kAlphabet.size())];
    }
    for (const std::vector<double>& histogram : style_profile(text)) {
      double sum = 0;
      for (double value : histogram) sum += value;
      EXPECT_NEAR(sum, 1, 1e-9);
    }
    for (const Paraphrase& one : paraphrases(text)) EXPECT_NE(one.text, text);
    sentences_of(text);
  }
}

}  // namespace
}  // namespace attune::metrics
