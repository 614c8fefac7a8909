#include "grammar/json_schema.h"

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

#include "base/random.h"
#include "grammar/canonical.h"

namespace attune::grammar {
namespace {

Json json(const char* text) {
  Result<Json> value = parse_json(text, "test");
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Json();
}

std::vector<std::string> violations(const char* schema_text, const char* value_text) {
  Result<JsonSchema> schema = JsonSchema::compile(json(schema_text), "schema");
  EXPECT_TRUE(schema.has_value()) << (schema ? "" : schema.error().message());
  std::vector<std::string> messages;
  if (!schema) return messages;
  for (const Violation& violation : schema->validate(json(value_text)))
    messages.push_back(violation.message());
  return messages;
}

std::string refusal(const char* schema_text) {
  Result<JsonSchema> schema = JsonSchema::compile(json(schema_text), "s.json");
  EXPECT_FALSE(schema.has_value()) << schema_text;
  return schema ? "" : schema.error().message();
}

TEST(JsonSchema, SaysWhereWhatWasFoundAndWhatWasWanted) {
  EXPECT_EQ(violations(R"({"properties":{"a":{"items":{"enum":["low","high"]}}}})",
                       R"({"a":["low","hgih"]})"),
            std::vector<std::string>{R"(/a/1: found "hgih"; wanted one of "low", "high" (enum))"});
  EXPECT_EQ(violations(R"({"required":["id"],"type":"object"})", "{}"),
            std::vector<std::string>{
                R"(the answer: found no such property; wanted the property "id" (required))"});
  EXPECT_EQ(violations(R"({"properties":{"a/b":{"type":["string","null"]}}})", R"({"a/b":1})"),
            std::vector<std::string>{"/a~1b: found number, 1; wanted string or null (type)"});
  EXPECT_EQ(
      violations(R"({"additionalProperties":false})", R"({"x":1})"),
      std::vector<std::string>{
          R"(the answer: found the extra property "x"; wanted only the declared properties (additionalProperties))"});
}

TEST(JsonSchema, NamesTheNearestAlternativeOfAnyOf) {
  const auto found =
      violations(R"({"anyOf":[{"type":"string"},{"required":["a"]}]})", R"({"b":1})");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].find("2 alternatives"), std::string::npos);
}

TEST(JsonSchema, RefusesUnsupportedAndUnknownKeywordsByName) {
  EXPECT_NE(
      refusal(R"({"properties":{"a":{"requried":["b"]}}})").find("s.json#/properties/a/requried"),
      std::string::npos);
  EXPECT_NE(refusal(R"({"$dynamicRef":"#a"})").find("names no schema"), std::string::npos);
  EXPECT_NE(refusal(R"({"$recursiveRef":"#"})").find("draft 2019-09 only"), std::string::npos);
  EXPECT_NE(refusal(R"({"nullable":true})").find("nullable"), std::string::npos);
  EXPECT_NE(refusal(R"({"format":"hostname"})").find("hostname"), std::string::npos);
  EXPECT_NE(refusal(R"({"$ref":"other.json"})").find("another document"), std::string::npos);
  EXPECT_NE(refusal(R"({"$schema":"http://json-schema.org/draft-03/schema#"})").find("draft-03"),
            std::string::npos);
}

TEST(JsonSchema, RefusesKeywordsOfAnotherDraftThanDeclared) {
  const auto refused = [](const std::string& draft, const std::string& rest) {
    return refusal((R"({"$schema":")" + draft + "\"," + rest + "}").c_str());
  };
  const std::string draft_4 = "http://json-schema.org/draft-04/schema#";
  EXPECT_NE(refused(draft_4, R"("const":1)").find("draft 6 and later"), std::string::npos);
  EXPECT_NE(refused(draft_4, R"("items":true)").find("an object"), std::string::npos);
  EXPECT_NE(refused(draft_4, R"("exclusiveMinimum":1)").find("true or false"), std::string::npos);
  EXPECT_NE(refused(draft_4, R"("exclusiveMinimum":true)").find("minimum"), std::string::npos);
  EXPECT_NE(refused("http://json-schema.org/draft-06/schema#", R"("if":{})").find("draft 7"),
            std::string::npos);
  EXPECT_NE(refused("https://json-schema.org/draft/2019-09/schema", R"("prefixItems":[{}])")
                .find("2020-12"),
            std::string::npos);
  EXPECT_NE(refused("https://json-schema.org/draft/2020-12/schema", R"("id":"a")").find("draft 4"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"exclusiveMinimum":true,"minimum":1})").find("declare draft 4"),
            std::string::npos);
}

TEST(JsonSchema, ReadsAPartWithAnIdByTheDraftItDeclares) {
  const char* schema = R"({"$schema":"https://json-schema.org/draft/2020-12/schema",
      "properties":{"old":{"$id":"http://a/old","$schema":"http://json-schema.org/draft-07/schema#",
                           "items":[{"type":"string"}]},
                    "new":{"prefixItems":[{"type":"string"}]}}})";
  EXPECT_EQ(violations(schema, R"({"old":[1],"new":[1]})").size(), 2u);
  EXPECT_NE(refusal(R"({"$schema":"https://json-schema.org/draft/2020-12/schema",
      "not":{"$schema":"http://json-schema.org/draft-07/schema#"}})")
                .find("another draft than around it"),
            std::string::npos);
}

TEST(JsonSchema, KnowsTheMetaschemasOfTheDrafts) {
  for (const char* draft :
       {"https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema", "http://json-schema.org/draft-07/schema#",
        "http://json-schema.org/draft-06/schema#", "http://json-schema.org/draft-04/schema#"}) {
    const std::string schema =
        std::string(R"({"$schema":")") + draft + R"(","$ref":")" + draft + "\"}";
    EXPECT_TRUE(violations(schema.c_str(), R"({"properties":{"a":{"minLength":1}}})").empty());
    EXPECT_FALSE(violations(schema.c_str(), R"({"properties":{"a":{"minLength":-1}}})").empty());
    EXPECT_FALSE(violations(schema.c_str(), R"({"allOf":[{"type":"text"}]})").empty());
    EXPECT_FALSE(violations(schema.c_str(), R"({"allOf":[]})").empty());
  }
}

TEST(JsonSchema, FollowsADynamicReferenceToTheOutermostAnchor) {
  const char* schema = R"({"$id":"http://a/strict","$dynamicAnchor":"node","$ref":"tree",
      "unevaluatedProperties":false,
      "$defs":{"tree":{"$id":"tree","$dynamicAnchor":"node","properties":{"data":true,
               "children":{"items":{"$dynamicRef":"#node"}}}}}})";
  EXPECT_TRUE(violations(schema, R"({"children":[{"data":1}]})").empty());
  EXPECT_EQ(violations(schema, R"({"children":[{"daat":1}]})").size(), 1u);
}

TEST(JsonSchema, RefusesMalformedSchemas) {
  for (const char* schema : {"1",
                             "[]",
                             "null",
                             R"({"type":"text"})",
                             R"({"type":[]})",
                             R"({"type":[1]})",
                             R"({"enum":1})",
                             R"({"required":"a"})",
                             R"({"required":[1]})",
                             R"({"minLength":-1})",
                             R"({"minLength":1.5})",
                             R"({"minLength":1e300})",
                             R"({"minimum":"1"})",
                             R"({"multipleOf":0})",
                             R"({"multipleOf":-1})",
                             R"({"pattern":"("})",
                             R"({"pattern":1})",
                             R"({"patternProperties":{"[":{}}})",
                             R"({"properties":[]})",
                             R"({"properties":{"a":1}})",
                             R"({"allOf":[]})",
                             R"({"allOf":{}})",
                             R"({"not":1})",
                             R"({"uniqueItems":1})",
                             R"({"$ref":1})",
                             R"({"$ref":"#/nowhere"})",
                             R"({"$ref":"#nothing"})",
                             R"({"$id":1})",
                             R"({"format":1})",
                             R"({"dependentRequired":{"a":[1]}})",
                             R"({"items":"x"})"}) {
    EXPECT_FALSE(refusal(schema).empty()) << schema;
  }
}

TEST(JsonSchema, RefusesReferencesThatNeverEnd) {
  EXPECT_NE(refusal(R"({"$ref":"#"})").find("refers to itself"), std::string::npos);
  EXPECT_NE(
      refusal(
          R"({"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}},"$ref":"#/$defs/a"})")
          .find("refers to itself"),
      std::string::npos);
}

TEST(JsonSchema, FollowsRecursiveReferencesIntoTheValue) {
  const char* tree =
      R"({"type":"object","properties":{"value":{"type":"integer"},"children":{"type":"array","items":{"$ref":"#"}}},
                         "required":["value"]})";
  EXPECT_TRUE(
      violations(tree, R"({"value":1,"children":[{"value":2,"children":[{"value":3}]}]})").empty());
  EXPECT_EQ(
      violations(tree, R"({"value":1,"children":[{"value":2,"children":[{}]}]})"),
      std::vector<std::string>{
          R"(/children/0/children/0: found no such property; wanted the property "value" (required))"});
}

TEST(JsonSchema, AcceptsTheSpellingsOfDraft7WithoutASchemaKeyword) {
  const char* schema =
      R"({"definitions":{"n":{"type":"number"}},"items":[{"$ref":"#/definitions/n"}],"additionalItems":false,
                           "dependencies":{"a":["b"]}})";
  EXPECT_TRUE(violations(schema, "[1]").empty());
  EXPECT_EQ(violations(schema, "[1,2]").size(), 1u);
  EXPECT_EQ(violations(schema, R"({"a":1})").size(), 1u);
}

TEST(JsonSchema, StopsASchemaThatExplodes) {
  std::string text = R"({"$defs":{"d0":{"type":"string"})";
  for (int i = 1; i <= 40; ++i) {
    const std::string below = R"({"$ref":"#/$defs/d)" + std::to_string(i - 1) + "\"}";
    text += ",\"d" + std::to_string(i) + R"(":{"allOf":[)" + below + "," + below + "]}";
  }
  text += R"(},"$ref":"#/$defs/d40"})";
  Result<JsonSchema> schema = JsonSchema::compile(json(text.c_str()), "schema");
  ASSERT_TRUE(schema.has_value()) << schema.error().message();
  const auto found = schema->validate(Json("text"));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].keyword, "limit");
}

TEST(JsonSchema, EndsWithinItsTimeOnPatternsThatExplode) {
  Result<JsonSchema> schema =
      JsonSchema::compile(json(R"({"items":{"pattern":"^(a|a)+$"}})"), "schema");
  ASSERT_TRUE(schema.has_value());
  const Json value = Json::array_t(10'000, Json(std::string(60, 'a') + "!"));
  const auto begin = std::chrono::steady_clock::now();
  const auto found = schema->validate(value, {.time = std::chrono::milliseconds(100)});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_TRUE(std::any_of(found.begin(), found.end(),
                          [](const Violation& violation) { return violation.keyword == "limit"; }));
}

TEST(JsonSchema, NeverTakesAPatternThatExplodesForAMismatchUnderNot) {
  Result<JsonSchema> schema =
      JsonSchema::compile(json(R"({"not":{"pattern":"^(a|a)+$"}})"), "schema");
  ASSERT_TRUE(schema.has_value());
  const auto found = schema->validate(Json(std::string(60, 'a') + "!"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].keyword, "limit");
}

TEST(JsonSchema, ReachesTheDeepestValueThatParsesAndStopsBelowTheStacksEnd) {
  Result<JsonSchema> schema = JsonSchema::compile(
      json(R"({"$defs":{"t":{"items":{"$ref":"#/$defs/t"},"type":"array"}},"$ref":"#/$defs/t"})"),
      "schema");
  ASSERT_TRUE(schema.has_value());
  Json value = Json::array();
  for (int depth = 1; depth < 512; ++depth) value = Json::array({std::move(value)});
  EXPECT_TRUE(schema->validate(value).empty());
  for (int depth = 0; depth < 1500; ++depth) value = Json::array({std::move(value)});
  const std::vector<Violation> found = schema->validate(value);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].keyword, "limit");
}

TEST(JsonSchema, SurvivesAnyMutationOfASchemaAndAValue) {
  // Property: whatever bytes change, compile and validate answer; nothing crashes.
  const std::string schema_text =
      R"({"$id":"http://a/b","type":["object","null"],"properties":{"a":{"$ref":"#/$defs/x"},"b":{"pattern":"^a+$","format":"date"}},
      "$defs":{"x":{"items":{"enum":[1,"a",null]},"uniqueItems":true,"multipleOf":0.5}},"oneOf":[{"required":["a"]},{"minProperties":3}],
      "unevaluatedProperties":false})";
  const std::string alphabet = R"({}[]",:0123456789.eE-+truefalsn$#/\ )";
  const RandomStream random{.seed = 7, .stream = stream_id("mutations")};
  int compiled = 0;
  for (std::uint64_t trial = 0; trial < 3000; ++trial) {
    std::string mutated = schema_text;
    for (std::uint64_t i = 0; i < 1 + trial % 3; ++i) {
      const std::uint64_t draw = trial * 16 + i * 2;
      mutated[random.below(draw, mutated.size())] =
          alphabet[random.below(draw + 1, alphabet.size())];
    }
    Result<Json> document = parse_json(mutated, "mutated");
    if (!document) continue;
    Result<JsonSchema> schema = JsonSchema::compile(*document, "mutated");
    if (!schema) continue;
    ++compiled;
    schema->validate(*document);
    schema->validate(json(R"({"a":[1,1,"a"],"b":"2020-13-01"})"));
  }
  EXPECT_GT(compiled, 100);
}

TEST(CanonicalText, IsTheSameForEqualValuesOnly) {
  EXPECT_TRUE(same_value(json(R"({"a":1,"b":[2.0,"x"]})"), json(R"({"b":[2,"x"],"a":1.0})")));
  EXPECT_TRUE(same_value(json("-0.0"), json("0")));
  EXPECT_TRUE(same_value(json("1e2"), json("100")));
  EXPECT_FALSE(same_value(json("1"), json("true")));
  EXPECT_FALSE(same_value(json("0"), json("false")));
  EXPECT_FALSE(same_value(json("[1,2]"), json("[2,1]")));
  EXPECT_FALSE(same_value(json(R"("1")"), json("1")));
}

TEST(CanonicalText, CutsExcerptsBetweenCharacters) {
  EXPECT_EQ(excerpt_of_text("aaa\u00e9\u00e9", 4), "aaa...");
  EXPECT_EQ(excerpt_of_text("abc", 4), "abc");
}

}  // namespace
}  // namespace attune::grammar
