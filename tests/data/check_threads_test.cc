// Rows that are read ahead by several threads give the report that one thread gives.
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/check.h"
#include "data/check_page.h"
#include "io/json.h"

namespace attune::data {
namespace {

const PiiScanner& rules_built_in() {
  static const PiiScanner kRules = PiiScanner::built_in().value();
  return kRules;
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kParts = {"the order",  " of 12,400 units", " arrived",
                                                  "\n",         " <|im_end|>",      "\xE2\x80\x8B",
                                                  " anna@b.eu", " \"quoted\"",      " caf\xC3\xA9",
                                                  " so we",     " +49 170 1234567", "\r\n"};
  std::string text;
  for (std::size_t i = random() % 30; i > 0; --i) text += kParts[random() % kParts.size()];
  return text;
}

std::string random_row(std::mt19937& random) {
  Json messages = Json::array();
  if (random() % 3 == 0) messages.push_back({{"role", "system"}, {"content", "Be brief."}});
  for (std::size_t turns = random() % 3 + 1; turns > 0; --turns) {
    messages.push_back(
        {{"role", random() % 50 == 0 ? "human" : "user"}, {"content", random_text(random)}});
    messages.push_back({{"role", "assistant"}, {"content", random_text(random)}});
  }
  if (random() % 40 == 0) messages.push_back({{"role", "user"}, {"content", "And?"}});
  if (random() % 60 == 0) messages.push_back({{"role", "assistant"}, {"contents", "misspelt"}});
  Json row = {{"messages", messages}};
  if (random() % 5 == 0) row["id"] = fmt::format("row-{}", random() % 1000);
  return to_text(row);
}

// Chat rows with every kind of fault that ends or moves a line.
std::string random_file(unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < (std::size_t{5} << 19)) {
    const std::string row = random_row(random);
    switch (random() % 60) {
      case 0:  // cut off
        text += row.substr(0, row.size() / 2);
        break;
      case 1:  // over two lines
        text += row.substr(0, 13) + "\n " + row.substr(13);
        break;
      case 2:  // two on a line
        text += row + " " + random_row(random);
        break;
      case 3:
        text += row + " behind";
        break;
      case 4:
        break;
      case 5:
        text += "[1, 2]";
        break;
      case 6:
        text += R"({"prompt": "What is it?", "completion": "A ticket."})";
        break;
      default:
        text += row;
    }
    text += random() % 20 == 0 ? "\r\n" : "\n";
  }
  return text;
}

class CheckThreads : public testing::TestWithParam<unsigned> {};

TEST_P(CheckThreads, GiveTheReportOfOneThread) {
  const std::string text = random_file(GetParam());
  CheckOptions options{.pii = &rules_built_in()};
  options.threads = 1;
  const Result<CheckReport> alone = check_text(text, "rows.jsonl", options);
  ASSERT_TRUE(alone) << alone.error().message();
  EXPECT_GT(alone->count(Severity::error), 50);
  for (const int threads : {2, 3, 5}) {
    options.threads = threads;
    const Result<CheckReport> together = check_text(text, "rows.jsonl", options);
    ASSERT_TRUE(together);
    EXPECT_EQ(to_text(check_report_json(*together)), to_text(check_report_json(*alone)))
        << threads << " threads";
    EXPECT_EQ(check_page(*together), check_page(*alone)) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Files, CheckThreads, testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace attune::data
