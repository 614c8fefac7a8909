// Well-formedness of XML: tools/make_metrics_golden.py (expat).
#include "metrics/format_levels.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "metrics/golden_file.h"
#include "metrics/json_part.h"
#include "metrics/xml_scan.h"

namespace attune::metrics {
namespace {

Format ticket_format() {
  const Json schema = Json::parse(R"({
    "type": "object", "required": ["kind", "customer"], "additionalProperties": false,
    "properties": {
      "kind": {"enum": ["bug", "question"]},
      "customer": {"$ref": "#/$defs/customer"}},
    "$defs": {"customer": {"type": "object", "required": ["name", "age"],
      "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}}})");
  return JsonFormat{grammar::JsonSchema::compile(schema, "ticket").value()};
}

constexpr const char* kGood = R"({"kind": "bug", "customer": {"name": "Ada", "age": 36}})";

std::string levels_of(const FormatLevels& levels) {
  return std::string(levels.strict ? "S" : "-") + (levels.fenced ? "F" : "-") +
         (levels.extract ? "E" : "-");
}

struct Case {
  std::string answer;
  std::string levels;
};

void expect_levels(const Format& format, const std::vector<Case>& cases) {
  for (const auto& [answer, levels] : cases) {
    EXPECT_EQ(levels_of(check_format(format, answer)), levels) << answer;
  }
}

TEST(FormatLevels, JsonIsForgivenItsFenceThenItsChatter) {
  const std::string good = kGood;
  expect_levels(ticket_format(), {{good, "SFE"},
                                  {"\n  " + good + "\n", "SFE"},
                                  {"```json\n" + good + "\n```", "-FE"},
                                  {"```\n" + good + "```\n", "-FE"},
                                  {"Here it is:\n```json\n" + good + "\n```", "--E"},
                                  {"```json\n" + good + "\n```\nAnything else?", "--E"},
                                  {"Sure! " + good + " Done.", "--E"},
                                  {R"({"kind": "bug"})", "---"},
                                  {"```json\n{\"kind\": \"bug\"}\n```", "---"},
                                  {R"({"kind": "bug", )", "---"},
                                  {"", "---"},
                                  {"```", "---"},
                                  {"```json\n```", "---"},
                                  {"no json", "---"}});
}

TEST(FormatLevels, ACitationHidesNoAnswer) {
  const std::string good = kGood;
  expect_levels(ticket_format(),
                {{"{not json} " + good, "--E"}, {"[1] " + good, "--E"}, {"[1] [2]", "---"}});
}

TEST(FormatLevels, FieldsCountTheRequiredLeavesThatArePresentAndValid) {
  const Format format = ticket_format();
  const auto field = [&](std::string_view answer) { return *check_format(format, answer).field; };
  EXPECT_EQ(field(kGood), 1);
  EXPECT_NEAR(field(R"({"kind": "bug"})"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(field(R"(Ok {"kind": "bug", "customer": {"name": "Ada", "age": "36"}})"), 2.0 / 3,
              1e-12);
  EXPECT_NEAR(field(R"({"kind": "feature", "customer": {"name": "Ada", "age": 36}})"), 2.0 / 3,
              1e-12);
  EXPECT_EQ(field("nothing"), 0);
}

TEST(FormatLevels, ASchemaWithoutRequiredFieldsHasNoShareOfThem) {
  const Format format =
      JsonFormat{grammar::JsonSchema::compile(Json::parse(R"({"type": "array"})"), "x").value()};
  EXPECT_FALSE(check_format(format, "[1]").field);
  EXPECT_FALSE(check_format(format, "no").field);
}

TEST(FormatLevels, ASchemaThatContainsItselfIsNotFollowedForEver) {
  const Json schema = Json::parse(R"({"$defs": {"node": {"type": "object", "required": ["next"],
      "properties": {"next": {"$ref": "#/$defs/node"}}}}, "$ref": "#/$defs/node"})");
  const Format format = JsonFormat{grammar::JsonSchema::compile(schema, "x").value()};
  EXPECT_EQ(check_format(format, R"({"next": 1})").field, 0);
}

TEST(FormatLevels, APatternMatchesTheWholeAnswerOrAPartOfIt) {
  const Format format = RegexFormat::compile("[A-Z]{3}-\\d+").value();
  expect_levels(format, {{"ABC-12", "SFE"},
                         {"```\nABC-12\n```", "-FE"},
                         {"The id is ABC-12.", "--E"},
                         {"abc-12", "---"}});
}

TEST(FormatLevels, APatternThatExplodesEndsInTheBudget) {
  const Format format = RegexFormat::compile("(a|aa)+c").value();
  const FormatLevels levels = check_format(format, std::string(5000, 'a') + "bc");
  EXPECT_FALSE(levels.extract);
  EXPECT_TRUE(levels.over_budget);
}

TEST(FormatLevels, AnAnswerLargerThanTheBudgetIsNotRead) {
  const FormatLevels levels = check_format(ticket_format(), kGood, {.most_bytes = 10});
  EXPECT_TRUE(levels.over_budget);
  EXPECT_FALSE(levels.extract);
  EXPECT_EQ(levels.field, 0);
}

TEST(FormatLevels, XmlIsWellFormedExactlyWhenExpatSaysSo) {
  for (const Json& one : golden("xml.json")["cases"]) {
    const auto text = one["text"].get<std::string>();
    const XmlScan scan = scan_xml_document(text);
    EXPECT_EQ(scan.ok, one["well_formed"].get<bool>()) << text << "\n" << scan.problem;
    EXPECT_EQ(scan.ok, scan.problem.empty()) << text;
  }
}

TEST(FormatLevels, XmlNeedsItsRootAndItsRequiredElements) {
  const Format format = XmlFormat{.root = "order", .required = {"id", "customer/name"}};
  const std::string good = "<order><id>1</id><customer><name>Ada</name></customer></order>";
  expect_levels(format, {{good, "SFE"},
                         {"```xml\n" + good + "\n```", "-FE"},
                         {"a < b, so: " + good + " </done>", "--E"},
                         {"<bill><id/><customer><name/></customer></bill>", "---"},
                         {"<order><id>1</id></order>", "---"},
                         {"<order><id>1</order>", "---"}});
  EXPECT_EQ(check_format(format, "<order><id/></order>").field, 0.5);
  EXPECT_NE(check_format(format, "<order><id/></order>").problem.find("customer/name"),
            std::string::npos);
}

TEST(FormatLevels, ADocumentTypeIsRefusedAndDeepNestingDoesNoHarm) {
  EXPECT_FALSE(scan_xml_document("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>").ok);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_FALSE(scan_xml_document(deep).ok);
}

TEST(FormatLevels, CsvNeedsItsColumnsAndEvenRows) {
  const Format format = CsvFormat{.columns = {"name", "age"}, .least_rows = 1};
  expect_levels(format, {{"name,age\nAda,36\n", "SFE"},
                         {"name,age\n\"Lovelace, Ada\",36", "SFE"},
                         {"```csv\nname,age\nAda,36\n```", "-FE"},
                         {"Here:\n```csv\nname,age\nAda,36\n```\nDone.", "--E"},
                         {"name,age\n", "---"},
                         {"name,age\nAda\n", "---"},
                         {"age,name\n36,Ada\n", "---"},
                         {"", "---"}});
  EXPECT_EQ(check_format(format, "name\nAda\n").field, 0.5);
}

TEST(FormatLevels, MarkdownTablesNeedADelimiterRowAndEvenWidth) {
  const Format format = MarkdownTableFormat{.columns = {"a", "b"}, .least_rows = 1};
  expect_levels(format, {{"| a | b |\n|---|:-:|\n| 1 | 2 |", "SFE"},
                         {"|a|b|\r\n|-|-|\r\n|1|x \\| y|\r\n", "SFE"},
                         {"The table:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThat is all.", "--E"},
                         {"| a | b |\n| 1 | 2 |", "---"},
                         {"| a | b |\n|---|---|\n| 1 |", "---"},
                         {"| a | b |\n|---|---|", "---"},
                         {"| b | a |\n|---|---|\n| 1 | 2 |", "---"}});
}

TEST(FormatLevels, SectionsStandOnceInOrderAndFilled) {
  const Format format = SectionsFormat{.headings = {"## Cause", "## Fix"}};
  expect_levels(format, {{"## Cause\nrust\n\n## Fix\noil\n", "SFE"},
                         {"Sure.\n## Cause\nrust\n## Fix\noil", "--E"},
                         {"## Fix\noil\n## Cause\nrust", "---"},
                         {"## Cause\n\n## Fix\noil", "---"},
                         {"## Cause\nrust\n## Fix\noil\n## Fix\nmore", "---"},
                         {"## Cause: rust\n## Fix\noil", "---"}});
  EXPECT_EQ(check_format(format, "## Cause\nrust").field, 0.5);
}

TEST(FormatLevels, TotalsGiveTheRatesAndTheChatter) {
  FormatTotals totals;
  EXPECT_FALSE(totals.chatter());
  const std::string good = kGood;
  for (const std::string& answer :
       {good, "ok " + good, std::string("no"), "```\n" + good + "\n```"}) {
    totals.add(check_format(ticket_format(), answer));
  }
  EXPECT_EQ(totals.strict, 1);
  EXPECT_EQ(totals.fenced, 2);
  EXPECT_EQ(totals.extract, 3);
  EXPECT_EQ(totals.chatter(), 0.5);
  EXPECT_EQ(totals.field_sum, 3);
}

// Random texts of the characters that matter: nothing crashes, and the levels are nested.
TEST(FormatLevels, AnyTextIsJudgedAndTheLevelsAreNested) {
  const std::vector<Format> formats = {ticket_format(),
                                       RegexFormat::compile("a+b?").value(),
                                       XmlFormat{.required = {"b"}},
                                       CsvFormat{.columns = {"a", "b"}},
                                       MarkdownTableFormat{},
                                       SectionsFormat{.headings = {"a", "b"}}};
  constexpr std::string_view kAlphabet = "ab<>/=\"'&;#![]{},:|-\\`\n \xC3\xA9\xFF";
  for (std::uint32_t step = 0; step < 4000; ++step) {
    const RandomStream stream{.seed = 3, .stream = stream_id("format"), .step = step};
    std::string text = step % 3 == 0 ? "```\n" : "";
    for (std::uint64_t i = 0; i < stream.below(0, 60); ++i) {
      text += kAlphabet[stream.below(i + 1, kAlphabet.size())];
    }
    for (const Format& format : formats) {
      const FormatLevels levels = check_format(format, text);
      EXPECT_TRUE(!levels.strict || levels.fenced);
      EXPECT_TRUE(!levels.fenced || levels.extract);
      EXPECT_TRUE(levels.strict || !levels.problem.empty()) << text;
      if (levels.field) {
        EXPECT_TRUE(*levels.field >= 0 && *levels.field <= 1);
      }
    }
  }
}

}  // namespace
}  // namespace attune::metrics
