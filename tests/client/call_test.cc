#include "client/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune::client {
namespace {

using testing::HasSubstr;
using testing::Not;

CallFailure refusal(int status, const std::string& body) {
  return read_refusal({.status = status, .headers = {{"x-request-id", "req_7"}}, .body = body},
                      "POST https://host/v1/files", {"sk-very-secret"});
}

TEST(Call, ReadsTheErrorObjectOfOpenAi) {
  const CallFailure failure = refusal(
      400,
      R"({"error":{"message":"No such file","type":"invalid_request_error","param":"training_file","code":"invalid_value"}})");
  EXPECT_EQ(failure.message, "No such file");
  EXPECT_EQ(failure.type, "invalid_request_error");
  EXPECT_EQ(failure.param, "training_file");
  EXPECT_EQ(failure.code, "invalid_value");
  EXPECT_EQ(failure.request_id, "req_7");
  const Error error = failure.error();
  EXPECT_EQ(exit_code(error), 2);
  for (const char* part : {"POST https://host/v1/files", "HTTP 400", "invalid_value",
                           "No such file", "training_file", "req_7"})
    EXPECT_THAT(error.message(), HasSubstr(part));
}

TEST(Call, ReadsTheErrorsOfOtherServers) {
  const struct {
    const char* body;
    const char* message;
  } cases[] = {
      {R"({"error":"model is loading"})", "model is loading"},
      {R"({"detail":"Not Found"})", "Not Found"},
      {R"({"detail":[{"loc":["body","model"],"msg":"field required"},{"loc":["body",0],"msg":"bad"}]})",
       "body.model: field required; body.0: bad"},
      {R"({"code":5,"message":"dataset not found","details":[]})", "dataset not found"},
      {"<html><head><title>502 Bad Gateway</title></head><body>\n<h1>nginx</h1></body></html>",
       "502 Bad Gateway nginx"},
      {"upstream timed out\n", "upstream timed out"},
      {R"({"error":{"message":null,"code":"x"}})", R"({"error":{"message":null,"code":"x"}})"},
      {"", ""},
      {"[]", "[]"},
  };
  for (const auto& [body, message] : cases) EXPECT_EQ(refusal(500, body).message, message);
}

TEST(Call, NeverShowsTheKeyOrControlCharacters) {
  const CallFailure failure =
      refusal(401,
              "{\"error\":{\"message\":\"bad key sk-very-secret \\u001b[31m twice "
              "sk-very-secret\",\"code\":\"sk-very-secret\"}}");
  EXPECT_THAT(failure.error().message(), Not(HasSubstr("sk-very-secret")));
  EXPECT_THAT(failure.error().message(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(failure.message, HasSubstr("[key]"));
}

TEST(Call, BoundsTheWordsOfAPage) {
  EXPECT_LT(refusal(500, std::string(100000, 'x')).message.size(), 400u);
  EXPECT_LT(refusal(500, "{\"detail\":\"" + std::string(100000, 'x') + "\"}").message.size(),
            2100u);
}

TEST(Call, ExplainsTheEndOfFineTuningAtOpenAi) {
  const CallFailure failure = refusal(
      403,
      R"({"error":{"message":"OpenAI is winding down the fine-tuning platform and your organization is no longer able to create new fine-tuning training jobs.","type":"invalid_request_error","param":null,"code":"training_not_available"}})");
  const std::string message = failure.error().message();
  EXPECT_THAT(message, HasSubstr("attune serve"));
  EXPECT_THAT(message, HasSubstr("--endpoint http://127.0.0.1:"));
  EXPECT_THAT(message, HasSubstr("2027-01-06"));
  EXPECT_EQ(exit_code(failure.error()), 4);
}

TEST(Call, TellsLastingFailuresFromPassingOnes) {
  for (const int status : {408, 429, 500, 503}) EXPECT_TRUE(refusal(status, "").temporary());
  for (const int status : {400, 401, 403, 404, 409, 422})
    EXPECT_FALSE(refusal(status, "").temporary());
  EXPECT_TRUE(explain_no_answer({.what = "nothing answers there"}, "GET x").temporary());
  EXPECT_FALSE(explain_no_answer({.what = "stopped", .stopped = true}, "GET x").temporary());
  EXPECT_FALSE(unexpected_answer("GET x", "HTML", "JSON").temporary());
}

TEST(Call, GivesExitCodesByWhoseFaultItIs) {
  for (const int status : {400, 404, 409, 413, 415, 422})
    EXPECT_EQ(exit_code(refusal(status, "").error()), 2) << status;
  for (const int status : {401, 403, 408, 429, 500, 503})
    EXPECT_EQ(exit_code(refusal(status, "").error()), 4) << status;
  EXPECT_EQ(exit_code(explain_no_answer({.what = "x"}, "GET y").error()), 4);
}

}  // namespace
}  // namespace attune::client
