#include "advise/request_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace attune::advise {
namespace {

RequestLog log_of(const std::string& text) {
  const Result<RequestLog> log = read_request_log(text, "log.jsonl");
  EXPECT_TRUE(log) << log.error().message();
  return *log;
}

TEST(RequestLog, ReadsEveryFormOfALine) {
  const char* lines[] = {
      R"({"request":{"messages":[{"role":"user","content":"Hi"}]},"response":{"choices":[{"message":{"role":"assistant","content":"Yo"}}],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}},"created":1790000000}})",
      R"({"messages":[{"role":"user","content":"Hi"}],"choices":[{"message":{"content":"Yo"}}],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}},"created":1790000000})",
      R"({"input":[{"role":"user","content":"Hi"}],"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Yo"}]}],"usage":{"input_tokens":9,"output_tokens":2,"input_tokens_details":{"cached_tokens":4}},"created_at":1790000000})",
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]},{"role":"assistant","content":"Yo"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}},"timestamp":"2026-09-21T14:13:20Z"})",
      R"({"body":{"messages":[{"role":"user","content":"Hi"}]},"response":"Yo","usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}},"time":1790000000000})",
  };
  for (const char* line : lines) {
    const RequestLog log = log_of(line);
    ASSERT_EQ(log.requests.size(), 1u) << line;
    const LoggedRequest& request = log.requests[0];
    EXPECT_EQ(request.prompt, "user: Hi\n") << line;
    EXPECT_EQ(request.answer, "Yo") << line;
    EXPECT_EQ(request.prompt_tokens, 9) << line;
    EXPECT_EQ(request.output_tokens, 2) << line;
    EXPECT_EQ(request.cached_tokens, 4) << line;
    ASSERT_TRUE(request.seconds) << line;
    EXPECT_EQ(*request.seconds, 1790000000) << line;
  }
}

TEST(RequestLog, PassesOverLinesThatAreNoRequestAndTellsTheFirst) {
  const RequestLog log = log_of(
      "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}\n{\"level\":\"info\"}\nnot json\n");
  EXPECT_EQ(log.requests.size(), 1u);
  EXPECT_EQ(log.passed_over, 2);
  EXPECT_NE(log.first_fault.find("log.jsonl:2: no list \"messages\""), std::string::npos)
      << log.first_fault;
}

TEST(RequestLog, RefusesAFileWithoutAnyRequest) {
  for (const char* text : {"", "\n\n", "{\"a\":1}", "nonsense"}) {
    const Result<RequestLog> log = read_request_log(text, "log.jsonl");
    ASSERT_FALSE(log) << text;
    EXPECT_NE(log.error().message().find("log.jsonl"), std::string::npos);
  }
}

TEST(RequestLog, KeepsTheTextsOfTheFirstRequestsAndTheLengthOfAll) {
  const std::string line = R"({"messages":[{"role":"user","content":"Hi"},)"
                           R"({"role":"assistant","content":"Yo!"}]})"
                           "\n";
  const RequestLog log = read_request_log(line + line, "log.jsonl", 1).value();
  EXPECT_EQ(log.requests[0].prompt, "user: Hi\n");
  EXPECT_EQ(log.requests[1].prompt, "");
  EXPECT_EQ(log.requests[1].prompt_characters, 9);
  EXPECT_EQ(log.requests[1].answer_characters, 3);
}

std::string line_at(std::int64_t seconds, const std::string& more = "") {
  return fmt::format(R"({{"messages":[{{"role":"user","content":"What is it?"}}],"created":{}{}}})",
                     seconds, more) +
         "\n";
}

TEST(LogFigures, RequestsADayAreCountedOverTheDaysOfTheLog) {
  std::string text;
  for (int hour = 0; hour <= 10 * 24; ++hour) text += line_at(1790000000 + hour * 3600);
  const LogFigures figures = measure_log(log_of(text));
  EXPECT_NEAR(*figures.days, 10, 1e-9);
  EXPECT_NEAR(figures.requests_per_day->value, 24, 1e-9);
  EXPECT_NEAR(figures.requests_per_day->low, 24, 1e-9);
}

TEST(LogFigures, AFewHoursOfALogSayHalfToTwiceAsMuch) {
  std::string text;
  for (int i = 0; i <= 100; ++i) text += line_at(1790000000 + i * 60);
  const LogFigures figures = measure_log(log_of(text));
  EXPECT_NEAR(figures.requests_per_day->value, 1440, 1e-6);
  EXPECT_NEAR(figures.requests_per_day->high, 2880, 1e-6);
}

TEST(LogFigures, WithoutTimesTheRateStaysAssumed) {
  const LogFigures figures =
      measure_log(log_of(R"({"messages":[{"role":"user","content":"Hi"}]})"));
  EXPECT_FALSE(figures.requests_per_day);
  Inputs inputs;
  apply_log(figures, inputs);
  EXPECT_EQ(inputs.number(&Variables::requests_per_day).origin, Origin::assumed);
  EXPECT_EQ(inputs.number(&Variables::prompt_tokens).origin, Origin::log);
}

TEST(LogFigures, LinesWithoutUsageAreReckonedByThoseThatHaveIt) {
  // 60 characters of prompt ("user: ...\n" counted) are 20 tokens by the first line.
  const std::string words(53, 'x');
  const std::string message =
      fmt::format(R"("messages":[{{"role":"user","content":"{}"}}])", words);
  const LogFigures figures = measure_log(
      log_of(fmt::format("{{{0},\"usage\":{{\"prompt_tokens\":20}}}}\n{{{0}}}\n", message)));
  EXPECT_NEAR(figures.prompt_tokens.value, 20, 1e-9);
  EXPECT_NEAR(figures.counted_share, 0.5, 1e-9);
}

TEST(LogFigures, WithoutAnyUsageFourCharactersAreATokenWithAWideInterval) {
  const LogFigures figures = measure_log(log_of(
      fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}]}})", std::string(393, 'x'))));
  EXPECT_NEAR(figures.prompt_tokens.value, 100, 1e-9);
  EXPECT_NEAR(figures.prompt_tokens.low, 75, 1e-9);
  EXPECT_NEAR(figures.prompt_tokens.high, 140, 1e-9);
}

TEST(LogFigures, TheCachedShareIsThatOfTheTokensThatWereBilled) {
  const std::string one =
      R"({"messages":[{"role":"user","content":"Hi"}],"usage":{"prompt_tokens":100,"prompt_tokens_details":{"cached_tokens":80}}})";
  const std::string two =
      R"({"messages":[{"role":"user","content":"Hi"}],"usage":{"prompt_tokens":300,"prompt_tokens_details":{"cached_tokens":0}}})";
  EXPECT_NEAR(*measure_log(log_of(one + "\n" + two)).cached_share, 0.2, 1e-12);
}

std::vector<std::string> numbered(const std::string& beginning, int count) {
  std::vector<std::string> prompts;
  for (int i = 0; i < count; ++i)
    prompts.push_back(beginning + static_cast<char>('A' + i % 26) +
                      std::string(99, static_cast<char>('a' + i % 7)));
  return prompts;
}

double share_of(const std::vector<std::string>& prompts) {
  return repeated_prefix_share({prompts.begin(), prompts.end()});
}

TEST(RepeatedPrefix, IsTheShareOfTextThatAllPromptsBeginWith) {
  EXPECT_NEAR(share_of(numbered(std::string(300, 's'), 26)), 0.75, 1e-9);
  EXPECT_NEAR(share_of(numbered("", 26)), 0, 1e-9);
}

TEST(RepeatedPrefix, SeesSeveralTemplatesSideBySide) {
  std::vector<std::string> prompts = numbered(std::string(300, 's'), 20);
  const std::vector<std::string> others = numbered("T" + std::string(99, 't'), 20);
  prompts.insert(prompts.end(), others.begin(), others.end());
  EXPECT_NEAR(share_of(prompts), (20 * 300.0 + 20 * 100) / (20 * 400 + 20 * 200), 1e-9);
}

TEST(RepeatedPrefix, ACopyOrTwoIsNoTemplate) {
  std::vector<std::string> prompts = numbered("", 26);
  prompts.push_back(prompts[3]);
  EXPECT_NEAR(share_of(prompts), 0, 1e-9);
}

TEST(LogFigures, WhatRepeatsBoundsWhatTrainingCanTakeOver) {
  std::string text;
  for (char c = 'a'; c <= 'z'; ++c) {
    text += fmt::format(
        R"({{"messages":[{{"role":"system","content":"{}"}},{{"role":"user","content":"{} asks"}}]}})",
        std::string(190, 's'), std::string(4, c));
    text += "\n";
  }
  Inputs inputs;
  const LogFigures figures = measure_log(log_of(text));
  apply_log(figures, inputs);
  const stats::Estimate saved = inputs.number(&Variables::prompt_saved).range;
  ASSERT_TRUE(figures.repeated_share);
  EXPECT_GT(*figures.repeated_share, 0.9);
  EXPECT_DOUBLE_EQ(saved.high, *figures.repeated_share);
  EXPECT_DOUBLE_EQ(saved.low, *figures.repeated_share / 2);
}

TEST(LogFigures, OneOrTwoRequestsDoNotTellWhatPromptsRepeat) {
  const std::string line =
      R"({"messages":[{"role":"user","content":"How long is the warranty?"}]})";
  Inputs inputs;
  const stats::Estimate assumed = inputs.number(&Variables::prompt_saved).range;
  const LogFigures figures = measure_log(log_of(line + "\n" + line));
  apply_log(figures, inputs);
  EXPECT_FALSE(figures.repeated_share);
  EXPECT_EQ(inputs.number(&Variables::prompt_saved).origin, Origin::assumed);
  EXPECT_EQ(inputs.number(&Variables::prompt_saved).range.value, assumed.value);
}

TEST(Rows, DoNotUndoTheMissingFactsThatALogShows) {
  const auto figures = [](std::int64_t own) {
    LogFigures one;
    one.requests = one.knowledge.answers = 100;
    one.knowledge.own = own;
    const double share = static_cast<double>(own) / 100;
    one.knowledge.own_share = {share, share - 0.05, share + 0.05};
    return one;
  };
  Inputs inputs;
  apply_log(figures(60), inputs);
  apply_rows(figures(0), 0, inputs);
  EXPECT_EQ(inputs.choice(Choice::facts).answer, answer::facts_fixed);
  Inputs other;
  apply_log(figures(0), other);
  apply_rows(figures(60), 0, other);
  EXPECT_EQ(other.choice(Choice::facts).answer, answer::facts_fixed);
}

TEST(Rows, CountThoseWithPersonalData) {
  const RequestLog rows = log_of(
      R"({"messages":[{"role":"user","content":"Mail to anna.meier@meier-sanitaer.de please"},{"role":"assistant","content":"Done"}]})"
      "\n"
      R"({"messages":[{"role":"user","content":"Sort this"},{"role":"assistant","content":"Done"}]})");
  const std::int64_t count = count_rows_with_personal_data(rows).value();
  EXPECT_EQ(count, 1);
  Inputs inputs;
  apply_rows(measure_log(rows), count, inputs);
  EXPECT_EQ(inputs.choice(Choice::pii).answer, answer::pii_present);
  EXPECT_EQ(inputs.number(&Variables::examples).range.value, 2);
}

}  // namespace
}  // namespace attune::advise
