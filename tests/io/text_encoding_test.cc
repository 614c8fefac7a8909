#include "io/text_encoding.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(Utf8, AcceptsExactlyTheWellFormedCodePoints) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c == 0xD800) c = 0xE000;
    std::string text;
    append_utf8(text, c);
    ASSERT_EQ(utf8_sequence_length(text), text.size()) << static_cast<unsigned>(c);
  }
  for (const std::string_view bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80", "\xE0\x9F\xBF",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xF0\x9F\x98", "\xFF", "\xFE"}) {
    EXPECT_EQ(utf8_sequence_length(bad), 0u);
  }
}

TEST(Utf8, FindsTheFirstWrongByteAtEveryOffset) {
  for (std::size_t offset = 0; offset < 40; ++offset) {
    std::string text(40, 'a');
    text[offset] = '\x80';
    EXPECT_EQ(find_invalid_utf8(text), offset);
  }
  EXPECT_EQ(find_invalid_utf8("caf\xC3\xA9 \xF0\x9F\x98\x80"), std::string_view::npos);
}

TEST(PlaceOf, CountsLinesOfEveryEndingAndColumnsInCharacters) {
  const std::string_view text = "ab\ncd\r\ne\xC3\xA9x\rz";
  EXPECT_EQ(name_place("f", place_of(text, 0)), "f:1:1");
  EXPECT_EQ(name_place("f", place_of(text, 4)), "f:2:2");
  EXPECT_EQ(name_place("f", place_of(text, 7)), "f:3:1");
  EXPECT_EQ(name_place("f", place_of(text, text.find('x'))), "f:3:3");
  EXPECT_EQ(name_place("f", place_of(text, text.find('z'))), "f:4:1");
  EXPECT_EQ(name_place("f", place_of(text, 999, 10)), "f:13:2");
}

TEST(CheckUtf8, NamesPlaceByteLikelyEncodingAndConversion) {
  const Result<void> checked = check_utf8("ok\nprix 3 \x80 le caf\xE9\n", "t.csv");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message(),
            "t.csv:2:8: byte 0x80 is not valid UTF-8 (in Windows-1252 it is '€'); wanted UTF-8 "
            "text. Fix: save the file as "
            "UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8 t.csv > converted");
}

TEST(CheckIsText, NamesTheKindOfABinaryFile) {
  EXPECT_NE(
      check_is_text(std::string_view("PK\x03\x04zz", 6), "t.xlsx").error().found.find("Excel"),
      std::string::npos);
  EXPECT_NE(check_is_text("\x1F\x8Bzz", "t").error().found.find("gzip"), std::string::npos);
  EXPECT_NE(check_is_text("PAR1", "t").error().found.find("Parquet"), std::string::npos);
  EXPECT_NE(check_is_text("\xFF\xFEs\0", "t").error().found.find("UTF-16"), std::string::npos);
  EXPECT_NE(check_is_text(std::string_view("s\0u\0b\0j\0", 8), "t").error().found.find("UTF-16"),
            std::string::npos);
  EXPECT_NE(check_is_text(std::string_view("\0s\0u\0b\0j", 8), "t").error().found.find("UTF-16"),
            std::string::npos);
  EXPECT_TRUE(check_is_text("subject,body\n", "t"));
  EXPECT_TRUE(check_is_text("", "t"));
}

TEST(QuoteForMessage, EscapesAndCutsAtACharacter) {
  EXPECT_EQ(quote_for_message("a\n\t\r\x01\xFF"), "a\\n\\t\\r\\x01\\xFF");
  EXPECT_EQ(quote_for_message("\xC3\xA9\xC3\xA9\xC3\xA9", 3), "\xC3\xA9\xC3\xA9...");
}

}  // namespace
}  // namespace attune
