#include "wire/completions.h"

#include <gtest/gtest.h>

#include "wire/support.h"

namespace attune::wire {
namespace {

const char* const kSmall = R"({"model":"tiny","prompt":"Once"})";

std::string outcome_of(std::string_view changes) {
  return outcome(parse_completion_request(with(json(kSmall), changes)));
}

using Tokens = std::vector<std::int32_t>;

TEST(CompletionRequests, ReadEveryFormOfPrompt) {
  const auto prompts = [](std::string_view changes) {
    const auto request = parse_completion_request(with(json(kSmall), changes));
    EXPECT_TRUE(request.has_value()) << (request ? "" : request.error().message);
    return request ? request->prompts : std::vector<TextOrTokens>();
  };
  EXPECT_EQ(prompts("{}"), (std::vector<TextOrTokens>{"Once"}));
  EXPECT_EQ(prompts(R"({"prompt":["a",""]})"), (std::vector<TextOrTokens>{"a", ""}));
  EXPECT_EQ(prompts(R"({"prompt":[1,2]})"), (std::vector<TextOrTokens>{Tokens{1, 2}}));
  EXPECT_EQ(prompts(R"({"prompt":[[1,2],[3]]})"),
            (std::vector<TextOrTokens>{Tokens{1, 2}, Tokens{3}}));
  EXPECT_EQ(prompts(R"({"prompt":null})"), (std::vector<TextOrTokens>{Tokens{}}));
}

TEST(CompletionRequests, RefuseWhatIsNoPrompt) {
  EXPECT_EQ(outcome(parse_completion_request(json(R"({"model":"tiny"})"))),
            "prompt missing_required_parameter");
  EXPECT_EQ(outcome_of(R"({"prompt":[]})"), "prompt empty_array");
  EXPECT_EQ(outcome_of(R"({"prompt":[[]]})"), "prompt[0] empty_array");
  EXPECT_EQ(outcome_of(R"({"prompt":["a",1]})"), "prompt[1] invalid_type");
  EXPECT_EQ(outcome_of(R"({"prompt":[1,"a"]})"), "prompt[1] invalid_type");
  EXPECT_EQ(outcome_of(R"({"prompt":[1,1.5]})"), "prompt[1] invalid_type");
  EXPECT_EQ(outcome_of(R"({"prompt":[-1]})"), "prompt[0] integer_below_min_value");
  EXPECT_EQ(outcome_of(R"({"prompt":[4294967296]})"), "prompt[0] integer_above_max_value");
  EXPECT_EQ(outcome_of(R"({"prompt":[18446744073709551615]})"),
            "prompt[0] integer_above_max_value");
  EXPECT_EQ(outcome_of(R"({"prompt":[[1],["a"]]})"), "prompt[1][0] invalid_type");
  EXPECT_EQ(outcome_of(R"({"prompt":[null]})"), "prompt[0] invalid_type");
  EXPECT_EQ(outcome_of(R"({"prompt":{"text":"a"}})"), "prompt invalid_type");
  std::string many = "[";
  for (int i = 0; i < 2049; ++i) many += "\"\",";
  many.back() = ']';
  EXPECT_EQ(outcome_of(R"({"prompt":)" + many + "}"), "prompt array_above_max_length");
}

TEST(CompletionRequests, AskForThePromptsOwnProbabilities) {
  const auto request = parse_completion_request(with(
      json(kSmall), R"({"echo":true,"logprobs":1,"max_tokens":0,"temperature":0,"seed":1234})"));
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(request->echo);
  EXPECT_EQ(request->logprobs, 1);
  EXPECT_EQ(request->sampling.max_tokens, 0);
}

TEST(CompletionRequests, HaveTheDefaultsOfTheSpecification) {
  const auto request = parse_completion_request(json(kSmall));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->sampling.max_tokens, 16);
  EXPECT_EQ(request->best_of, 1);
  EXPECT_FALSE(request->logprobs.has_value());
}

TEST(CompletionRequests, KeepTheLimits) {
  EXPECT_EQ(outcome_of(R"({"logprobs":6})"), "logprobs integer_above_max_value");
  EXPECT_EQ(outcome_of(R"({"logprobs":true})"), "logprobs invalid_type");
  EXPECT_EQ(outcome_of(R"({"max_tokens":-1})"), "max_tokens integer_below_min_value");
  EXPECT_EQ(outcome_of(R"({"best_of":21})"), "best_of integer_above_max_value");
  EXPECT_EQ(outcome_of(R"({"best_of":1,"n":2})"), "best_of invalid_value");
  EXPECT_EQ(outcome_of(R"({"best_of":3,"stream":true})"), "best_of invalid_value");
  EXPECT_EQ(outcome_of(R"({"best_of":0})"), "accepted");
  EXPECT_EQ(outcome_of(R"({"n":3})"), "accepted");
  EXPECT_EQ(outcome_of(R"({"suffix":""})"), "accepted");
  EXPECT_EQ(outcome_of(R"({"suffix":"end"})"), "suffix unsupported_parameter");
  EXPECT_EQ(outcome_of(R"({"messages":[]})"), "messages unknown_parameter");
}

const AnswerHead kHead = {.id = "cmpl-1", .created = 1589478378, .model = "tiny"};

TEST(CompletionAnswers, HaveThePublishedForm) {
  const Json answer =
      completion_response(kHead, {{.index = 0, .text = "\n\nIndeed", .finish_reason = "length"}},
                          {.prompt_tokens = 5, .completion_tokens = 7});
  EXPECT_EQ(answer["object"], "text_completion");
  EXPECT_EQ(answer["choices"], json(R"([{"text":"\n\nIndeed","index":0,"logprobs":null,
                                         "finish_reason":"length"}])"));
  EXPECT_EQ(answer["usage"]["total_tokens"], 12);
}

TEST(CompletionAnswers, ShowTheLogprobsOfAnEcho) {
  CompletionChoice choice{.index = 0, .text = "Où est"};
  choice.logprobs.emplace();
  choice.logprobs->push_back(position("O", std::nullopt));
  choice.logprobs->push_back(position("\xC3", -1.0, {{.bytes = "h", .logprob = -0.5}}));
  choice.logprobs->push_back(position(
      "\xB9", -2.0, {{.bytes = "\xB9", .logprob = -2.0}, {.bytes = "x", .logprob = -3.0}}));
  choice.logprobs->push_back(position(" est", -0.1));
  const Json logprobs = completion_response(kHead, {choice}, {})["choices"][0]["logprobs"];
  EXPECT_EQ(logprobs, json(R"({
    "tokens":["O","bytes:\\xc3","bytes:\\xb9"," est"],
    "token_logprobs":[null,-1.0,-2.0,-0.1],
    "top_logprobs":[null,{"h":-0.5,"bytes:\\xc3":-1.0},{"bytes:\\xb9":-2.0,"x":-3.0},
                    {" est":-0.1}],
    "text_offset":[0,1,2,2]})"));
}

TEST(CompletionAnswers, CountOffsetsFromThePrompt) {
  CompletionChoice choice{.index = 0, .text = " b"};
  choice.first_offset = 4;
  choice.logprobs.emplace();
  choice.logprobs->push_back(position(" b", -1.0));
  const Json answer = completion_response(kHead, {choice}, {});
  EXPECT_EQ(answer["choices"][0]["logprobs"]["text_offset"], json("[4]"));
}

TEST(CompletionStreams, HaveNoReasonUntilTheEnd) {
  AnswerHead head = kHead;
  head.stream.include_usage = true;
  const Json chunk =
      completion_chunk(head, {.index = 0, .text = "a", .finish_reason = std::nullopt});
  EXPECT_TRUE(chunk["choices"][0]["finish_reason"].is_null());
  EXPECT_TRUE(chunk.at("usage").is_null());
  EXPECT_EQ(completion_usage_chunk(head, {.prompt_tokens = 1})["choices"], Json::array());
}

}  // namespace
}  // namespace attune::wire
