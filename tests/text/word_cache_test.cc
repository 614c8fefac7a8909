// Words that were met before give the tokens that they gave the first time, whoever met them.
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "text/tokenizer.h"

namespace attune::text {
namespace {

std::filesystem::path base_model() {
  return std::filesystem::path(ATTUNE_SOURCE_DIR) / "models" / "attune-base";
}

// Words of every length up to a few more bytes than are remembered, many of them again and again.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kLetters = {"a", "e", "i", "n",        "r",
                                                    "s", "t", "X", "\xC3\xA4", "\xE6\xBC\xA2"};
  std::string text;
  for (std::size_t words = 1 + random() % 60; words > 0; --words) {
    const std::size_t length = random() % 10 == 0 ? random() % 70 : random() % 5;
    for (std::size_t i = 0; i < length; ++i) text += kLetters[random() % kLetters.size()];
    text += random() % 8 == 0 ? "\n" : " ";
  }
  return text;
}

TEST(WordCache, GivesTheTokensOfATokenizerThatMetNothing) {
  const auto used = Tokenizer::load(base_model());
  ASSERT_TRUE(used) << used.error().message();
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) used->encode(random_text(random), {});
  for (int i = 0; i < 25; ++i) {
    const std::string text = random_text(random);
    const auto fresh = Tokenizer::load(base_model());
    ASSERT_TRUE(fresh);
    EXPECT_EQ(used->encode(text, {}), fresh->encode(text, {})) << text;
  }
}

TEST(WordCache, IsSharedByThreadsWithoutMixingWords) {
  std::vector<std::string> texts;
  std::mt19937 random(4);
  for (int i = 0; i < 400; ++i) texts.push_back(random_text(random));
  const auto alone = Tokenizer::load(base_model());
  ASSERT_TRUE(alone) << alone.error().message();
  std::vector<std::vector<std::int32_t>> expected;
  for (const std::string& text : texts) expected.push_back(alone->encode(text, {}));
  const auto shared = Tokenizer::load(base_model());
  ASSERT_TRUE(shared);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t thread = 0; thread < wrong.size(); ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::size_t at = (i * 7 + thread * 101) % texts.size();
        wrong[thread] += shared->encode(texts[at], {}) == expected[at] ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace attune::text
