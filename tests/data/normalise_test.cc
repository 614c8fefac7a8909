#include "data/normalise.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "base/random.h"
#include "data/clean_text.h"
#include "data/prepare.h"

namespace attune::data {
namespace {

Example example(std::string_view messages, std::string_view tools = "null") {
  Example e;
  e.messages = parse_json(messages, "messages").value();
  e.tools = parse_json(tools, "tools").value();
  e.source = "t.jsonl";
  e.line = 7;
  e.id = "row 7";
  return e;
}

TEST(CleanText, RepairsAndNamesEachRepair) {
  const struct {
    std::string_view text;
    std::string_view clean;
    std::vector<std::string> changes;
  } kCases[] = {
      {"plain", "plain", {}},
      {"\xEF\xBB\xBFx", "x", {"byte_order_mark"}},
      {std::string_view("a\0b", 3), "ab", {"nul_bytes"}},
      {"a\r\nb\rc", "a\nb\nc", {"line_endings"}},
      {"cafe\xCC\x81", "caf\xC3\xA9", {"unicode_nfc"}},
      {" answer \n\n", "answer", {"outer_space"}},
      {"\n \n  code", "  code", {"outer_space"}},
      {"  code\n", "  code", {"outer_space"}},
      {" \t\n", "", {"outer_space"}},
      {" ", "", {"outer_space"}},
  };
  for (const auto& test : kCases) {
    const CleanText clean = clean_text(test.text);
    EXPECT_EQ(clean.text, test.clean);
    EXPECT_EQ(clean.changes, test.changes) << test.clean;
  }
  EXPECT_EQ(clean_text("a\xE2\x80\x8B"
                       "b")
                .warnings,
            (std::vector<std::string>{"invisible_characters"}));
  EXPECT_EQ(clean_text("a\x07").warnings, (std::vector<std::string>{"control_characters"}));
  EXPECT_TRUE(clean_text("\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB").warnings.empty());
}

TEST(CleanText, ChangesNothingTheSecondTime) {
  const RandomStream stream{.seed = 1, .stream = stream_id("clean"), .step = 0};
  std::uint64_t index = 0;
  const std::vector<std::string> pieces = {
      "a", " ", "\n", "\r", "\t", "e\xCC\x81", "\xEF\xBB\xBF", std::string("\0", 1), "\xC2\xA0"};
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::uint64_t n = stream.below(index++, 8); n > 0; --n)
      text += pieces[stream.below(index++, pieces.size())];
    const CleanText once = clean_text(text);
    const CleanText twice = clean_text(once.text);
    EXPECT_EQ(twice.text, once.text);
    EXPECT_TRUE(twice.changes.empty());
  }
}

TEST(ComparisonKey, IgnoresCaseSpaceAndUnicodeForms) {
  EXPECT_EQ(comparison_key("  Cafe\xCC\x81\r\n au  LAIT "), comparison_key("caf\xC3\xA9 Au\tlait"));
  EXPECT_NE(comparison_key("a b"), comparison_key("ab"));
}

// ASCII has a way of its own, which no other letter may enter.
TEST(ComparisonKey, FoldsAsciiAsItFoldsTextWithOtherLetters) {
  std::mt19937 random(8);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::size_t i = random() % 40; i > 0; --i) text += static_cast<char>(random() % 128);
    EXPECT_EQ(comparison_key(text + "x") + "\xC3\xA9", comparison_key(text + "x\xC3\xA9")) << text;
  }
}

TEST(Normalise, LeavesAStrictRowAlone) {
  Example e = example(
      R"([{"role":"system","content":"S"},{"role":"user","content":"Q","name":"u"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"","tool_call_id":"1"},{"role":"assistant","content":"A","weight":1}])",
      R"([{"type":"function","function":{"name":"f"}}])");
  const std::string before = strict_row(e);
  const Normalised result = normalise(e);
  EXPECT_TRUE(result.kept);
  EXPECT_FALSE(result.changed);
  EXPECT_TRUE(result.findings.empty());
  EXPECT_EQ(strict_row(e), before);
}

TEST(Normalise, DropsWhatCannotBeTrainedAndSaysWhy) {
  const struct {
    const char* messages;
    const char* rule;
    const char* path;
  } kCases[] = {
      {"[]", "no_messages", "messages"},
      {"{}", "no_messages", "messages"},
      {"null", "no_messages", "messages"},
      {"[3]", "wrong_message", "messages[0]"},
      {R"([{"content":"Q"}])", "no_role", "messages[0]"},
      {R"([{"role":3,"content":"Q"}])", "no_role", "messages[0]"},
      {R"([{"role":"user","content":"Q"},{"role":"robot","content":"A"}])", "unknown_role",
       "messages[1].role"},
      {R"([{"role":"user","content":"Q"}])", "no_assistant_turn", "messages"},
      {R"([{"role":"system","content":" "}])", "no_assistant_turn", "messages"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":"  \n"}])", "empty_answer",
       "messages[1].content"},
      {R"([{"role":"user","content":""},{"role":"assistant","content":"A"}])", "empty_question",
       "messages[0].content"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":null}])", "no_content",
       "messages[1].content"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant"}])", "no_content",
       "messages[1].content"},
      {R"([{"role":"user","content":3},{"role":"assistant","content":"A"}])", "no_content",
       "messages[0].content"},
      {R"([{"role":"user","content":[{"type":"image_url","image_url":{}}]},{"role":"assistant","content":"A"}])",
       "not_text", "messages[0].content"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A","weight":2}])",
       "wrong_weight", "messages[1].weight"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A","weight":"1"}])",
       "wrong_weight", "messages[1].weight"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A","weight":0}])",
       "nothing_to_learn", "messages"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A","tool_calls":[{}]}])",
       "wrong_tool_calls", "messages[1].tool_calls"},
      {R"([{"role":"user","content":"Q","tool_calls":3},{"role":"assistant","content":"A"}])",
       "wrong_tool_calls", "messages[0].tool_calls"},
  };
  for (const auto& test : kCases) {
    Example e = example(test.messages);
    const Normalised result = normalise(e);
    EXPECT_FALSE(result.kept) << test.messages;
    ASSERT_FALSE(result.findings.empty());
    const Finding& finding = result.findings.back();
    EXPECT_EQ(finding.rule, test.rule) << test.messages;
    EXPECT_EQ(finding.path, test.path) << test.messages;
    EXPECT_EQ(finding.where, "t.jsonl:7");
    EXPECT_EQ(finding.action, Action::dropped);
    EXPECT_FALSE(finding.found.empty() || finding.wanted.empty() || finding.fix.empty())
        << test.messages;
  }
  Example e =
      example(R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])", R"(["f"])");
  EXPECT_EQ(normalise(e).findings.back().rule, "wrong_tools");
}

TEST(Normalise, RepairsAndReportsEveryChange) {
  const struct {
    const char* messages;
    const char* rule;
    const char* after;
  } kCases[] = {
      {R"([{"role":"human","content":"Q"},{"role":"gpt","content":"A"}])", "role_alias",
       R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
      {R"([{"role":"user","content":[{"type":"text","text":"Q"},{"type":"text","text":"?"}]},{"role":"assistant","content":"A"}])",
       "content_parts", R"([{"role":"user","content":"Q?"},{"role":"assistant","content":"A"}])"},
      {R"([{"role":"user","content":"Q","contnet":"x"},{"role":"assistant","content":"A"}])",
       "unknown_key", R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"},{"role":"user","content":"Thanks"}])",
       "trailing_turns", R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
      {R"([{"role":"system","content":" "},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])",
       "empty_instruction",
       R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
      {R"([{"role":"user","content":"Q","weight":1},{"role":"assistant","content":"A"}])",
       "weight_of_context",
       R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A\r\n"}])", "line_endings",
       R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
      {R"([{"role":"user","content":"Q"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}])",
       "tool_arguments",
       R"([{"role":"user","content":"Q"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}}]}])"},
  };
  for (const auto& test : kCases) {
    Example e = example(test.messages);
    const Normalised result = normalise(e);
    EXPECT_TRUE(result.kept) << test.messages;
    EXPECT_TRUE(result.changed) << test.messages;
    EXPECT_EQ(to_text(e.messages), test.after);
    const bool reported =
        std::any_of(result.findings.begin(), result.findings.end(), [&](const Finding& finding) {
          return finding.rule == test.rule && finding.action == Action::changed;
        });
    EXPECT_TRUE(reported) << test.rule;
    const Normalised again = normalise(e);
    EXPECT_TRUE(again.kept && !again.changed) << test.messages;
  }
}

TEST(Normalise, WarnsAboutAnUnusualOrderAndKeepsTheRow) {
  Example e = example(
      R"([{"role":"user","content":"Q"},{"role":"user","content":"Q2"},{"role":"system","content":"S"},{"role":"assistant","content":"A"}])");
  const Normalised result = normalise(e);
  EXPECT_TRUE(result.kept);
  EXPECT_FALSE(result.changed);
  ASSERT_EQ(result.findings.size(), 2u);
  EXPECT_EQ(result.findings[0].rule, "same_role_twice");
  EXPECT_EQ(result.findings[1].rule, "system_not_first");
}

TEST(FinalAnswer, IsTheLastAssistantContent) {
  EXPECT_EQ(
      final_answer(example(
          R"([{"role":"assistant","content":"a"},{"role":"user","content":"q"},{"role":"assistant","content":"b"}])")),
      "b");
  EXPECT_EQ(final_answer(example("[]")), "");
}

}  // namespace
}  // namespace attune::data
