#include "wire/chat.h"

#include <limits>

#include <gtest/gtest.h>

#include "wire/support.h"

namespace attune::wire {
namespace {

const char* const kSmall = R"({"model":"tiny","messages":[{"role":"user","content":"Hi"}]})";

std::string outcome_of(std::string_view changes) {
  return outcome(parse_chat_request(with(json(kSmall), changes)));
}
std::string outcome_of_messages(const std::string& messages) {
  return outcome_of(R"({"messages":[)" + messages + "]}");
}
Json messages_of(const std::string& messages) {
  const auto request = parse_chat_request(with(json(kSmall), R"({"messages":[)" + messages + "]}"));
  EXPECT_TRUE(request.has_value()) << (request ? "" : request.error().message);
  return request ? request->messages : Json();
}

TEST(ChatRequests, HaveTheDefaultsOfTheSpecification) {
  const auto request = parse_chat_request(json(kSmall));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->sampling, Sampling{});
  EXPECT_FALSE(request->stream);
  EXPECT_FALSE(request->logprobs);
  EXPECT_EQ(request->messages, json(R"([{"role":"user","content":"Hi"}])"));
}

TEST(ChatRequests, ReadEveryParameterThatTheySupport) {
  const auto request = parse_chat_request(with(json(kSmall), R"({
    "max_completion_tokens":9,"temperature":0.5,"top_p":0.9,"n":2,"stop":["a","b"],"seed":-3,
    "frequency_penalty":-2,"presence_penalty":2,"logit_bias":{"50256":-100,"7":1.5},"logprobs":true,
    "top_logprobs":20,"stream":true,"stream_options":{"include_usage":true},"metadata":{"a":"b"},
    "user":"u","service_tier":"auto","response_format":{"type":"text"},"tools":[],
    "tool_choice":"none","parallel_tool_calls":true,"modalities":["text"],"store":false,
    "reasoning_effort":"none","verbosity":"medium"})"));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  const Sampling expected{.max_tokens = 9,
                          .temperature = 0.5,
                          .top_p = 0.9,
                          .n = 2,
                          .stop = {"a", "b"},
                          .seed = -3,
                          .frequency_penalty = -2,
                          .presence_penalty = 2,
                          .logit_bias = {{50256, -100.0f}, {7, 1.5f}}};
  EXPECT_EQ(request->sampling, expected);
  EXPECT_EQ(request->top_logprobs, 20);
  EXPECT_TRUE(request->stream_options.include_usage);
  EXPECT_EQ((*request->metadata)[0].first, "a");
}

TEST(ChatRequests, KeepTheLimits) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"messages":[]})", "messages empty_array"},
      {R"({"messages":"Hi"})", "messages invalid_type"},
      {R"({"messages":null})", "messages invalid_type"},
      {R"({"model":null})", "model invalid_type"},
      {R"({"temperature":2.1})", "temperature decimal_above_max_value"},
      {R"({"temperature":-0.1})", "temperature decimal_below_min_value"},
      {R"({"temperature":"hot"})", "temperature invalid_type"},
      {R"({"top_p":1.5})", "top_p decimal_above_max_value"},
      {R"({"n":0})", "n integer_below_min_value"},
      {R"({"n":129})", "n integer_above_max_value"},
      {R"({"n":1.5})", "n invalid_type"},
      {R"({"stop":[]})", "stop empty_array"},
      {R"({"stop":["a","b","c","d","e"]})", "stop array_above_max_length"},
      {R"({"stop":""})", "stop empty_string"},
      {R"({"stop":["a",""]})", "stop[1] empty_string"},
      {R"({"stop":[1]})", "stop[0] invalid_type"},
      {R"({"stop":{}})", "stop invalid_type"},
      {R"({"seed":9223372036854775808})", "seed integer_above_max_value"},
      {R"({"frequency_penalty":2.5})", "frequency_penalty decimal_above_max_value"},
      {R"({"presence_penalty":-3})", "presence_penalty decimal_below_min_value"},
      {R"({"logit_bias":{"5":101}})", "logit_bias.5 decimal_above_max_value"},
      {R"({"logit_bias":{"five":1}})", "logit_bias invalid_value"},
      {R"({"logit_bias":{"-5":1}})", "logit_bias invalid_value"},
      {R"({"logit_bias":{"99999999999":1}})", "logit_bias invalid_value"},
      {R"({"logit_bias":[1]})", "logit_bias invalid_type"},
      {R"({"top_logprobs":3})", "top_logprobs invalid_value"},
      {R"({"logprobs":true,"top_logprobs":21})", "top_logprobs integer_above_max_value"},
      {R"({"logprobs":1})", "logprobs invalid_type"},
      {R"({"max_tokens":0})", "max_tokens integer_below_min_value"},
      {R"({"max_tokens":3,"max_completion_tokens":4})", "max_tokens invalid_value"},
      {R"({"max_tokens":4,"max_completion_tokens":4})", "accepted"},
      {R"({"stream_options":{"include_usage":true}})", "stream_options invalid_value"},
      {R"({"stream":true,"stream_options":{"usage":true}})",
       "stream_options.usage unknown_parameter"},
      {R"({"stream":"yes"})", "stream invalid_type"},
      {R"({"metadata":{"a":1}})", "metadata.a invalid_type"},
      {R"({"service_tier":"gold"})", "service_tier invalid_value"},
      {R"({"safety_identifier":7})", "safety_identifier invalid_type"},
      {R"({"top_k":40})", "top_k unknown_parameter"},
  };
  for (const auto& [changes, expected] : cases) EXPECT_EQ(outcome_of(changes), expected) << changes;
}

TEST(ChatRequests, RefuseByNameWhatThisServerCannotDo) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"response_format":{"type":"json_object"}})", "response_format"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"name":"x"}}})",
       "response_format"},
      {R"({"tools":[{"type":"function","function":{"name":"f"}}]})", "tools"},
      {R"({"tool_choice":"auto"})", "tool_choice"},
      {R"({"functions":[{"name":"f"}]})", "functions"},
      {R"({"function_call":"auto"})", "function_call"},
      {R"({"modalities":["text","audio"]})", "modalities"},
      {R"({"audio":{"voice":"a","format":"wav"}})", "audio"},
      {R"({"prediction":{"type":"content","content":"x"}})", "prediction"},
      {R"({"web_search_options":{}})", "web_search_options"},
      {R"({"store":true})", "store"},
      {R"({"reasoning_effort":"high"})", "reasoning_effort"},
      {R"({"verbosity":"low"})", "verbosity"},
  };
  for (const auto& [changes, param] : cases) {
    EXPECT_EQ(outcome_of(changes), std::string(param) + " unsupported_parameter") << changes;
  }
  EXPECT_EQ(outcome_of(R"({"response_format":{"type":"xml"}})"),
            "response_format.type invalid_value");
  EXPECT_EQ(outcome_of(R"({"tools":null,"functions":null,"audio":null,"response_format":null})"),
            "accepted");
}

TEST(ChatMessages, JoinTextParts) {
  const Json messages = messages_of(
      R"({"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
         {"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},
         {"role":"user","content":"","name":"ann"})");
  EXPECT_EQ(messages[0]["content"], "ab");
  EXPECT_EQ(messages[1]["content"], "no");
  EXPECT_EQ(messages[2]["name"], "ann");
}

TEST(ChatMessages, KeepEarlierToolCalls) {
  const Json messages = messages_of(
      R"({"role":"user","content":"weather?"},
         {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
           "function":{"name":"f","arguments":"{}"}}]},
         {"role":"tool","tool_call_id":"c1","content":"rain"},
         {"role":"assistant","content":"Rain.","refusal":null,"annotations":[],"audio":null})");
  EXPECT_TRUE(messages[1]["content"].is_null());
  EXPECT_EQ(messages[1]["tool_calls"][0]["function"]["arguments"], "{}");
  EXPECT_EQ(messages[2]["tool_call_id"], "c1");
  EXPECT_EQ(to_text(messages[3]), R"({"role":"assistant","content":"Rain."})");
}

TEST(ChatMessages, AreRefusedWithTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(7)", "messages[0] invalid_type"},
      {R"({"content":"x"})", "messages[0].role missing_required_parameter"},
      {R"({"role":"bot","content":"x"})", "messages[0].role invalid_value"},
      {R"({"role":"function","content":"x","name":"f"})", "messages[0].role unsupported_parameter"},
      {R"({"role":"user"})", "messages[0].content missing_required_parameter"},
      {R"({"role":"user","content":null})", "messages[0].content invalid_type"},
      {R"({"role":"user","content":7})", "messages[0].content invalid_type"},
      {R"({"role":"user","content":[]})", "messages[0].content empty_array"},
      {R"({"role":"user","content":["x"]})", "messages[0].content[0] invalid_type"},
      {R"({"role":"user","content":[{"type":"text"}]})",
       "messages[0].content[0].text missing_required_parameter"},
      {R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]})",
       "messages[0].content[0].type unsupported_parameter"},
      {R"({"role":"user","content":[{"type":"smell"}]})",
       "messages[0].content[0].type invalid_value"},
      {R"({"role":"user","content":"x","weight":1})", "messages[0].weight unknown_parameter"},
      {R"({"role":"assistant"})", "messages[0].content invalid_type"},
      {R"({"role":"assistant","content":"x","function_call":{"name":"f","arguments":""}})",
       "messages[0].function_call unsupported_parameter"},
      {R"({"role":"assistant","tool_calls":[]})", "messages[0].tool_calls empty_array"},
      {R"({"role":"assistant","tool_calls":[{"id":"c","type":"custom"}]})",
       "messages[0].tool_calls[0].type invalid_value"},
      {R"({"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f"}}]})",
       "messages[0].tool_calls[0].function.arguments missing_required_parameter"},
      {R"({"role":"tool","content":"x"})", "messages[0].tool_call_id missing_required_parameter"},
      {R"({"role":"tool","content":"x","tool_call_id":"c9"})", "messages[0].role invalid_value"},
  };
  for (const auto& [messages, expected] : cases) {
    EXPECT_EQ(outcome_of_messages(messages), expected) << messages;
  }
}

const AnswerHead kHead = {.id = "chatcmpl-1", .created = 1741570283, .model = "tiny"};

TEST(ChatAnswers, HaveThePublishedForm) {
  const Json answer =
      chat_response(kHead, {{.index = 0, .content = "Hello", .finish_reason = "stop"}},
                    {.prompt_tokens = 19, .completion_tokens = 10, .cached_tokens = 5});
  EXPECT_EQ(answer, json(R"({"id":"chatcmpl-1","object":"chat.completion","created":1741570283,
    "model":"tiny","service_tier":"default","choices":[{"index":0,"message":{"role":"assistant",
    "content":"Hello","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],
    "usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,
    "prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0},
    "completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,
    "accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}})"));
}

TEST(ChatAnswers, ShowLogprobsWithBytes) {
  std::vector<TokenLogprob> logprobs;
  logprobs.push_back(position("é", -0.5, {{.bytes = "é", .logprob = -0.5}}));
  logprobs.push_back(position("\xF0\x9F", -std::numeric_limits<double>::infinity()));
  const Json answer = chat_response(
      kHead, {{.index = 0, .content = "é", .finish_reason = "length", .logprobs = logprobs}}, {});
  EXPECT_EQ(answer["choices"][0]["logprobs"], json(R"({"content":[
    {"token":"é","logprob":-0.5,"bytes":[195,169],
     "top_logprobs":[{"token":"é","logprob":-0.5,"bytes":[195,169]}]},
    {"token":"\\xf0\\x9f","logprob":-9999.0,"bytes":[240,159],"top_logprobs":[]}],
    "refusal":null})"));
}

TEST(ChatStreams, BeginWithTheRoleAndEndWithTheReason) {
  EXPECT_EQ(to_text(chat_first_chunk(kHead, 0)),
            R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1741570283,)"
            R"("model":"tiny","service_tier":"default","choices":[{"index":0,"delta":)"
            R"({"role":"assistant","content":"","refusal":null},"logprobs":null,)"
            R"("finish_reason":null}]})");
  const Json text = chat_text_chunk(kHead, 1, "Hi");
  EXPECT_EQ(text["choices"][0]["delta"], json(R"({"content":"Hi"})"));
  EXPECT_EQ(text["choices"][0]["index"], 1);
  EXPECT_FALSE(text.contains("usage"));
  const Json end = chat_finish_chunk(kHead, 0, "length");
  EXPECT_EQ(end["choices"][0]["delta"], Json::object());
  EXPECT_EQ(end["choices"][0]["finish_reason"], "length");
}

TEST(ChatStreams, SayTheUsageInTheLastChunkAndNullBefore) {
  AnswerHead head = kHead;
  head.stream.include_usage = true;
  EXPECT_TRUE(chat_text_chunk(head, 0, "x").at("usage").is_null());
  const Json last = chat_usage_chunk(head, {.prompt_tokens = 3, .completion_tokens = 4});
  EXPECT_EQ(last["choices"], Json::array());
  EXPECT_EQ(last["usage"]["total_tokens"], 7);
}

TEST(ChatStreams, HideTheLengthOfTextWhenAsked) {
  AnswerHead head = kHead;
  head.stream.include_obfuscation = true;
  const auto size = [&](const char* text) {
    return to_text(chat_text_chunk(head, 0, text)).size();
  };
  EXPECT_EQ(size("a"), size("a long word of 24 letters"));
  EXPECT_FALSE(chat_text_chunk(kHead, 0, "a").contains("obfuscation"));
}

}  // namespace
}  // namespace attune::wire
