#include "eval/report.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "eval/html.h"
#include "eval/table.h"
#include "eval/text_diff.h"
#include "eval/words.h"
#include "io/file.h"
#include "io/text_encoding.h"
#include "sample_report.h"

namespace attune::eval {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ReportJson, HasTheDocumentedShapeAndParsesBack) {
  const ReportInput input = sample_report(60);
  Result<Json> read = parse_json(to_pretty_text(report_json(input)), "report.json");
  ASSERT_TRUE(read.has_value()) << read.error().message();
  const Json& report = *read;
  EXPECT_EQ(report["version"], 1);
  ASSERT_EQ(report["arms"].size(), 3u);
  for (const Json& arm : report["arms"]) {
    EXPECT_EQ(arm["n"], 60);
    for (const char* measure : {"format_compliance", "domain_accuracy", "exact_match"}) {
      EXPECT_LE(arm[measure]["low"].get<double>(), arm[measure]["value"].get<double>()) << measure;
      EXPECT_GE(arm[measure]["high"].get<double>(), arm[measure]["value"].get<double>()) << measure;
    }
    for (const char* time : {"median", "p95", "mean"})
      EXPECT_GT(arm["latency_ms"][time].get<double>(), 0) << time;
    EXPECT_TRUE(arm["fields"].contains("customer.tier"));
  }
  EXPECT_EQ(report["arms"][2]["arm"], "tuned");
  EXPECT_EQ(report["comparisons"].size(), 2u);
  EXPECT_TRUE(report["comparisons"][0]["exact_match"].contains("mcnemar_p"));
  EXPECT_EQ(report["training"]["curve"]["loss"].size(), 180u);
  for (const char* key : {"verdict", "data", "model", "examples", "worst"})
    EXPECT_TRUE(report.contains(key)) << key;
  EXPECT_EQ(report["verdict"]["decision"], "inconclusive");
}

TEST(ReportJson, WritesNullForNumbersThatJsonDoesNotHave) {
  const Json report = report_json(hostile_report());
  EXPECT_TRUE(report["training"]["curve"]["loss"][1][1].is_null());
  EXPECT_TRUE(parse_json(to_text(report), "report.json").has_value());
}

TEST(ReportHtml, KeepsHostileTextAsText) {
  const std::string page = report_html(hostile_report());
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_EQ(find_invalid_utf8(page), std::string::npos);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, HasSubstr("[U+202E]"));
  // The only title and style ends are the page's own (every drawing has a title too).
  EXPECT_EQ(page.find("</style>"), page.rfind("</style>"));
}

TEST(ReportHtml, StandsAlone) {
  const std::string page = report_html(sample_report(40));
  for (const char* outside :
       {"http://", "https://", "src=", "<link", "<script", "@import", "url("}) {
    EXPECT_THAT(page, Not(HasSubstr(outside))) << outside;
  }
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy"));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme:dark"));
  for (const char* part : {"Results", "Is the difference real?", "Field by field", "Training",
                           "Answers side by side", "Data", "Model"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
}

TEST(ReportHtml, ClosesWhatItOpens) {
  for (const std::string& page : {report_html(sample_report(40)), report_html(hostile_report())}) {
    for (const char* tag : {"section", "table", "tr", "td", "th", "div", "details", "pre", "svg",
                            "ins", "del", "dl", "figure", "p", "ul", "li"}) {
      std::size_t opened = 0;
      std::size_t closed = 0;
      const std::string name(tag);
      for (const std::string& start : {"<" + name + ">", "<" + name + " "}) {
        for (std::size_t at = page.find(start); at != std::string::npos;
             at = page.find(start, at + 1))
          ++opened;
      }
      for (std::size_t at = page.find("</" + name + ">"); at != std::string::npos;
           at = page.find("</" + name + ">", at + 1))
        ++closed;
      EXPECT_EQ(opened, closed) << tag;
    }
  }
}

TEST(Report, WritesBothFiles) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("attune-report-" + std::to_string(getpid()));
  const Result<void> written = write_report(folder / "deep", sample_report(30));
  ASSERT_TRUE(written.has_value()) << written.error().message();
  EXPECT_TRUE(read_json(folder / "deep" / "report.json").has_value());
  EXPECT_GT(read_file(folder / "deep" / "report.html")->size(), 10000u);
  std::filesystem::remove_all(folder);
}

TEST(TextDiff, MarksWhatDiffers) {
  EXPECT_EQ(diff_html("a b c d", "a x c d"), "a <del>b</del> <ins>x</ins> c d");
  EXPECT_EQ(diff_html("same words", "same words"), "same words");
  EXPECT_EQ(diff_html("a b", "a b <i>"), "a b <ins>&lt;i&gt;</ins>");
  EXPECT_EQ(diff_html("a\n  b c", "a b c"), "a b c");
  EXPECT_EQ(diff_html("a b", "a x y b"), "a <ins>x y</ins> b");
  EXPECT_EQ(diff_html("one two three", "nothing in common"), "nothing in common");
}

TEST(TextDiff, IgnoresTheOrderOfKeys) {
  const std::string reference = R"({"a":1,"b":{"c":2,"d":3}})";
  const std::string shown = readable(R"({"b":{"d":3,"c":2},"a":1,"e":4})", reference);
  EXPECT_EQ(shown, "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 2,\n    \"d\": 3\n  },\n  \"e\": 4\n}");
  EXPECT_EQ(readable("not json", reference), "not json");
}

TEST(Table, AlignsByCharacters) {
  EXPECT_EQ(aligned_table({{"arm", "rate"}, {"h\u00e9llo", "1 %"}, {"x", "100 %"}}),
            "arm     rate\n------------\nh\u00e9llo    1 %\nx      100 %\n");
}

TEST(Table, ShowsArmsTestsAndVerdict) {
  const ReportInput input = sample_report(80);
  const std::string table = comparison_table(input.comparison);
  for (const char* part : {"zero-shot", "few-shot", "tuned", "format compliance",
                           "80 held-out items", "tuned - few-shot", "p < 0.001"}) {
    EXPECT_THAT(table, HasSubstr(part));
  }
  Verdict verdict;
  verdict.headline = std::string(30, 'w') + " " + std::string(60, 'x') + " " + std::string(30, 'y');
  verdict.reasons = {"because"};
  EXPECT_THAT(verdict_text(verdict),
              HasSubstr("\n         " + std::string(30, 'y') + "\n  - because\n"));
}

TEST(Words, WriteNumbersForPeople) {
  EXPECT_EQ(percent(0.9666), "96.7 %");
  EXPECT_EQ(percent(0.99999), "99.9 %");
  EXPECT_EQ(percent(1), "100.0 %");
  EXPECT_EQ(percent(0.0001), "0.1 %");
  EXPECT_EQ(percent_interval({0.9812, 0.95971, 0.99123}), "98.1 % [95.9, 99.2]");
  EXPECT_EQ(percent_interval({0.5, 0.29, 1}), "50.0 % [29.0, 100.0]");
  EXPECT_EQ(percent_interval({0, 0, 0}), "0.0 % [0.0, 0.0]");
  EXPECT_EQ(points(0.1824), "+18.2");
  EXPECT_EQ(points(-0.00001), "0.0");
  EXPECT_EQ(p_value(0.00002), "p < 0.001");
  EXPECT_EQ(p_value(0.0123), "p = 0.012");
  EXPECT_EQ(milliseconds(3.21), "3.2 ms");
  EXPECT_EQ(milliseconds(1240), "1.24 s");
}

TEST(AxisTicks, AreRoundNumbersInside) {
  EXPECT_EQ(axis_ticks(0, 1, 5), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(axis_ticks(1, 180, 8), (std::vector<double>{50, 100, 150}));
  EXPECT_TRUE(axis_ticks(1, 1, 5).empty());
}

}  // namespace
}  // namespace attune::eval
