#include "wire/error.h"

#include <gtest/gtest.h>

#include "wire/support.h"

namespace attune::wire {
namespace {

Result<int> a_result_that_fails(ErrorKind kind) {
  if (kind == ErrorKind::bad_input) return bad_input({.where = "limit", .found = "-1"});
  return environment_failure({.where = "disk", .found = "it is full"});
}

Answer<int> an_answer_from(ErrorKind kind) {
  ATTUNE_ANSWER(const int value, a_result_that_fails(kind));
  return value;
}

Answer<int> an_answer_from_an_answer() {
  ATTUNE_ANSWER_VOID(Answer<void>(refuse(not_found("file", "file-1"))));
  return 1;
}

TEST(ApiErrors, HaveTheFourMembersThatClientsRead) {
  EXPECT_EQ(
      error_text(model_not_found("gpt-none")),
      R"({"error":{"message":"The model 'gpt-none' does not exist or you do not have access to it.",)"
      R"("type":"invalid_request_error","param":"model","code":"model_not_found"}})");
  EXPECT_EQ(
      error_text(bad_request("Bad body.")),
      R"({"error":{"message":"Bad body.","type":"invalid_request_error","param":null,"code":null}})");
}

TEST(ApiErrors, SayTheirStatus) {
  EXPECT_EQ(missing_parameter("model").status, 400);
  EXPECT_EQ(unauthorized("no key").status, 401);
  EXPECT_EQ(forbidden("no").status, 403);
  EXPECT_EQ(not_found("file", "file-1").status, 404);
  EXPECT_EQ(conflict("running").status, 409);
  EXPECT_EQ(too_large("big").status, 413);
  EXPECT_EQ(too_many_requests("slow down", 3).status, 429);
  EXPECT_EQ(server_error("broken").status, 500);
  EXPECT_EQ(overloaded("busy", 1).status, 503);
}

TEST(ApiErrors, AskToWaitAtLeastASecond) {
  EXPECT_EQ(too_many_requests("slow down", 0).retry_after_seconds, 1);
  EXPECT_EQ(too_many_requests("slow down", 7).retry_after_seconds, 7);
}

TEST(ApiErrors, ComeFromResultsWithTheStatusOfTheirKind) {
  EXPECT_EQ(an_answer_from(ErrorKind::bad_input).error().status, 400);
  EXPECT_EQ(an_answer_from(ErrorKind::environment).error().status, 500);
  EXPECT_EQ(an_answer_from(ErrorKind::environment).error().type, "server_error");
  EXPECT_EQ(an_answer_from_an_answer().error().message, "No such file: file-1");
}

TEST(ApiErrors, AreReadBackFromABody) {
  const ApiError sent = invalid_value("n", "Too many.", "integer_above_max_value");
  const auto read = error_from_body(400, to_json(sent));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, sent);
}

TEST(ApiErrors, AreNotMadeUpFromOtherBodies) {
  for (const char* body : {"null", "[]", "{}", R"({"error":"text"})", R"({"detail":"no"})",
                           R"({"error":{"message":7}})"}) {
    EXPECT_FALSE(error_from_body(400, json(body)).has_value()) << body;
  }
}

TEST(ApiErrors, StayJsonWhateverTheMessageHolds) {
  const std::string text = error_text(bad_request("quote \" and byte \xFF"));
  EXPECT_TRUE(parse_json(text, "error").has_value()) << text;
}

}  // namespace
}  // namespace attune::wire
