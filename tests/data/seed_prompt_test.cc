// The prompts that ask for examples, and the reading of what comes back.
#include "data/seed_prompt.h"

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace attune::data {
namespace {

using testing::HasSubstr;
using testing::Not;

Example seed_row(const std::string& question, const std::string& answer,
                 const std::string& system = "") {
  Example row;
  row.messages = Json::array();
  if (!system.empty()) row.messages.push_back({{"role", "system"}, {"content", system}});
  row.messages.push_back({{"role", "user"}, {"content", question}});
  row.messages.push_back({{"role", "assistant"}, {"content", answer}});
  return row;
}

TEST(SeedPrompts, TheSameNumberGivesTheSamePromptAndOtherNumbersOthers) {
  std::vector<Example> many;
  for (std::size_t i = 0; i < 30; ++i) many.push_back(seed_row(fmt::format("case {}", i), "fine"));
  const SeedPrompts prompts(many, {.shots = 3, .seed = 5});
  EXPECT_EQ(prompts.make(7).messages, SeedPrompts(many, {.shots = 3, .seed = 5}).make(7).messages);
  std::set<std::int64_t> shown;
  std::set<std::string> texts;
  for (std::int64_t number = 0; number < 40; ++number) {
    const SeedPrompt prompt = prompts.make(number);
    EXPECT_EQ(std::set<std::int64_t>(prompt.shots.begin(), prompt.shots.end()).size(), 3u);
    shown.insert(prompt.shots.begin(), prompt.shots.end());
    texts.insert(to_text(prompt.messages));
  }
  EXPECT_GT(shown.size(), 25u);
  EXPECT_EQ(texts.size(), 40u);
}

TEST(SeedPrompts, ShowExamplesOfOneSystemMessageAndTheRules) {
  std::vector<Example> mixed = {seed_row("Where is the parcel?", "delivery"),
                                seed_row("I was charged twice.", "billing"),
                                seed_row("The app closes.", "bug")};
  mixed.push_back(seed_row("Buy milk", "[ ] milk", "Make a list."));
  mixed.push_back(seed_row("Call Ann", "[ ] call Ann", "Make a list."));
  const SeedPrompts prompts(mixed,
                            {.shots = 5, .contract = "Only JSON.", .instruction = "In German."});
  for (std::int64_t number = 0; number < 20; ++number) {
    const SeedPrompt prompt = prompts.make(number);
    const std::string text = prompt.messages[0]["content"];
    EXPECT_THAT(text, HasSubstr("Only JSON."));
    EXPECT_THAT(text, HasSubstr("In German."));
    if (prompt.system == "Make a list.") {
      EXPECT_EQ(prompt.shots.size(), 2u);
      EXPECT_THAT(text, HasSubstr("Make a list."));
      EXPECT_THAT(text, Not(HasSubstr("parcel")));
    } else {
      EXPECT_EQ(prompt.shots.size(), 3u);
      EXPECT_THAT(text, Not(HasSubstr("Buy milk")));
    }
  }
}

TEST(SeedPrompts, RowsWithToolsOrSeveralTurnsAreNotShown) {
  Example turns = seed_row("a", "b");
  turns.messages.push_back({{"role", "user"}, {"content", "c"}});
  turns.messages.push_back({{"role", "assistant"}, {"content", "d"}});
  Example tools = seed_row("a", "b");
  tools.tools = Json::array({{{"type", "function"}}});
  EXPECT_TRUE(can_be_shown(seed_row("a", "b", "s")));
  EXPECT_FALSE(can_be_shown(turns));
  EXPECT_FALSE(can_be_shown(tools));
}

TEST(ReadReply, UnderstandsWhatModelsSend) {
  const struct {
    const char* text;
    const char* question;
    const char* answer;
  } kCases[] = {
      {"<question>Q</question><answer>A</answer>", "Q", "A"},
      {"Here it is:\n<Question>\nQ\n\nmore\n</Question>\n<Answer>\nA\n</Answer>\nDone.",
       "Q\n\nmore", "A"},
      {"<think><question>x</question></think><question>Q</question><answer>A</answer>", "Q", "A"},
      {"<question>Q\n<answer>A</answer>", "Q", "A"},
      {"<question>Q</question><answer>the tag </answer> ends it</answer>", "Q",
       "the tag </answer> ends it"},
      {"<question>Q</question><answer>A</answer>\n<question>R</question><answer>B</answer>", "Q",
       "A"},
      {R"({"question":"Q","answer":{"a":1}})", "Q", R"({"a":1})"},
      {"```json\n{\"instruction\":\"Q\",\"output\":\"A\"}\n```", "Q", "A"},
      {"Question: Q\nAnswer: A\nmore", "Q", "A\nmore"},
      {"**Question:** Q\n\n**Answer:** A", "Q", "A"},
      {"question: the answer: is?\nanswer: yes", "the answer: is?", "yes"},
  };
  for (const auto& test : kCases) {
    const std::optional<WrittenPair> pair = read_reply(test.text);
    ASSERT_TRUE(pair) << test.text;
    EXPECT_EQ(pair->question, test.question) << test.text;
    EXPECT_EQ(pair->answer, test.answer) << test.text;
  }
  for (const char* text :
       {"", "No.", "<question>Q</question>", "<answer>A</answer>",
        "<question>Q</question><answer>A", "{\"question\":\"Q\"}", "[1]", "Answer: A\nQuestion: Q"})
    EXPECT_FALSE(read_reply(text)) << text;
}

TEST(ReadReply, TakesOnlyWhatStandsInTheReplyWhateverItIs) {
  constexpr const char* kPieces[] = {"<question>", "</question>", "<answer>", "</answer>", "a",
                                     "</think>",   "Question:",   "Answer:",  "**",        "\n",
                                     "```",        "\xC3",        " ",        "<",         ":"};
  for (std::uint64_t run = 0; run < 20000; ++run) {
    const RandomStream stream{.seed = run};
    std::string reply;
    for (std::uint64_t i = 0; i < 2 + run % 17; ++i)
      reply += kPieces[stream.below(i, std::size(kPieces))];
    const std::optional<WrittenPair> pair = read_reply(reply);
    if (!pair) continue;
    EXPECT_NE(reply.find(pair->question), std::string::npos) << reply;
    EXPECT_NE(reply.find(pair->answer), std::string::npos) << reply;
  }
}

}  // namespace
}  // namespace attune::data
