#include "io/json.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace attune {
namespace {

std::string error_of(std::string_view text, std::int64_t first_line = 1) {
  const Result<Json> value = parse_json(text, "x.json", first_line);
  return value ? "no error" : value.error().message();
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  const Json value =
      parse_json(
          R"( {"a":[1,-2,3.5,1e3,true,false,null],"b":{"c":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"}} )",
          "x")
          .value();
  EXPECT_EQ(
      to_text(value),
      "{\"a\":[1,-2,3.5,1000.0,true,false,null],\"b\":{\"c\":\"\\\"\\\\/\\b\\f\\n\\r\\té😀é\"}}");
}

TEST(ParseJson, KeepsTheOrderOfKeys) {
  EXPECT_EQ(to_text(parse_json(R"({"z":1,"a":2,"m":3})", "x").value()), R"({"z":1,"a":2,"m":3})");
}

TEST(ParseJson, KeepsIntegersExact) {
  EXPECT_EQ(
      to_text(parse_json("[9223372036854775807,-9223372036854775808,18446744073709551615]", "x")
                  .value()),
      "[9223372036854775807,-9223372036854775808,18446744073709551615]");
  EXPECT_TRUE(parse_json("123456789012345678901", "x").value().is_number_float());
}

TEST(ParseJson, ReadsNumbersAtTheEdgeOfDoubles) {
  EXPECT_EQ(parse_json("1.7976931348623157e308", "x").value(), std::numeric_limits<double>::max());
  EXPECT_EQ(parse_json("4.9e-324", "x").value(), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse_json("1e-999", "x").value(), 0.0);
}

TEST(ParseJson, SkipsAByteOrderMark) {
  EXPECT_EQ(parse_json("\xEF\xBB\xBF[1]", "x").value().size(), 1u);
}

TEST(ParseJson, NamesThePlaceAndTheFaultInPlainWords) {
  const struct {
    const char* text;
    const char* place;
    const char* words;
  } kCases[] = {
      {"", "x.json:1:1:", "no JSON here"},
      {"  \n ", "x.json:2:2:", "no JSON here"},
      {"{\"a\":1", "x.json:1:7:", "the text ends inside the object that opened at 1:1"},
      {"[1,\n2", "x.json:2:2:", "the text ends inside the array that opened at 1:1"},
      {"[1 2]", "x.json:1:4:", "'2' after a value; wanted ',' or ']'"},
      {"[1,]", "x.json:1:4:", "a comma before ']'"},
      {"{\"a\":1,}", "x.json:1:8:", "a comma before '}'"},
      {"{'a':1}", "x.json:1:2:", "single quotes"},
      {"{a:1}", "x.json:1:2:", "wanted a key in double quotes"},
      {"{\"a\" 1}", "x.json:1:6:", "wanted ':'"},
      {"{\"a\":1,\"é\":2,\"a\":3}", "x.json:1:14:", "\"a\" appears twice"},
      {"[1] x", "x.json:1:5:", "after the end of the JSON value"},
      {"{}\n{}", "x.json:2:1:", "JSONL"},
      {"\"abc", "x.json:1:1:", "never closes"},
      {"[\"a\nb\"]", "x.json:1:4:", "raw line break inside the string that opened at 1:2"},
      {"[\"a\tb\"]", "x.json:1:4:", "control character 0x09"},
      {"\"\\q\"", "x.json:1:2:", "unknown escape"},
      {"\"\\", "x.json:1:2:", "unknown escape"},
      {"\"\\u12\"", "x.json:1:2:", "incomplete \\u"},
      {"\"\\ud800\"", "x.json:1:2:", "surrogate"},
      {"\"\\ud800\\u0041\"", "x.json:1:2:", "surrogate"},
      {"\"\\udc00\"", "x.json:1:2:", "surrogate"},
      {"01", "x.json:1:1:", "begins with 0"},
      {"1.", "x.json:1:3:", "ends in '.'"},
      {"1e", "x.json:1:3:", "exponent"},
      {"-", "x.json:1:1:", "wanted a JSON value"},
      {"+1", "x.json:1:1:", "wanted a JSON value"},
      {"1e999", "x.json:1:1:", "too large"},
      {"[NaN]", "x.json:1:2:", "NaN is not JSON"},
      {"[-Infinity]", "x.json:1:2:", "-Infinity is not JSON"},
      {"[True]", "x.json:1:2:", "True is not JSON"},
      {"tru", "x.json:1:1:", "wanted a JSON value"},
      {"\"caf\xE9\"", "x.json:1:5:", "byte 0xE9 is not valid UTF-8 (in Windows-1252 it is 'é')"},
      {"\"\xC0\x80\"", "x.json:1:2:", "not valid UTF-8"},
      {"\"\xED\xA0\x80\"", "x.json:1:2:", "not valid UTF-8"},
  };
  for (const auto& test : kCases) {
    const std::string message = error_of(test.text);
    EXPECT_TRUE(message.starts_with(test.place)) << test.text << " -> " << message;
    EXPECT_NE(message.find(test.words), std::string::npos) << test.text << " -> " << message;
  }
}

TEST(ParseJson, FindsTheFirstRepeatedKeyOfALargeObject) {
  std::string text = "{\n";
  for (int i = 0; i < 1000; ++i)
    text += fmt::format("\"k{}\":0,\n", i == 700 ? 3 : i == 900 ? 700 : i);
  EXPECT_TRUE(error_of(text + "\"k3\":0}").starts_with("x.json:702:1: key \"k3\" appears twice"));
}

TEST(ParseJson, CountsLinesFromTheGivenOne) {
  EXPECT_TRUE(error_of("[1,]", 57).starts_with("x.json:57:4:")) << error_of("[1,]", 57);
}

TEST(ParseJson, RefusesNestingBeyond512Levels) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(512), "x"));
  EXPECT_FALSE(parse_json(nested(513), "x"));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '['), "x"));
  std::string objects;
  for (int i = 0; i < 600; ++i) objects += "{\"a\":";
  EXPECT_NE(error_of(objects).find("deeper than 512"), std::string::npos);
}

TEST(ParseJson, ReadsLargeObjectsInLinearTime) {
  std::string text = "{\"k\":0";
  for (int i = 0; i < 200'000; ++i) text += ",\"" + std::to_string(i) + "\":" + std::to_string(i);
  EXPECT_EQ(parse_json(text + "}", "x").value().size(), 200'001u);
}

// A random value of bounded depth; index is the position in the stream of random numbers.
Json random_value(const RandomStream& stream, std::uint64_t& index, int depth) {
  const auto draw = [&](std::uint64_t bound) { return stream.below(index++, bound); };
  switch (draw(depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return draw(2) == 1;
    case 2:
      return static_cast<std::int64_t>(draw(1u << 30)) - (1 << 29);
    case 3:
      return draw(std::uint64_t{1} << 63) * 2 + draw(2);
    case 4:
      return std::ldexp(static_cast<double>(draw(1u << 30)) - 5e8,
                        static_cast<int>(draw(600)) - 300);
    case 5: {
      std::string text;
      for (std::uint64_t i = draw(8); i > 0; --i)
        text += std::string_view("a\"\\\n\x01/ z").substr(draw(8), 1);
      return text + (draw(2) == 1 ? "é😀" : "");
    }
    case 6: {
      Json array = Json::array();
      for (std::uint64_t i = draw(4); i > 0; --i)
        array.push_back(random_value(stream, index, depth - 1));
      return array;
    }
    default: {
      Json object = Json::object();
      for (std::uint64_t i = draw(4); i > 0; --i) {
        object[std::to_string(draw(100))] = random_value(stream, index, depth - 1);
      }
      return object;
    }
  }
}

TEST(ParseJson, ReadsBackWhatIsWritten) {
  const RandomStream stream{.seed = 7, .stream = stream_id("json"), .step = 0};
  std::uint64_t index = 0;
  for (int round = 0; round < 2000; ++round) {
    const Json value = random_value(stream, index, 4);
    const Result<Json> compact = parse_json(to_text(value), "x");
    const Result<Json> pretty = parse_json(to_pretty_text(value), "x");
    ASSERT_TRUE(compact) << to_text(value);
    ASSERT_TRUE(pretty);
    EXPECT_EQ(to_text(*compact), to_text(value));
    EXPECT_EQ(*compact, value) << to_text(value);
    EXPECT_EQ(*pretty, value);
  }
}

TEST(ParseJson, NeverCrashesOnCutOrChangedText) {
  const std::string text = R"({"a":[1,-2.5e3,"\u00e9\ud83d\ude00",true,null],"b":{"c":"é"}})";
  const RandomStream stream{.seed = 9, .stream = stream_id("json cut"), .step = 0};
  for (std::size_t cut = 0; cut < text.size(); ++cut)
    EXPECT_FALSE(parse_json(text.substr(0, cut), "x")) << cut;
  for (std::uint64_t round = 0; round < 5000; ++round) {
    std::string changed = text;
    changed[stream.below(2 * round, text.size())] =
        static_cast<char>(stream.below(2 * round + 1, 256));
    const Result<Json> value = parse_json(changed, "x");
    if (value) continue;
    EXPECT_TRUE(value.error().where.starts_with("x:")) << value.error().message();
  }
}

TEST(ToText, ReplacesWhatIsNotUtf8InsteadOfThrowing) {
  EXPECT_EQ(to_text(Json("a\xE9z")), "\"a\xEF\xBF\xBDz\"");
}

TEST(ToPrettyText, IndentsByTwoAndEndsInANewline) {
  EXPECT_EQ(to_pretty_text(Json{{"a", 1}}), "{\n  \"a\": 1\n}\n");
}

TEST(ReadJson, NamesTheFile) {
  const Result<Json> value = read_json("/no/such.json");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().where, "/no/such.json");
}

}  // namespace
}  // namespace attune
