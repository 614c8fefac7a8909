// The prefilter of the search for secrets against what it stands for: a look at every place.
#include "data/keyword_filter.h"

#include <bit>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/ascii.h"
#include "base/cpu.h"

namespace attune::data {
namespace {

const std::vector<std::string>& keywords() {
  static const std::vector<std::string> kKeywords = {"@",
                                                     "1-",
                                                     "q~",
                                                     "sk",
                                                     "akia",
                                                     "ghp_",
                                                     "xoxb-",
                                                     "private key",
                                                     "://",
                                                     "api_key",
                                                     ":aa",
                                                     "\xC3\xBC"
                                                     "ber"};
  return kKeywords;
}

// A text of whole blocks, keywords in either case among other characters, and the bytes that are
// read behind it.
std::string random_text(std::mt19937& random, std::size_t blocks) {
  std::string text;
  while (text.size() < blocks * kFilterBlock + kFilterBytes - 1) {
    if (random() % 6 == 0) {
      for (const char c : keywords()[random() % keywords().size()])
        text += random() % 2 == 0 || c < 'a' || c > 'z' ? c : static_cast<char>(c - 32);
    } else {
      text += random() % 3 == 0 ? static_cast<char>(random() % 256) : "etaoin shr19"[random() % 12];
    }
  }
  text.resize(blocks * kFilterBlock + kFilterBytes - 1);
  return text;
}

struct Filtered {
  std::int64_t digits = 0;
  std::vector<std::uint64_t> begins;
  bool operator==(const Filtered&) const = default;
};

Filtered filtered(KeywordFilter filter, const std::string& text, std::size_t blocks) {
  Filtered all{.begins = std::vector<std::uint64_t>(blocks)};
  all.digits = filter(keyword_tables(keywords()), text.data(), blocks, all.begins.data());
  return all;
}

TEST(KeywordFilter, PassesEveryPlaceAtWhichAKeywordBegins) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const std::size_t blocks = 1 + random() % 5;
    const std::string text = random_text(random, blocks);
    const Filtered found = filtered(pick_keyword_filter(), text, blocks);
    const std::string lower = ascii_lower(text);
    std::int64_t digits = 0;
    for (std::size_t at = 0; at < blocks * kFilterBlock; ++at) {
      digits += text[at] >= '0' && text[at] <= '9' ? 1 : 0;
      const bool passed = (found.begins[at / kFilterBlock] >> (at % kFilterBlock) & 1) != 0;
      for (const std::string& keyword : keywords())
        EXPECT_TRUE(passed || lower.compare(at, keyword.size(), keyword) != 0)
            << keyword << " at " << at;
    }
    EXPECT_EQ(found.digits, digits);
  }
}

TEST(KeywordFilter, PassesLittleElse) {
  std::mt19937 random(2);
  std::string text;
  while (text.size() < 64 * kFilterBlock + kFilterBytes - 1)
    text += "etaoinshrdlu wm"[random() % 15];
  const Filtered found = filtered(pick_keyword_filter(), text, 64);
  int passed = 0;
  for (const std::uint64_t bits : found.begins) passed += std::popcount(bits);
  EXPECT_LT(passed, 64 * 64 / 20);
}

TEST(KeywordFilter, GivesTheSameOnEveryInstructionSet) {
  std::mt19937 random(3);
  const Result<Isa> isa = pick_isa();
  for (int round = 0; round < 200; ++round) {
    const std::size_t blocks = 1 + random() % 40;
    const std::string text = random_text(random, blocks);
    const Filtered portable = filtered(portable::filter_keywords, text, blocks);
    if (isa && *isa >= Isa::avx2) {
      EXPECT_EQ(filtered(avx2::filter_keywords, text, blocks), portable);
    }
    if (isa && *isa >= Isa::avx512) {
      EXPECT_EQ(filtered(avx512::filter_keywords, text, blocks), portable);
    }
  }
}

}  // namespace
}  // namespace attune::data
