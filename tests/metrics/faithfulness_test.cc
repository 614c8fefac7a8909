#include "metrics/faithfulness.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"

namespace attune::metrics {
namespace {

std::vector<std::string> atoms_of(std::string_view sentence) {
  std::vector<std::string> found;
  for (const HardAtom& atom : hard_atoms(sentence)) {
    found.push_back(std::string(atom_kind_name(atom.kind)) + " " + atom.canonical);
  }
  return found;
}

using Atoms = std::vector<std::string>;

TEST(HardAtoms, EachKindIsFoundAndHasOneForm) {
  EXPECT_EQ(atoms_of("On 5 March 2024 pump P-101 moved 3.5 kg for Ada Lovelace."),
            (Atoms{"date 2024-03-05", "identifier p101", "number mass:3.5", "name ada lovelace"}));
  EXPECT_EQ(atoms_of("It costs $1,200 or 50 %."), (Atoms{"number USD:1200", "number share:0.5"}));
  EXPECT_EQ(atoms_of("They said \"Open the Door\" twice."), (Atoms{"quote open door"}));
  EXPECT_EQ(atoms_of("Since 2024-03-05 and March 5, 2024."),
            (Atoms{"date 2024-03-05", "date 2024-03-05"}));
  EXPECT_EQ(atoms_of("The WHO and NASA, Paris."), (Atoms{"name who", "name nasa", "name paris"}));
  EXPECT_EQ(atoms_of("The valve is worn."), Atoms{});
  EXPECT_EQ(atoms_of("There are 12 valves."), (Atoms{"number 12"}));
  EXPECT_EQ(atoms_of(""), Atoms{});
}

constexpr const char* kContext =
    "The pump P-101 was installed on 5 March 2024 by Ada Lovelace in Berlin. It moves 3500 g of "
    "water an hour and costs 1,200 EUR. The manual says \"never run it dry\".";

bool supported(std::string_view answer) {
  const AnswerFaithfulness verdict = check_faithfulness(answer, kContext, "When was it installed?");
  EXPECT_GT(verdict.checked, 0) << answer;
  return verdict.unsupported == 0;
}

TEST(Faithfulness, AnAtomIsSupportedHoweverTheContextWritesIt) {
  EXPECT_TRUE(supported("Pump P101 was installed on 2024-03-05."));
  EXPECT_TRUE(supported("It moves 3.5 kg an hour."));
  EXPECT_TRUE(supported("It costs 1200 EUR."));
  EXPECT_TRUE(supported("It was installed by Ada Lovelace."));
  EXPECT_TRUE(supported("The manual says \"Never run it dry.\""));
}

TEST(Faithfulness, APossessiveAListNumberAndAYearBeforeInAreNoInventions) {
  const std::string context = "Ada Lovelace wrote notes in London in 2019. The pump is in Berlin.";
  for (const char* answer : {"The notes are Ada Lovelace's.", "1. The pump is in Berlin.",
                             "Notes of 2019 in London exist."})
    EXPECT_EQ(check_faithfulness(answer, context, "").unsupported, 0) << answer;
}

TEST(Faithfulness, AMadeUpAtomMakesItsClaimUnsupported) {
  EXPECT_FALSE(supported("It was installed on 6 March 2024."));
  EXPECT_FALSE(supported("It moves 4 kg an hour."));
  EXPECT_FALSE(supported("It costs 1200 $."));
  EXPECT_FALSE(supported("Pump P-102 was installed."));
  EXPECT_FALSE(supported("It stands in Hamburg."));
  EXPECT_FALSE(supported("The manual says \"always run it dry\"."));
}

TEST(Faithfulness, RatesCountClaimsAndAnswers) {
  FaithfulnessTotals totals;
  totals.add(check_faithfulness("It is in Berlin. It costs 99 EUR.", kContext, ""), true);
  totals.add(check_faithfulness("It is in Berlin.", kContext, ""), true);
  totals.add(check_faithfulness("I don\u2019t know.", kContext, ""), false);
  totals.add(check_faithfulness("I cannot answer that.", kContext, ""), true);
  totals.add(check_faithfulness("It is red.", kContext, ""), false);
  EXPECT_NEAR(*totals.claim_rate(), 1.0 / 3, 1e-12);
  EXPECT_EQ(totals.response_rate(), 0.5);
  EXPECT_NEAR(*totals.answer_rate(), 0.6, 1e-12);
  EXPECT_EQ(totals.right_refusals, 1);
  EXPECT_EQ(totals.wrong_refusals, 1);
  EXPECT_EQ(totals.unfounded_answers, 1);
}

TEST(Faithfulness, WhatIsUndefinedIsAbsentAndNeverNaN) {
  const FaithfulnessTotals nothing;
  EXPECT_FALSE(nothing.claim_rate() || nothing.response_rate() || nothing.k_precision() ||
               nothing.answer_rate());
  const AnswerFaithfulness vague = check_faithfulness("It is rather nice.", kContext, "");
  EXPECT_EQ(vague.checked, 0);
  EXPECT_FALSE(vague.unsupported_share);
  const AnswerFaithfulness refusal = check_faithfulness("", kContext, "");
  EXPECT_TRUE(refusal.abstained);
  EXPECT_FALSE(refusal.unsupported_share || refusal.k_precision);
}

TEST(Faithfulness, AThresholdOnWordsChecksClaimsWithoutAtoms) {
  const FaithfulnessOptions options{.least_precision = 0.5, .fewest_content_words = 3};
  EXPECT_EQ(check_faithfulness("The purple elephant dances.", kContext, "", options).unsupported,
            1);
  EXPECT_EQ(check_faithfulness("The pump moves water.", kContext, "", options).unsupported, 0);
}

TEST(Faithfulness, AnAnswerInOtherWordsThroughoutIsUnsupported) {
  const AnswerFaithfulness verdict =
      check_faithfulness("Purple elephants dance merrily around seven golden castles.",
                         "The pump moves water to the upper tank of the plant.", "");
  EXPECT_EQ(verdict.unsupported, 1);
  // Too few words to tell.
  EXPECT_EQ(check_faithfulness("Yes, certainly.", "The pump moves water.", "").checked, 0);
}

TEST(Faithfulness, TheOppositeOfASentenceOfTheContextIsContradicted) {
  constexpr std::string_view kManual =
      "The upper valve is not closed during the first test. The lower valve was checked twice.";
  const auto contradicted = [&](std::string_view answer) {
    return check_faithfulness(answer, kManual, "").claims.at(0).contradicted;
  };
  EXPECT_EQ(contradicted("The upper valve is closed during the first test."),
            "The upper valve is not closed during the first test.");
  EXPECT_EQ(contradicted("The upper valve isn't closed during the first test."), "");
  EXPECT_EQ(contradicted("The lower valve was never checked twice."),
            "The lower valve was checked twice.");
  EXPECT_EQ(contradicted("The valve is closed."), "");
}

TEST(Faithfulness, NumbersBehindSignsOfRelationAreLookedUp) {
  constexpr std::string_view kStudy = "The groups differed (p<0.05, n=40), 3.1+/-0.5 against 4.2.";
  EXPECT_EQ(check_faithfulness("They differed (p<0.05).", kStudy, "").unsupported, 0);
  EXPECT_EQ(check_faithfulness("They differed (p<0.01).", kStudy, "").unsupported, 1);
  EXPECT_EQ(check_faithfulness("It was 3.1 +/- 0.6.", kStudy, "").unsupported, 1);
}

TEST(Faithfulness, TheFirstWordOfASentenceNeedNotBelongToTheName) {
  constexpr std::string_view kNote = "The CSF Institute in Bern reports.";
  EXPECT_EQ(check_faithfulness("Low CSF pressure was found.", kNote, "").unsupported, 0);
  EXPECT_EQ(check_faithfulness("Low PET pressure was found.", kNote, "").unsupported, 1);
}

TEST(Faithfulness, ALongAnswerThatMentionsDoubtIsNoAbstention) {
  std::string answer = "The cause is not mentioned, but";
  for (int i = 0; i < 60; ++i) answer += " the pump moves water";
  EXPECT_FALSE(is_abstention(answer));
  EXPECT_TRUE(is_abstention("That is not mentioned in the text."));
}

TEST(Faithfulness, KPrecisionIsTheShareOfTokensInTheKnowledge) {
  const AnswerFaithfulness verdict = check_faithfulness("pump moves purple water", kContext, "");
  EXPECT_EQ(verdict.k_precision, 0.75);
}

// An answer that repeats the context is supported; random bytes do no harm.
TEST(Faithfulness, AnyTextIsSupportedByItself) {
  constexpr std::string_view kAlphabet = "AbC1 2.,-\"$%kg\n:/(;Mar\xE2\x80\x9C\xFF";
  for (std::uint32_t step = 0; step < 3000; ++step) {
    const RandomStream stream{.seed = 10, .stream = stream_id("faithfulness"), .step = step};
    std::string text;
    for (std::uint64_t i = 0; i < stream.below(0, 60); ++i) {
      text += kAlphabet[stream.below(i + 1, kAlphabet.size())];
    }
    const AnswerFaithfulness verdict = check_faithfulness(text, text, "");
    EXPECT_EQ(verdict.unsupported, 0) << text;
    EXPECT_FALSE(verdict.unsupported_share && std::isnan(*verdict.unsupported_share));
  }
}

}  // namespace
}  // namespace attune::metrics
