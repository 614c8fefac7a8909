#include "data/answer_facts.h"

#include <gtest/gtest.h>

namespace attune::data {
namespace {

std::string facts_in(std::string_view text) {
  std::string all;
  for (const Fact& fact : facts_of(text)) all += std::string(fact.shown) + "|";
  return all;
}

bool says(std::string_view known_text, std::string_view answer) {
  KnownFacts known;
  known.add(known_text);
  for (const Fact& fact : facts_of(answer)) {
    if (!known.says(fact)) return false;
  }
  return true;
}

TEST(FactsOf, FindsNamesNumbersWithUnitsAndCodes) {
  EXPECT_EQ(facts_in("The pump of Nordvent needs 4.2 kW; order EX-4471 in Malmö for 1,299 euro."),
            "Nordvent|4.2 kW|EX-4471|Malmö|1,299 euro|");
}

TEST(FactsOf, LeavesOutWhatSaysNothing) {
  EXPECT_EQ(facts_in("Open Settings.\nChoose 3 of them.\n14. Then go on, the 2nd time as PDF."),
            "Settings|");
  EXPECT_EQ(facts_in("He asked the WHO and two GPs."), "");
  EXPECT_EQ(facts_in("\"Yes\", she said. (No) - Maybe: Certainly"), "");
}

TEST(KnownFacts, ForgivesOtherWaysToSayTheSame) {
  EXPECT_TRUE(says("It weighs 1250 g and comes from Sweden.", "A Swedish thing of 1.25 kg."));
  EXPECT_TRUE(says("cells with the BRAF gene", "Of these the BRAF-mutant cells, a 2-fold dose."));
  EXPECT_TRUE(says("on 3 May 2024", "It is the day 2024-05-03."));
  EXPECT_TRUE(says("0.256 of all", "about 26 % of all"));
  EXPECT_TRUE(says("a 45kW motor", "It has 45 kW."));
}

TEST(KnownFacts, DoesNotSayWhatItLacks) {
  EXPECT_FALSE(says("It needs 2.1 kW.", "It needs 4.2 kW."));
  EXPECT_FALSE(says("It is made in Malmö.", "It is made in Gothenburg."));
  EXPECT_FALSE(says("Order EX-4417 has left.", "The order EX-4471 has left."));
}

}  // namespace
}  // namespace attune::data
