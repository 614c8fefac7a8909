#include "wire/embeddings.h"

#include <gtest/gtest.h>

#include "wire/support.h"

namespace attune::wire {
namespace {

std::string outcome_of(std::string_view changes) {
  return outcome(
      parse_embeddings_request(with(json(R"({"model":"tiny","input":"text"})"), changes)));
}

TEST(EmbeddingsRequests, ReadEveryFormOfInput) {
  const auto request = parse_embeddings_request(
      json(R"({"model":"tiny","input":[[1,2],[3]],"encoding_format":"base64","dimensions":8})"));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->inputs.size(), 2u);
  EXPECT_TRUE(request->base64);
  EXPECT_EQ(request->dimensions, 8);
  EXPECT_EQ(outcome_of(R"({"input":["a","b"]})"), "accepted");
  EXPECT_EQ(outcome_of(R"({"input":[5]})"), "accepted");
}

TEST(EmbeddingsRequests, KeepTheLimits) {
  EXPECT_EQ(outcome_of(R"({"input":""})"), "input empty_string");
  EXPECT_EQ(outcome_of(R"({"input":["a",""]})"), "input[1] empty_string");
  EXPECT_EQ(outcome_of(R"({"input":[]})"), "input empty_array");
  EXPECT_EQ(outcome_of(R"({"input":null})"), "input invalid_type");
  EXPECT_EQ(outcome_of(R"({"encoding_format":"hex"})"), "encoding_format invalid_value");
  EXPECT_EQ(outcome_of(R"({"dimensions":0})"), "dimensions integer_below_min_value");
  EXPECT_EQ(outcome_of(R"({"pooling":"mean"})"), "pooling unknown_parameter");
}

TEST(EmbeddingsAnswers, AreNumbersOrBase64) {
  const std::vector<std::vector<float>> vectors = {{0.5f, -1.0f}, {}};
  EXPECT_EQ(embeddings_response("tiny", vectors, false, 4), json(R"({"object":"list","data":[
    {"object":"embedding","index":0,"embedding":[0.5,-1.0]},
    {"object":"embedding","index":1,"embedding":[]}],"model":"tiny",
    "usage":{"prompt_tokens":4,"total_tokens":4}})"));
  EXPECT_EQ(embeddings_response("tiny", vectors, true, 4)["data"][0]["embedding"], "AAAAPwAAgL8=");
}

TEST(EmbeddingsAnswers, EncodeLittleEndianFloats) {
  EXPECT_EQ(base64_of_floats({}), "");
  EXPECT_EQ(base64_of_floats(std::vector<float>{1.0f}), "AACAPw==");
  EXPECT_EQ(base64_of_floats(std::vector<float>{1.0f, 2.0f}), "AACAPwAAAEA=");
  EXPECT_EQ(base64_of_floats(std::vector<float>{1.0f, 2.0f, 3.0f}), "AACAPwAAAEAAAEBA");
}

}  // namespace
}  // namespace attune::wire
