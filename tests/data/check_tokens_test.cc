#include "data/check_tokens.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/check.h"
#include "io/file.h"

namespace attune::data {
namespace {

const text::ChatFormat& base_format() {
  static const text::ChatFormat kFormat =
      text::ChatFormat::load(Path(ATTUNE_SOURCE_DIR) / "models" / "attune-base").value();
  return kFormat;
}

std::vector<std::string> codes_of(std::string_view text, std::int64_t longest) {
  const Result<CheckReport> report =
      check_text(text, "t.jsonl", {.format = &base_format(), .longest = longest});
  std::vector<std::string> codes;
  for (const Finding& finding : report->findings) {
    if (finding.code != "D028") codes.push_back(finding.code);
  }
  return codes;
}

std::string chat_row(std::string_view question, std::string_view answer) {
  return fmt::format(
      R"({{"messages":[{{"role":"user","content":"{}"}},{{"role":"assistant","content":"{}"}}]}})"
      "\n",
      question, answer);
}

std::string many_words(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "word ";
  return text + "end";
}

TEST(TokenCheck, CountsTokensByTheBasesTemplate) {
  EXPECT_EQ(codes_of(chat_row("Tea?", "Yes."), 0), std::vector<std::string>{"D043"});
  const Result<CheckReport> report =
      check_text(chat_row("Tea?", "Yes."), "t.jsonl", {.format = &base_format()});
  EXPECT_NE(report->findings.back().found.find(" tokens in 1 rows"), std::string::npos)
      << report->findings.back().found;
}

TEST(TokenCheck, NamesRowsThatAreCutAndRowsOfWhichNothingIsLeft) {
  EXPECT_EQ(codes_of(chat_row("Tea?", many_words(100)), 64),
            (std::vector<std::string>{"D019", "D043"}));
  EXPECT_EQ(codes_of(chat_row(many_words(100), "Yes."), 64),
            (std::vector<std::string>{"D018", "D019", "D043"}));
}

TEST(TokenCheck, PassesOverRowsThatAreWrongAlready) {
  EXPECT_EQ(codes_of("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n", 64),
            std::vector<std::string>{"D012"});
}

}  // namespace
}  // namespace attune::data
