#include "grammar/contract.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace attune::grammar {
namespace {

Contract contract() {
  const Json document = {
      {"type", "object"},
      {"required", {"priority", "summary"}},
      {"additionalProperties", false},
      {"properties",
       {{"priority", {{"enum", {"low", "high"}}}}, {"summary", {{"type", "string"}}}}},
      {"x-glossary", {{"preferred", {"defect"}}, {"forbidden", {{"bug", "defect"}}}}}};
  Result<Contract> result = Contract::from_json(document, "ticket.schema.json");
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message());
  return *result;
}

TEST(Contract, AcceptsOneValidDocumentWithWhiteSpaceAround) {
  const Compliance compliance =
      contract().check(" \n{\"priority\":\"low\",\"summary\":\"A defect\"}\n ");
  EXPECT_TRUE(compliance.ok);
  EXPECT_EQ(compliance.terms.preferred, 1);
  ASSERT_TRUE(compliance.parsed.has_value());
  EXPECT_EQ((*compliance.parsed)["priority"], "low");
}

TEST(Contract, RefusesEverythingElseWithTheReason) {
  struct Case {
    const char* answer;
    const char* keyword;
  };
  for (const Case& one : std::initializer_list<Case>{
           {"", "json"},
           {"   ", "json"},
           {"Sure! {\"priority\":\"low\",\"summary\":\"x\"}", "json"},
           {"{\"priority\":\"low\",\"summary\":\"x\"} Done.", "json"},
           {"```json\n{\"priority\":\"low\",\"summary\":\"x\"}\n```", "json"},
           {"{\"priority\":\"low\",\"summary\":\"x\"}{}", "json"},
           {"{\"priority\":\"low\",\"summary\":\"x\"", "json"},
           {"{\"priority\":\"urgent\",\"summary\":\"x\"}", "enum"},
           {"{\"priority\":\"low\"}", "required"},
           {"{\"priority\":\"low\",\"summary\":\"x\",\"more\":1}", "additionalProperties"},
           {"{\"priority\":\"low\",\"summary\":\"A Bug\"}", "x-glossary"},
           {"[]", "type"},
           {"\xff\xfe", "json"}}) {
    const Compliance compliance = contract().check(one.answer);
    EXPECT_FALSE(compliance.ok) << one.answer;
    ASSERT_FALSE(compliance.violations.empty()) << one.answer;
    EXPECT_EQ(compliance.violations[0].keyword, one.keyword) << one.answer;
  }
}

TEST(Contract, LoadsFromAFileAndSaysWhatIsWrongWithIt) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("attune-contract-" + std::to_string(getpid()) + ".json");
  std::ofstream(path)
      << R"({"type":"object","required":["a"],"x-glossary":{"forbidden":{"bug":""}}})";
  Result<Contract> good = Contract::load(path);
  ASSERT_TRUE(good.has_value()) << good.error().message();
  EXPECT_TRUE(good->check(R"({"a":1})").ok);
  std::ofstream(path) << R"({"typ":"object"})";
  Result<Contract> bad = Contract::load(path);
  ASSERT_FALSE(bad.has_value());
  EXPECT_NE(bad.error().message().find("\"typ\""), std::string::npos);
  std::filesystem::remove(path);
  EXPECT_FALSE(Contract::load(path).has_value());
}

Contract text_contract(const Json& document) {
  Result<Contract> result = Contract::from_json(document, "text.contract.json");
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message());
  return *result;
}

TEST(TextContract, WantsTheWholeAnswerToMatchThePattern) {
  const Contract contract = text_contract({{"x-pattern", "[A-Z]{2}-\\d+|none"}});
  EXPECT_TRUE(contract.check(" AB-12\n").ok);
  EXPECT_TRUE(contract.check("none").ok);
  for (const char* answer : {"AB-12 and more", "see AB-12", "nonesuch", "", "  "}) {
    const Compliance compliance = contract.check(answer);
    EXPECT_FALSE(compliance.ok) << answer;
    EXPECT_EQ(compliance.violations.at(0).keyword, "x-pattern");
  }
  EXPECT_NE(
      contract.check("x").violations[0].message().find("text that matches [A-Z]{2}-\\d+|none"),
      std::string::npos);
}

TEST(TextContract, LooksForForbiddenTermsInPlainText) {
  const Contract contract = text_contract(
      {{"x-text", true},
       {"x-glossary", {{"preferred", {"defect"}}, {"forbidden", {{"bug", "defect"}}}}}});
  EXPECT_TRUE(contract.check("A defect was found.").ok);
  const Compliance compliance = contract.check("A bug was found.");
  EXPECT_FALSE(compliance.ok);
  EXPECT_EQ(compliance.violations.at(0).wanted, "\"defect\"");
}

TEST(TextContract, RefusesSchemaKeywordsAndPatternsThatDoNotCompile) {
  const auto error_of = [](const Json& document) {
    const Result<Contract> result = Contract::from_json(document, "c.json");
    return result ? "no error" : result.error().message();
  };
  EXPECT_NE(error_of({{"x-pattern", "a"}, {"type", "object"}}).find("keyword \"type\""),
            std::string::npos);
  EXPECT_NE(error_of({{"x-pattern", "("}}).find("c.json: x-pattern"), std::string::npos);
  EXPECT_NE(error_of({{"x-pattern", 3}}).find("no text"), std::string::npos);
}

}  // namespace
}  // namespace attune::grammar
