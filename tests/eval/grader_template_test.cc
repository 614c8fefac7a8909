#include "eval/grader_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune::eval {
namespace {

using ::testing::HasSubstr;

Json item() {
  return parse_json(R"({"label":"x","n":3,"tags":["a",{"b":"c"}],"odd name":true,"none":null})",
                    "item")
      .value();
}

std::string filled(std::string_view text, const Json& sample = Json::object()) {
  const Json row = item();
  const Template made = Template::parse(text).value();
  const Template::Filled filled = made.fill({.item = row, .sample = sample});
  return filled.missing ? "missing " + filled.missing->text() : filled.text;
}

TEST(GraderTemplates, PutValuesInTheirPlaces) {
  EXPECT_EQ(filled("no place"), "no place");
  EXPECT_EQ(filled("{{item.label}}"), "x");
  EXPECT_EQ(filled("<{{ item.label }}|{{\titem.n\n}}>"), "<x|3>");
  EXPECT_EQ(filled("{{item.tags[0]}}{{item.tags[1].b}}{{item['tags'][1][\"b\"]}}"), "acc");
  EXPECT_EQ(filled("{{item[\"odd name\"]}} {{item.none}} {{item.tags}}"),
            R"(true null ["a",{"b":"c"}])");
  EXPECT_EQ(filled("{ {item.label} }"), "{ {item.label} }");
}

TEST(GraderTemplates, ReadAnAnswerAsTextAndAsJson) {
  const Json sample = sample_of(R"( {"animal": "cat", "legs": [4]} )");
  EXPECT_EQ(filled("{{sample.output_json.animal}}{{sample.output_json.legs[0]}}", sample), "cat4");
  EXPECT_EQ(filled("{{sample.output_text}}", sample), R"( {"animal": "cat", "legs": [4]} )");
  EXPECT_EQ(filled("{{sample.output_json.animal}}", sample_of("a cat")),
            "missing sample.output_json.animal");
}

TEST(GraderTemplates, SayWhichPlaceHasNoValue) {
  EXPECT_EQ(filled("{{item.label}}{{item.other}}"), "missing item.other");
  EXPECT_EQ(filled("{{item.tags[2]}}"), "missing item.tags[2]");
  EXPECT_EQ(filled("{{item.label.deeper}}"), "missing item.label.deeper");
}

TEST(GraderTemplates, DoNotFillWhatValuesBring) {
  EXPECT_EQ(filled("{{sample.output_text}}", sample_of("{{item.label}}")), "{{item.label}}");
}

TEST(GraderTemplates, WithAFaultyPlaceAreRefused) {
  for (const char* text : {"{{item.label", "{{}}", "{{label}}", "{{items.label}}", "{{item.}}",
                           "{{item..a}}", "{{item[}}", "{{item[x]}}", "{{item['a}}", "{{item[0]a}}",
                           "{{item[-1]}}", "{{system.exit}}"}) {
    const auto made = Template::parse(text);
    ASSERT_FALSE(made) << text;
    EXPECT_THAT(made.error().message(), HasSubstr("template"));
  }
}

}  // namespace
}  // namespace attune::eval
