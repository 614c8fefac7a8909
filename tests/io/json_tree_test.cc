#include "io/json_tree.h"

#include <array>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/text_encoding.h"

namespace attune {
namespace {

std::string fault_of(std::string_view text) {
  JsonTree tree;
  const std::optional<JsonFault> fault = tree.parse(text);
  return fault ? fmt::format("{}: {}", fault->at, fault->found) : "good";
}

TEST(JsonTree, KeepsTheOrderAndThePlacesOfValues) {
  JsonTree tree;
  const std::string text = R"( {"b": [1, "x\n\u00e9"], "a": null} )";
  ASSERT_FALSE(tree.parse(text));
  const JsonRef b = tree.root().find("b");
  ASSERT_TRUE(b.is_array());
  EXPECT_EQ(b.size(), 2);
  EXPECT_EQ(b.text(), R"([1, "x\n\u00e9"])");
  EXPECT_EQ(b.begin(), 7u);
  EXPECT_EQ(b.items()[1].string(), "x\n\xC3\xA9");
  EXPECT_TRUE(tree.root().find("a").is_null());
  EXPECT_FALSE(tree.root().find("c").exists());
  EXPECT_EQ(tree.root().members()[1].key.string(), "a");
}

TEST(JsonTree, SaysWhereAndWhatIsWrong) {
  const std::array<std::pair<std::string_view, std::string_view>, 16> cases = {{
      {R"({"a":"x" "b":1})", "9: '\"'"},
      {R"({"a":[1,2,]})", "9: a comma before ']'"},
      {R"({'a':1})", "1: a key in single quotes"},
      {R"({a:1})", "1: the key a without quotes"},
      {R"({"a":'x'})", "5: a string in single quotes"},
      {R"({"a":None})", "5: Python's None"},
      {R"({"a":NaN})", "5: NaN, which JSON does not have"},
      {R"({"a":012})", "5: a number with a leading 0"},
      {R"({"a":1.})", "7: '}' in a number"},
      {R"({"a":"\x"})", "6: an escape that JSON does not know"},
      {R"({"a":"\ud83d"})", "6: half of a surrogate pair, \\ud83d"},
      {"{\"a\":\"x\ny\"}", "7: a raw line break inside the string of column 6"},
      {"{\"a\":\"x\ty\"}", "7: a raw control character (0x09) inside the string of column 6"},
      {R"({"a":"x)", "5: a string that begins here and never ends"},
      {R"({"a":1} {"a":2})", "8: a second value on the same line"},
      {R"({"a":1 // one)", "7: '/'"},
  }};
  for (const auto& [text, fault] : cases) EXPECT_EQ(fault_of(text), fault) << text;
}

TEST(JsonTree, NamesKeysThatComeTwice) {
  JsonTree tree;
  const std::string text = R"({"a":{"b":1,"c":2,"b":3},"A":1,"a":2})";
  ASSERT_FALSE(tree.parse(text));
  ASSERT_EQ(tree.duplicate_keys().size(), 2u);
  EXPECT_EQ(tree.duplicate_keys()[0].begin(), 18u);
  EXPECT_EQ(tree.duplicate_keys()[1].begin(), 31u);
  std::string many = "{";
  for (int i = 0; i < 50; ++i) many += fmt::format("\"k{}\":{},", i % 49, i);
  many.back() = '}';
  ASSERT_FALSE(tree.parse(many));
  EXPECT_EQ(tree.duplicate_keys().size(), 1u);
}

TEST(JsonTree, RefusesNestingThatWouldExhaustTheStack) {
  EXPECT_EQ(fault_of(std::string(100000, '[')), "512: nesting of more than 512 levels");
}

TEST(JsonTree, ReadsValuesOneBehindTheOther) {
  JsonTree tree;
  const std::string text = "{\"a\":1}\n[2] 3";
  std::size_t end = 0;
  ASSERT_FALSE(tree.parse_next(text, 0, end));
  EXPECT_EQ(end, 7u);
  ASSERT_FALSE(tree.parse_next(text, end, end));
  EXPECT_TRUE(tree.root().is_array());
  ASSERT_FALSE(tree.parse_next(text, end, end));
  EXPECT_EQ(end, text.size());
}

// Texts near JSON: cuts and changed bytes of good ones.
std::string mutated(std::mt19937_64& random) {
  constexpr std::array<std::string_view, 5> kSeeds = {
      R"({"messages":[{"role":"user","content":"a \"b\" \u00e9 \ud83d\ude00\n"}],"n":-1.5e+3})",
      R"([true,false,null,0,[],{},"",{"a":{"a":[1,2,{"b":"\\"}]}}])",
      "{\"text\":\"caf\xC3\xA9 \xE2\x82\xAC\",\"k\":[\"0123456789abcdef0123456789\"]}",
      R"(  "x"  )", R"({"a":1,"a":[{"a":null}]})"};
  constexpr std::string_view kBytes = "\"\\{}[],:0123e.-+ntfu \n\t/'a";
  std::string text(kSeeds[random() % kSeeds.size()]);
  const auto changes = random() % 4;
  for (std::size_t i = 0; i < changes && !text.empty(); ++i) {
    const std::size_t at = random() % text.size();
    const char byte = kBytes[random() % kBytes.size()];
    switch (random() % 3) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      default:
        text.erase(at, 1 + random() % 3);
    }
  }
  return text;
}

TEST(JsonTree, AgreesWithTheOtherParserOnTextsNearJson) {
  std::mt19937_64 random(5);
  JsonTree tree;
  int good = 0;
  for (int i = 0; i < 30000; ++i) {
    const std::string text = mutated(random);
    if (find_invalid_utf8(text) != std::string_view::npos) continue;
    const Result<Json> wanted = parse_json(text, "t");
    const std::optional<JsonFault> fault = tree.parse(text);
    // The other refuses keys that come twice; this one names them.
    const bool is_good = !fault && tree.duplicate_keys().empty();
    ASSERT_EQ(is_good, wanted.has_value()) << text << "\n" << (fault ? fault->found : "good");
    if (fault) {
      ASSERT_LE(fault->at, text.size());
      continue;
    }
    if (!is_good) continue;
    ++good;
    ASSERT_EQ(to_json(tree.root()), *wanted) << text;
  }
  EXPECT_GT(good, 5000);
}

}  // namespace
}  // namespace attune
