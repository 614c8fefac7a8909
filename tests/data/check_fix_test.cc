#include "data/check_fix.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/line_patch.h"
#include "io/json_tree.h"
#include "io/temporary_folder.h"

namespace attune::data {
namespace {

using testing_support::TemporaryFolder;

const PiiScanner& scanner() {
  static const PiiScanner kScanner = PiiScanner::built_in().value();
  return kScanner;
}

FixedText fix(std::string_view text, const std::string& source = "t.jsonl",
              PiiPolicy policy = PiiPolicy::report) {
  return fix_text(text, source, {.pii = &scanner(), .pii_policy = policy}).value();
}

std::string row(std::string_view question, std::string_view answer) {
  return fmt::format(
      R"({{"messages": [{{"role": "user", "content": "{}"}}, {{"role": "assistant", "content": "{}"}}]}})",
      question, answer);
}

TEST(FixText, ChangesOnlyWhatIsWrongInARow) {
  const std::string good = row("a", "b");
  const std::string bad =
      R"({"messages": [{"role": "human",  "content": "c\u200bd"}, )"
      R"({"role": "bot", "content": "e"}, {"role": "user", "content": "f"}], "n": 1.0})";
  const FixedText fixed = fix(good + "\n" + bad + "\n");
  EXPECT_EQ(fixed.text, good + "\n" +
                            R"({"messages": [{"role": "user",  "content": "cd"}, )"
                            R"({"role": "assistant", "content": "e"}], "n": 1.0})" +
                            "\n");
  std::string what;
  for (const Mend& mend : fixed.mends) what += fmt::format("{} {}; ", mend.code, mend.path);
  EXPECT_EQ(
      what,
      "D013 messages[2]; D010 messages[0].role; D002 messages[0].content; D010 messages[1].role; ");
}

TEST(FixText, WritesRecordsOneALine) {
  const FixedText fixed =
      fix("[\n  {\"messages\":\n [{\"role\":\"user\", \"content\":\"a\\nb\"}]},\n{}]\n");
  EXPECT_EQ(fixed.text, "{\"messages\":[{\"role\":\"user\", \"content\":\"a\\nb\"}]}\n{}\n");
}

TEST(FixText, ConvertsBytesThatAreNotUtf8) {
  EXPECT_EQ(fix("{\"messages\":[],\"prompt\":\"caf\xE9\"}\n").text,
            "{\"messages\":[],\"prompt\":\"caf\xC3\xA9\"}\n");
  EXPECT_EQ(fix("\xEF\xBB\xBFprompt,completion\ncaf\xE9,a\xE2\x80\x8B\n", "t.csv").text,
            "prompt,completion\ncaf\xC3\xA9,a\n");
}

TEST(FixText, KeepsRowsThatItCannotRead) {
  const std::string text =
      row("a", "b") + "\n{broken\n\"text\"\n" + R"({"messages":[{"role":"bot"}]})" + "\n";
  const FixedText fixed = fix(text);
  EXPECT_EQ(fixed.text, row("a", "b") + "\n{broken\n\"text\"\n" +
                            R"({"messages":[{"role":"assistant"}]})" + "\n");
}

TEST(FixText, MasksOrLeavesOutRowsWithPersonalData) {
  const std::string text =
      row("ann@acme.org?", "Mail ann@acme.org or bob@acme.org.") + "\n" + row("a", "b") + "\n";
  EXPECT_EQ(fix(text).text, text);
  EXPECT_EQ(fix(text, "t.jsonl", PiiPolicy::mask).text,
            row("<EMAIL_1>?", "Mail <EMAIL_1> or <EMAIL_2>.") + "\n" + row("a", "b") + "\n");
  const FixedText dropped = fix(text, "t.jsonl", PiiPolicy::drop);
  EXPECT_EQ(dropped.text, row("a", "b") + "\n");
  EXPECT_EQ(dropped.mends.size(), 1u);
  EXPECT_EQ(mend_log(dropped.mends).find("ann@acme"), std::string::npos);
}

// Files with many faults at once, from parts that are good or broken.
std::string faulty_file(std::mt19937_64& random) {
  constexpr std::array<std::string_view, 12> kRows = {
      R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})",
      R"({"messages":[{"role":"system","content":""},{"role":"system","content":" "},{"role":"human","content":"a\r\nb"},{"role":"gpt","content":"c"}]})",
      R"({"messages":[{"role":"user","weight":1,"content":"a\u0000\u202e"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"tool","content":"d"}]})",
      "{\n  \"messages\": [\n    {\"role\": \"user\", \"content\": \"a\"}\n  ]\n}",
      R"({"messages":[],"messages":[],"id":"x"} {"prompt":"p\u200b","completion":"c"})",
      "{\"prompt\":\"caf\xE9\",\"completion\":\"\x93q\x94\"}",
      R"({"prompt": "raw
line", "completion": "x"})",
      "{broken",
      "",
      "   ",
      R"(["not","an","object"])",
      R"({"role":"a","role":"a","role":"b"})"};
  std::string text = random() % 4 == 0 ? "\xEF\xBB\xBF" : "";
  const bool array = random() % 5 == 0;
  if (array) text += "[\n";
  const auto rows = random() % 7;
  for (std::size_t i = 0; i < rows; ++i) {
    if (i > 0) text += array ? ",\n" : random() % 6 == 0 ? "\r\n" : "\n";
    text += kRows[random() % kRows.size()];
  }
  if (array) text += "\n]";
  if (random() % 3 != 0) text += "\n";
  return text;
}

TEST(FixText, ChangesNothingTheSecondTime) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = faulty_file(random);
    const Result<FixedText> once = fix_text(text, "t.jsonl", {});
    if (!once) continue;
    const Result<FixedText> twice = fix_text(once->text, "t.jsonl", {});
    if (once->text.empty()) continue;
    ASSERT_TRUE(twice) << text;
    ASSERT_EQ(twice->text, once->text) << "from:\n" << text;
  }
}

TEST(LinePatch, ALineThatTheOriginalLacksIsAddedAtItsEnd) {
  LinePatch patch("a\nb\n");
  patch.add_line("a", 1, 1);
  patch.add_line("c", 7, 7);
  EXPECT_EQ(patch.finish("old", "new"), "--- old\n+++ new\n@@ -2,1 +2,1 @@\n-b\n+c\n");
}

TEST(FixText, PatchLeadsBackToTheFileAsItWas) {
  if (std::system("patch --version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "needs the program patch";
  TemporaryFolder folder;
  std::mt19937_64 random(9);
  for (int i = 0; i < 40; ++i) {
    const std::string text = faulty_file(random);
    const Result<FixedText> fixed = fix_text(text, "t.jsonl", {});
    if (!fixed || fixed->patch.empty() || fixed->text.empty()) continue;
    const Path file = folder.write("fixed.jsonl", fixed->text);
    const Path patch = folder.write("fixes.patch", fixed->patch);
    const std::string command =
        fmt::format("patch --binary -s -R {} < {} > /dev/null 2>&1", file.string(), patch.string());
    ASSERT_EQ(std::system(command.c_str()), 0) << text << "\n---\n" << fixed->patch;
    ASSERT_EQ(testing_support::slurp(file), text) << fixed->patch;
  }
}

}  // namespace
}  // namespace attune::data
