#include "grammar/instruction.h"

#include <gtest/gtest.h>

namespace attune::grammar {
namespace {

std::string words_for(const char* contract) {
  return instruction(*Contract::from_json(Json::parse(contract), "contract.json"));
}

TEST(Instruction, ShowsKeysAndLabelsAsTheAnswerWritesThem) {
  EXPECT_EQ(words_for(R"({"type":"object","properties":{
      "part":{"enum":["display panel","wall \"L\" bracket"]},
      "order_id":{"type":["string","null"]},
      "customer":{"type":"object","properties":{"name":{"type":"string"}}}},
      "x-glossary":{"preferred":["display panel"],"forbidden":{"screen":"display panel"}}})"),
            "Read the message and answer as one JSON object with these keys:\n"
            "- \"part\": one of \"display panel\", \"wall \\\"L\\\" bracket\"\n"
            "- \"order_id\": text, or null\n"
            "- \"customer\": object with\n"
            "  - \"name\": text\n"
            "Preferred terms: \"display panel\" (screen)\n"
            "Use null for what is missing. Only JSON.");
}

TEST(Instruction, OfAContractForPlainTextNamesThePattern) {
  EXPECT_EQ(words_for(R"({"x-pattern":"[A-Z]{2}"})"),
            "Read the message and answer it in a form that matches the regular expression "
            "[A-Z]{2}.");
  EXPECT_EQ(words_for(R"({"x-text":true})"), "Read the message and answer it.");
}

}  // namespace
}  // namespace attune::grammar
