#include "text/unicode.h"

#include <random>

#include <gtest/gtest.h>

#include "text/byte_level.h"
#include "text/regex.h"
#include "text/split_pattern.h"

namespace attune::text {
namespace {

TEST(Unicode, TellsValidFromInvalid) {
  for (const std::string_view good : {"", "a", "é", "日本", "🙂", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  }
  for (const std::string_view bad : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                                     "\xF5\x80\x80\x80", "\xF4\x90\x80\x80", "\xE6\x97", "a\xFF"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
}

TEST(Unicode, ReplacesEachMaximalInvalidPartOnce) {
  EXPECT_EQ(with_replacements("a\xE6\x97z"), "a\uFFFDz");
  EXPECT_EQ(with_replacements("\xF0\x9F\x99"), "\uFFFD");
  EXPECT_EQ(with_replacements("\x80\x80"), "\uFFFD\uFFFD");
  EXPECT_EQ(with_replacements("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
}

TEST(Unicode, FindsTheUnfinishedTail) {
  EXPECT_EQ(unfinished_tail("a"), 0u);
  EXPECT_EQ(unfinished_tail("a\xC3"), 1u);
  EXPECT_EQ(unfinished_tail("a\xF0\x9F\x99"), 3u);
  EXPECT_EQ(unfinished_tail("🙂"), 0u);
  EXPECT_EQ(unfinished_tail("\xED\xA0"), 0u);
  EXPECT_EQ(unfinished_tail("\x80\x80"), 0u);
}

TEST(Unicode, ComposesAndLeavesStrayBytes) {
  EXPECT_EQ(normal_form("e\u0301\xFF"
                        "e\u0301",
                        NormalForm::nfc),
            "\u00e9\xFF\u00e9");
  EXPECT_EQ(normal_form("\u00e9", NormalForm::nfd), "e\u0301");
  EXPECT_EQ(normal_form("\uFB01", NormalForm::nfkc), "fi");
}

TEST(ByteLevel, StandsForEveryByteAndBack) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  const std::string characters = byte_level_characters(bytes);
  EXPECT_TRUE(is_valid_utf8(characters));
  EXPECT_EQ(byte_level_bytes(characters), bytes);
  EXPECT_EQ(byte_level_characters(" a\n"), "ĠaĊ");
  EXPECT_EQ(byte_level_bytes("日"), std::nullopt);
}

// The hand-written matchers against the regular expressions that they stand for.
class WordEnds : public testing::TestWithParam<std::pair<std::string_view, WordEnd>> {};

TEST_P(WordEnds, EqualTheirPatternOnRandomText) {
  const auto [pattern, word_end] = GetParam();
  const auto regex = Regex::compile(pattern, "test");
  ASSERT_TRUE(regex);
  const std::vector<std::string> alphabet = {
      "a",      "B",      "s", "'", "'S",   "É",      "ǅ", "'ll", "'Re", "'ſ", "é",
      "日",     "1",      "٣", "Ⅷ", " ",    " ",      " ", "\n",  "\r",  "\t", "\u00a0",
      "\u3000", "\u0085", ".", "!", "🙂", "\u0301", "_", "²",   "d",   "'v"};
  std::mt19937 random(11);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::size_t i = random() % 20; i > 0; --i) text += alphabet[random() % alphabet.size()];
    std::vector<std::size_t> expected;
    Regex::Search search(*regex, text);
    while (const auto match = search.next()) expected.push_back(match->end);
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at < text.size();) found.push_back(at = word_end(text, at));
    ASSERT_EQ(found, expected) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, WordEnds,
                         testing::Values(std::pair(kGpt2Pattern, &gpt2_word_end),
                                         std::pair(kLlama3Pattern, &llama3_word_end),
                                         std::pair(kQwen2Pattern, &qwen2_word_end),
                                         std::pair(kCopyingPattern, &copying_word_end)));

TEST(Regex, SaysWhereAPatternIsBroken) {
  const auto regex = Regex::compile("a(b", "tokenizer.json: pattern");
  ASSERT_FALSE(regex);
  EXPECT_NE(regex.error().message().find("tokenizer.json: pattern"), std::string::npos);
  EXPECT_NE(regex.error().message().find("byte 3"), std::string::npos);
}

TEST(Regex, GivesUpOnAPatternThatBacktracksWithoutEnd) {
  const auto regex = Regex::compile("(a+)+$", "test");
  ASSERT_TRUE(regex);
  const std::string text = std::string(60, 'a') + "b";
  Regex::Search search(*regex, text);
  EXPECT_EQ(search.next(), std::nullopt);
}

TEST(Regex, WalksOverStrayBytesAndEmptyMatches) {
  const auto words = Regex::compile("\\w+", "test");
  Regex::Search search(*words,
                       "ab\xFF"
                       "cd");
  EXPECT_EQ(search.next()->end, 2u);
  EXPECT_EQ(search.next()->begin, 3u);
  const auto empty = Regex::compile("x*", "test");
  Regex::Search all(*empty, "aéxx");
  int count = 0;
  while (all.next()) ++count;
  EXPECT_EQ(count, 4);
}

}  // namespace
}  // namespace attune::text
