#include "advise/knowledge.h"

#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace attune::advise {
namespace {

Knowledge scan(int count, const std::function<std::string(int)>& prompt,
               const std::function<std::string(int)>& answer) {
  KnowledgeScan scan;
  for (int i = 0; i < count; ++i) scan.add(prompt(i), answer(i));
  return scan.finish();
}

TEST(Knowledge, AnswersWithFactsThatTheirPromptsLackAskForRetrieval) {
  const Knowledge found = scan(
      60, [](int i) { return fmt::format("What does part {} weigh?", i); },
      [](int i) {
        return fmt::format("The part weighs {}.5 kg and is kept as EX-{}.", 20 + i, 4000 + i);
      });
  EXPECT_EQ(found.own, 60);
  EXPECT_TRUE(found.asks_for_retrieval());
  ASSERT_FALSE(found.samples.empty());
}

TEST(Knowledge, FactsThatThePromptBringsAreNoKnowledge) {
  const Knowledge found = scan(
      60,
      [](int i) { return fmt::format("Context: part EX-{} is in store. Where is it?", 4000 + i); },
      [](int i) { return fmt::format("We keep EX-{} in the store.", 4000 + i); });
  EXPECT_EQ(found.with_facts, 60);
  EXPECT_EQ(found.own, 0);
  EXPECT_FALSE(found.asks_for_retrieval());
}

TEST(Knowledge, FactsThatRecurInManyAnswersAreForm) {
  const Knowledge found = scan(
      60,
      [](int i) {
        return fmt::format("Customer {} wants the money back.",
                           std::string(3, static_cast<char>('a' + i % 20)));
      },
      [](int) { return std::string("Please send it back within 30 days, form RF-77."); });
  EXPECT_EQ(found.own, 0);
  EXPECT_FALSE(found.asks_for_retrieval());
}

TEST(Knowledge, ResultsThatWereReckonedAreNoFacts) {
  const Knowledge found = scan(
      60, [](int i) { return fmt::format("Add {} kg and {} kg.", 100 + i, 300 + 7 * i); },
      [](int i) { return fmt::format("Together they weigh {} kg.", 400 + 8 * i); });
  EXPECT_EQ(found.own, 0);
}

TEST(Knowledge, AQuarterIsWantedAndNotByChance) {
  const auto share = [](int every) {
    return scan(
        100, [](int) { return std::string("Tell me about it."); },
        [every](int i) {
          return i % every == 0 ? fmt::format("It is stored as EX-{}.", 4000 + i)
                                : std::string("It is fine.");
        });
  };
  EXPECT_TRUE(share(3).asks_for_retrieval());
  EXPECT_FALSE(share(5).asks_for_retrieval());
}

TEST(Knowledge, FewAnswersSayNothing) {
  const Knowledge found = scan(
      29, [](int) { return std::string("Tell me about it."); },
      [](int i) { return fmt::format("It is stored as EX-{}.", 4000 + i); });
  EXPECT_EQ(found.own, 29);
  EXPECT_FALSE(found.asks_for_retrieval());
}

}  // namespace
}  // namespace attune::advise
