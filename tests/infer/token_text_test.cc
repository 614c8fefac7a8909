#include "infer/token_text.h"

#include <gtest/gtest.h>

#include "infer/tiny_tokenizer.h"

namespace attune::infer {
namespace {

// The first two bytes of a euro sign, its last byte, and the whole sign.
text::Tokenizer euro_tokenizer() { return tiny_tokenizer({"\xC3\xA2\xC4\xA4", "\xC2\xAC"}); }

TEST(TokenText, GivesTheBytesOfPartsOfACharacter) {
  const text::Tokenizer tokenizer = euro_tokenizer();
  const TokenText text(tokenizer);
  EXPECT_EQ(text.bytes(95), "\xE2\x82");
  EXPECT_EQ(text.bytes(96), "\xAC");
  EXPECT_EQ(text.bytes(94), " ");
  EXPECT_EQ(text.bytes(*tokenizer.id_of("x")), "x");
  EXPECT_EQ(text.bytes(*tokenizer.id_of("<end>")), "<end>");
  EXPECT_EQ(text.bytes(1000), "");
}

}  // namespace
}  // namespace attune::infer
