#include "io/yaml.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

Json good(std::string_view text) {
  const Result<Json> value = parse_yaml(text, "suite.yaml");
  EXPECT_TRUE(value) << value.error().message();
  return value ? *value : Json();
}

std::string fault(std::string_view text) {
  const Result<Json> value = parse_yaml(text, "suite.yaml");
  EXPECT_FALSE(value) << "read as " << to_text(*value);
  return value ? "" : value.error().message();
}

TEST(Yaml, ScalarsFollowTheCoreSchema) {
  EXPECT_EQ(to_text(good("[1, -2, +3, 0.5, 1e3, true, null, ~, yes, 1.2.3, 0x10, -, .]")),
            R"([1,-2,3,0.5,1000.0,true,null,null,"yes","1.2.3","0x10","-","."])");
}

TEST(Yaml, QuotedScalarsAreText) {
  EXPECT_EQ(to_text(good("{a: \"1\", b: 'true', c: ''}")), R"({"a":"1","b":"true","c":""})");
}

TEST(Yaml, KeysKeepTheirOrder) {
  EXPECT_EQ(to_text(good("zeta: 1\nalpha:\n  - x: 2\n  - y\n")),
            R"({"zeta":1,"alpha":[{"x":2},"y"]})");
}

TEST(Yaml, JsonIsReadByItsOwnRules) {
  EXPECT_EQ(to_text(good(R"({"a": "\ud83d\ude00", "b": [1.0]})")),
            "{\"a\":\"\U0001F600\",\"b\":[1.0]}");
}

TEST(Yaml, BlockTextAndAliasesAreFollowed) {
  EXPECT_EQ(to_text(good("a: &one |\n  line\n  more\nb: *one\n")),
            R"({"a":"line\nmore\n","b":"line\nmore\n"})");
}

TEST(Yaml, AnEmptyFileIsNull) { EXPECT_TRUE(good("# nothing\n").is_null()); }

TEST(Yaml, FaultsSayWhere) {
  EXPECT_NE(fault("a: 1\nb: [1, 2\n").find("suite.yaml:3"), std::string::npos);
  EXPECT_NE(fault("a: 1\na: 2\n").find("suite.yaml:2:1: the key \"a\" a second time"),
            std::string::npos);
  EXPECT_NE(fault("---\na: 1\n---\nb: 2\n").find("2 documents"), std::string::npos);
  EXPECT_NE(fault("? [1, 2]\n: 3\n").find("a key that is a list or a map"), std::string::npos);
}

TEST(Yaml, AliasesThatMultiplyAreRefused) {
  std::string text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int level = 1; level < 9; ++level) {
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [";
    for (int i = 0; i < 10; ++i) text += (i > 0 ? ", *a" : "*a") + std::to_string(level - 1);
    text += "]\n";
  }
  EXPECT_NE(fault(text).find("more than 1000000 values"), std::string::npos);
}

}  // namespace
}  // namespace attune
