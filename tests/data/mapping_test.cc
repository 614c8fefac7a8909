#include "data/mapping.h"

#include <gtest/gtest.h>

namespace attune::data {
namespace {

Json row() {
  return parse_json(
             R"({"subject":"Printer","body":"No paper","category":"hardware","priority":"2","cost":"1.50",
                        "urgent":"Yes","tags":"a; b;;c ","empty":"","extra":"{\"k\":[1]}","part":"test","n":3})",
             "row")
      .value();
}

std::string apply(std::string_view map) {
  const Result<Mapping> mapping = Mapping::parse(map);
  if (!mapping) return mapping.error().message();
  const Result<Json> messages = apply_mapping(*mapping, row(), "t.csv:2");
  return messages ? to_text(*messages) : messages.error().message();
}

// The content of the assistant message under `assistant=` and this rule.
std::string answer(const std::string& rule) {
  const Result<Mapping> mapping = Mapping::parse("user=subject,assistant=" + rule);
  if (!mapping) return mapping.error().message();
  const Result<Json> messages = apply_mapping(*mapping, row(), "t.csv:2");
  return messages ? messages->back()["content"].get<std::string>() : messages.error().message();
}

TEST(Mapping, TakesColumnsLiteralsAndTemplates) {
  EXPECT_EQ(
      apply("system=literal:Sort, please.,user={subject}\\n\\n{body},assistant=category"),
      R"([{"role":"system","content":"Sort, please."},{"role":"user","content":"Printer\n\nNo paper"},{"role":"assistant","content":"hardware"}])");
  EXPECT_EQ(answer("category"), "hardware");
  EXPECT_EQ(answer("n"), "3");
  EXPECT_EQ(answer("literal:a\\tb\\\\n {x}"), "a\tb\\n {x}");
  EXPECT_EQ(answer("{{\"c\": \"{category}\"}}"), "{\"c\": \"hardware\"}");
  EXPECT_EQ(answer("Re: {subject}, with (care) user"), "Re: Printer, with (care) user");
}

TEST(Mapping, BuildsAJsonObjectFromColumns) {
  EXPECT_EQ(answer("json(category,priority)"), R"({"category":"hardware","priority":"2"})");
  EXPECT_EQ(
      answer("json( category , level = priority:integer, cost:number, urgent:boolean, tags:list )"),
      R"({"category":"hardware","level":2,"cost":1.5,"urgent":true,"tags":["a","b","c"]})");
  EXPECT_EQ(answer("json(ticket.kind=category,ticket.level.value=priority:integer,about=subject)"),
            R"({"ticket":{"kind":"hardware","level":{"value":2}},"about":"Printer"})");
  EXPECT_EQ(answer("json(n,s=n:string,extra:json)"), R"({"n":3,"s":"3","extra":{"k":[1]}})");
  EXPECT_EQ(answer("json(user=category,assistant=priority)"),
            R"({"user":"hardware","assistant":"2"})");
}

TEST(Mapping, TreatsEmptyCellsAsTheTypeAsks) {
  EXPECT_EQ(answer("json(category,empty)"), R"({"category":"hardware","empty":""})");
  EXPECT_EQ(answer("json(category,empty:integer)"), R"({"category":"hardware","empty":null})");
  EXPECT_EQ(answer("json(category,empty?)"), R"({"category":"hardware"})");
  EXPECT_EQ(answer("json(category,empty:list?)"), R"({"category":"hardware"})");
  EXPECT_EQ(answer("json(empty)"), "");
  EXPECT_EQ(answer("before {empty}"), "");
}

TEST(Mapping, LeavesAnEmptySystemMessageOut) {
  EXPECT_EQ(apply("system=empty,user=subject,assistant=body"),
            R"([{"role":"user","content":"Printer"},{"role":"assistant","content":"No paper"}])");
}

TEST(Mapping, NamesIdAndPart) {
  const Mapping mapping =
      Mapping::parse("user=subject, assistant=body , id = n,split=part").value();
  EXPECT_EQ(mapping.id, "n");
  EXPECT_EQ(mapping.split, "part");
  EXPECT_EQ(mapping.columns(), (std::vector<std::string>{"subject", "body", "n", "part"}));
}

TEST(Mapping, SaysWhatIsWrong) {
  const struct {
    const char* map;
    const char* words;
  } kCases[] = {
      {"", "\"\"; wanted target=column"},
      {"usr=a", "\"usr=a\"; wanted target=column"},
      {"user=", "user= without a value"},
      {"user=a", "no assistant"},
      {"assistant=a", "no user"},
      {"user=a,user=b,assistant=c", "user twice"},
      {"id=a,id=b", "id twice"},
      {"messages=m,user=a,assistant=b", "both messages and"},
      {"user={a,assistant=b", "without a column and '}'"},
      {"user=a}b,assistant=b", "a lone '}'"},
      {"user=a,assistant=json(b", "without its ')'"},
      {"user=a,assistant=json()", "the member \"\""},
      {"user=a,assistant=json(b:date)", "the type \"date\""},
      {"user=a,assistant=json(b,b)", "the key \"b\" twice"},
      {"user=a,assistant=json(x.y=b,x=c)", "the key \"x\" twice"},
      {"user=a,assistant=json(=b)", "the member \"=b\""},
  };
  for (const auto& test : kCases) {
    const Result<Mapping> mapping = Mapping::parse(test.map);
    ASSERT_FALSE(mapping) << test.map;
    EXPECT_TRUE(mapping.error().message().starts_with("--map: ")) << mapping.error().message();
    EXPECT_NE(mapping.error().message().find(test.words), std::string::npos)
        << test.map << " -> " << mapping.error().message();
  }
}

TEST(Mapping, NamesTheCellThatIsNotOfItsType) {
  EXPECT_EQ(answer("json(subject:number)"),
            "t.csv:2: column \"subject\" holds \"Printer\"; wanted a number. Fix: mend the cell, "
            "or map the column without a type");
  EXPECT_NE(answer("json(cost:integer)").find("wanted a whole number"), std::string::npos);
  EXPECT_NE(answer("json(body:boolean)").find("wanted true or false"), std::string::npos);
  EXPECT_NE(answer("json(body:json)").find("wanted JSON"), std::string::npos);
  EXPECT_NE(answer("json(boddy)").find("did you mean \"body\""), std::string::npos);
}

}  // namespace
}  // namespace attune::data
