#include "text/bpe_trainer.h"

#include <random>

#include <gtest/gtest.h>

#include "shared_files.h"
#include "text/byte_level.h"
#include "text/tokenizer_parts.h"
#include "text/unicode.h"

namespace attune::text {
namespace {

const std::vector<std::string> kSpecial = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};

std::string sample_text() {
  std::mt19937 random(3);
  const std::vector<std::string> words = {"the",  "cat",   "sat",    "on",    "a",
                                          "mat",  "naïve", "Zürich", "1234",  "don't",
                                          "日本", "🙂",  "price",  "prices"};
  std::string text;
  for (int i = 0; i < 20000; ++i) {
    text += words[random() % words.size()];
    text += i % 11 == 0 ? ".\n" : " ";
  }
  return text;
}

Result<TrainedBpe> train(std::int64_t size, const std::string& text) {
  BpeTrainer trainer({.vocabulary_size = size, .special_tokens = kSpecial});
  trainer.add_text(text);
  return trainer.train();
}

// The bytes that ids stand for, before they are made into UTF-8.
std::string bytes_of(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids) {
  std::string bytes;
  for (const std::int32_t id : ids) bytes += byte_level_bytes(tokenizer.token(id)).value_or("?");
  return bytes;
}

Tokenizer trained_tokenizer(const TemporaryFolder& folder) {
  const auto trained = train(400, sample_text());
  EXPECT_TRUE(trained);
  EXPECT_TRUE(write_tokenizer(*trained, {.eos_token = "<|im_end|>"}, folder.path()));
  auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_TRUE(tokenizer) << tokenizer.error().message();
  return std::move(*tokenizer);
}

TEST(BpeTrainer, MergesTheMostFrequentPairFirst) {
  const auto trained = train(3 + 256 + 2, "ab ab ab abc");
  ASSERT_TRUE(trained);
  ASSERT_EQ(trained->merges.size(), 2u);
  EXPECT_EQ(trained->tokens[256], "ab");
  EXPECT_EQ(trained->tokens[257], " ab");
}

TEST(BpeTrainer, PrefersSmallerIdsAmongEquallyFrequentPairs) {
  const auto trained = train(3 + 256 + 1, "xyxy");
  ASSERT_TRUE(trained);
  EXPECT_EQ(trained->tokens[256], "xy");
  const auto tie = train(3 + 256 + 1, "cd cd\nab ab");
  ASSERT_TRUE(tie);
  EXPECT_EQ(tie->tokens[256], "ab");
}

TEST(BpeTrainer, GivesTheSameVocabularyForAnyOrderOfTexts) {
  const std::string one = sample_text();
  const std::string other = "some other words, some other text";
  BpeTrainer first({.vocabulary_size = 380, .special_tokens = kSpecial});
  first.add_text(one);
  first.add_text(other);
  BpeTrainer second({.vocabulary_size = 380, .special_tokens = kSpecial});
  second.add_text(other);
  second.add_text(one);
  EXPECT_EQ(first.train()->tokens, second.train()->tokens);
}

TEST(BpeTrainer, KeepsDigitsSingle) {
  const auto trained = train(500, sample_text());
  ASSERT_TRUE(trained);
  for (std::size_t i = 256; i < trained->tokens.size(); ++i) {
    EXPECT_EQ(trained->tokens[i].find_first_of("0123456789"), std::string::npos);
  }
}

TEST(BpeTrainer, NeverMergesAcrossASpecialToken) {
  const auto trained = train(3 + 256 + 1, "a<|im_end|>b a<|im_end|>b a<|im_end|>b");
  ASSERT_TRUE(trained);
  EXPECT_EQ(trained->tokens[256], " a");
}

TEST(BpeTrainer, RefusesAVocabularySmallerThanTheBytes) {
  const auto trained = train(100, "text");
  ASSERT_FALSE(trained);
  EXPECT_NE(trained.error().message().find("vocabulary size"), std::string::npos);
}

TEST(BpeTrainer, RefusesTheSameSpecialTokenTwice) {
  const BpeTrainer trainer({.vocabulary_size = 300, .special_tokens = {"<a>", "<a>"}});
  EXPECT_FALSE(trainer.train());
}

TEST(BpeTrainer, RefusesAnEndTokenThatIsNotInTheVocabulary) {
  const TemporaryFolder folder;
  const auto trained = train(300, "some text");
  ASSERT_TRUE(trained);
  EXPECT_FALSE(write_tokenizer(*trained, {.eos_token = "</s>"}, folder.path()));
}

TEST(BpeTrainer, WritesAVocabularyThatKeepsEveryText) {
  const TemporaryFolder folder;
  const Tokenizer tokenizer = trained_tokenizer(folder);
  EXPECT_EQ(tokenizer.eos_token(), "<|im_end|>");
  EXPECT_LE(tokenizer.size(), 400);
  EXPECT_GT(tokenizer.size(), 290);
  for (const std::string text : {"", " ", "the cat sat on the mat.\n\n", "1234567",
                                 "naïve 日本 🙂\t\r\n  x", "<|im_end|>", "a\u0301 \u00e1"}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, {}), {}), text);
  }
  EXPECT_LT(tokenizer.encode("the cat sat on the mat", {}).size(), 12u);
}

TEST(BpeTrainer, WritesAVocabularyThatKeepsEveryByte) {
  const TemporaryFolder folder;
  const Tokenizer tokenizer = trained_tokenizer(folder);
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random() % 50, ' ');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const auto ids = tokenizer.encode(bytes, {});
    EXPECT_EQ(bytes_of(tokenizer, ids), bytes);
    EXPECT_EQ(tokenizer.decode(ids, {}), with_replacements(bytes));
  }
}

}  // namespace
}  // namespace attune::text
