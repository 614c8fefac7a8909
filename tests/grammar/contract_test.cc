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

}  // namespace
}  // namespace attune::grammar
