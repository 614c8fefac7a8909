#include "data/dataset.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/raw_rows.h"

namespace attune::data {
namespace {

Dataset read(std::string_view text, const ReadOptions& options = {},
             const std::string& source = "t.csv") {
  Result<Dataset> dataset = read_examples_from_text(text, source, options);
  EXPECT_TRUE(dataset) << dataset.error().message();
  return dataset ? std::move(*dataset) : Dataset{};
}

std::string error_of(std::string_view text, const ReadOptions& options = {},
                     const std::string& source = "t.csv") {
  const Result<Dataset> dataset = read_examples_from_text(text, source, options);
  return dataset ? "no error" : dataset.error().message();
}

std::string messages_text(const Dataset& dataset, std::size_t row = 0) {
  return row < dataset.examples.size() ? to_text(dataset.examples[row].messages) : "no such row";
}

constexpr const char* kQuestionAndAnswer =
    R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])";

TEST(ReadExamples, UnderstandsEveryKnownShape) {
  const struct {
    const char* text;
    const char* source;
    const char* messages;
  } kCases[] = {
      {"prompt,completion\nQ,A\n", "t.csv", kQuestionAndAnswer},
      {"Prompt;Completion\nQ;A\n", "t.csv", kQuestionAndAnswer},
      {"question\tanswer\nQ\tA\n", "t.tsv", kQuestionAndAnswer},
      {"id,text,label\n7,Q,A\n", "t.csv", kQuestionAndAnswer},
      {"instruction,input,output\nQ,,A\n", "t.csv", kQuestionAndAnswer},
      {"instruction,output\nQ,A\n", "t", kQuestionAndAnswer},
      {R"({"prompt":"Q","completion":"A"})", "t.jsonl", kQuestionAndAnswer},
      {R"([{"question":"Q","response":"A"}])", "t.json", kQuestionAndAnswer},
      {R"({"data":[{"question":"Q","response":"A"}],"version":1})", "t.json", kQuestionAndAnswer},
      {R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})",
       "t.jsonl", kQuestionAndAnswer},
      {R"({"conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}],"system":"S"})",
       "t.jsonl",
       R"([{"role":"system","content":"S"},{"role":"human","content":"Q"},{"role":"gpt","content":"A"}])"},
      {R"({"instruction":"Q","input":"I","output":"A","system":"S","history":[["q","a"]]})",
       "t.jsonl",
       R"([{"role":"system","content":"S"},{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"Q\nI"},{"role":"assistant","content":"A"}])"},
      {"system,user,assistant\nS,Q,A\n", "t.csv",
       R"([{"role":"system","content":"S"},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(messages_text(read(test.text, {}, test.source)), test.messages) << test.text;
  }
}

TEST(ReadExamples, PrintsWhyItReadTheFileAsItDid) {
  const Dataset csv = read("id;prompt;completion;note\n1;Q;A;n\n");
  ASSERT_EQ(csv.evidence.size(), 4u);
  EXPECT_EQ(csv.evidence[0], "format: CSV by its name .csv");
  EXPECT_EQ(csv.evidence[1],
            "delimiter semicolon: 1 of the first 1 records have 4 fields, as the header");
  EXPECT_EQ(csv.evidence[2],
            "shape: 1 rows by prompt-completion (prompt, completion); sure, by its columns");
  EXPECT_EQ(csv.evidence[3], "columns not used: note");
}

TEST(ReadExamples, TellsFormatsApartByTheirContent) {
  const std::string row = R"({"prompt":"Q","completion":"A"})";
  EXPECT_EQ(read(row + "\n" + row, {}, "t").format, "JSONL");
  EXPECT_EQ(read(row + "\n", {}, "t").format, "JSONL");
  EXPECT_EQ(read("[" + row + "]", {}, "t.jsonl").format, "JSON");
  EXPECT_EQ(read("{\n\"prompt\":\"Q\",\n\"completion\":\"A\"}", {}, "t").format, "JSON");
  EXPECT_EQ(read("\xEF\xBB\xBF" + row + "\n" + row, {}, "t.json").format, "JSONL");
  EXPECT_EQ(read("prompt,completion\nQ,A", {}, "t").format, "CSV");
}

TEST(ReadExamples, KeepsLinesAndIdsAndParts) {
  const Dataset csv = read("id,question,answer,split\n,\"two\nlines\",A,train\nx7,Q,A,test\n");
  EXPECT_EQ(csv.examples[0].where(), "t.csv:2");
  EXPECT_EQ(csv.examples[0].id, "row 1");
  EXPECT_EQ(csv.examples[1].where(), "t.csv:4");
  EXPECT_EQ(csv.examples[1].id, "x7");
  EXPECT_EQ(csv.examples[1].split, "test");
  const Dataset json = read(
      "[\n {\"prompt\":\"{[\\\"\", \"completion\":\"A\"},\n\n "
      "{\"prompt\":\"Q\",\"completion\":{\"a\":[{}]}}]",
      {}, "t.json");
  EXPECT_EQ(json.examples[0].line, 2);
  EXPECT_EQ(json.examples[1].line, 4);
  const Dataset wrapped =
      read("{\"rows\":[\n3,\n{\"prompt\":\"Q\",\"completion\":\"A\"}]}", {}, "t.json");
  EXPECT_EQ(wrapped.examples[0].line, 3);
  EXPECT_EQ(wrapped.findings.at(0).rule, "not_an_object");
}

TEST(ReadExamples, AsksForAMappingWhenColumnsAreAmbiguous) {
  EXPECT_EQ(error_of("id,subject,body,category,priority\n1,s,b,c,p\n"),
            "t.csv:2: the columns \"id\", \"subject\", \"body\", \"category\", \"priority\", which "
            "do not say what is the question "
            "and what the answer; wanted messages; prompt and completion; instruction and output; "
            "or a mapping. Fix: name the "
            "columns, for example --map "
            "\"user={subject}\\n\\n{body},assistant=json(category,priority)\"");
  EXPECT_NE(error_of("question,prompt,answer\nq,p,a\n").find("--map"), std::string::npos);
}

TEST(ReadExamples, ProposesAMappingFromTheNamesOfTheColumns) {
  const auto proposal = [](std::string_view text) {
    const std::string message = error_of(text);
    const std::size_t begin = message.find("--map \"");
    return begin == std::string::npos ? message
                                      : message.substr(begin + 7, message.size() - begin - 8);
  };
  EXPECT_EQ(proposal("text,category\nt,c\n"), "user=text,assistant=category");
  EXPECT_EQ(proposal("id,received,subject,body,answer,split\n1,r,s,b,a,x\n"),
            "user={subject}\\n\\n{body},assistant=answer");
  EXPECT_EQ(proposal("a,b\n1,2\n"), "user=a,assistant=b");
  EXPECT_EQ(proposal("a,b,c\n1,2,3\n"), "user=a,assistant=json(b,c)");
  EXPECT_EQ(proposal("id,a\n1,2\n"), "user=COLUMN,assistant=COLUMN");
}

TEST(ReadExamples, NamesAMissingMappedColumnAndTheNearest) {
  EXPECT_EQ(error_of("subject,body,label\ns,b,l\n", {.map = "user=bdy,assistant=label"}),
            "t.csv: there is no column \"bdy\" (did you mean \"body\"?); wanted one of "
            "\"subject\", \"body\", \"label\". Fix: "
            "correct --map");
}

TEST(ReadExamples, RefusesWhatCannotBeTrainingData) {
  const struct {
    std::string text;
    const char* source;
    const char* words;
  } kCases[] = {
      {"", "t.csv", "t.csv: the file is empty"},
      {" \n\n", "t.csv", "nothing but white space"},
      {"prompt,completion\nQ,caf\xE9\n", "t.csv", "t.csv:2:6: byte 0xE9 is not valid UTF-8"},
      {"PK\x03\x04...", "t.xlsx", "Excel workbook"},
      {"prompt,completion\nQ,\"open\nmore\n", "t.csv",
       "t.csv:2:3: a quoted field that opens here and never closes"},
      {"{\"prompt\":\"Q\"\n{\"prompt\":\"Q\",\"completion\":\"A\"}\n{]\n{\n", "t.jsonl",
       "t.jsonl:1:14: the text ends inside the object"},
      {"{\"prompt\":\"Q\"\n{\"prompt\":\"Q\",\"completion\":\"A\"}\n{]\n{\n", "t.jsonl",
       "2 more broken lines: 3, 4"},
      {"[{\"prompt\":\"Q\",}]", "t.json", "t.json:1:16: a comma before '}'"},
      {"3", "t.json", "a JSON number"},
      {"{\"a\":[],\"b\":[]}", "t.json", "2 arrays"},
  };
  for (const auto& test : kCases) {
    const std::string message = error_of(test.text, {}, test.source);
    EXPECT_NE(message.find(test.words), std::string::npos) << message;
  }
}

TEST(ReadExamples, ReportsSingleRowsThatDoNotFitAndKeepsTheRest) {
  const Dataset csv = read("prompt,completion\nQ,A\nQ\nQ2,A2\n");
  EXPECT_EQ(csv.rows_read, 3);
  EXPECT_EQ(csv.examples.size(), 2u);
  EXPECT_EQ(csv.examples[1].id, "row 3");
  ASSERT_EQ(csv.findings.size(), 1u);
  EXPECT_EQ(csv.findings[0].rule, "broken_row");
  EXPECT_EQ(csv.findings[0].row, "row 2");
  EXPECT_TRUE(csv.findings[0].message().starts_with("t.csv:3: 1 fields; wanted 2"));
  const Dataset jsonl =
      read("{\"prompt\":\"Q\",\"completion\":\"A\"}\n7\n{\"other\":1}\n", {}, "t.jsonl");
  EXPECT_EQ(jsonl.examples.size(), 1u);
  ASSERT_EQ(jsonl.findings.size(), 2u);
  EXPECT_EQ(jsonl.findings[0].where, "t.jsonl:2");
  EXPECT_EQ(jsonl.findings[1].rule, "row_does_not_fit");
}

TEST(ReadExamples, SkipsBrokenLinesWhenAsked) {
  const Dataset jsonl =
      read("{\"prompt\":\"Q\",\"completion\":\"A\"}\n{]\n", {.skip_broken_lines = true}, "t.jsonl");
  EXPECT_EQ(jsonl.examples.size(), 1u);
  EXPECT_EQ(jsonl.findings.at(0).where, "t.jsonl:2:2");
}

TEST(ReadExamples, ReadsToolsFromJsonAndFromAText) {
  EXPECT_TRUE(read(R"({"messages":[],"tools":[{"type":"function"}]})", {}, "t.jsonl")
                  .examples[0]
                  .tools.is_array());
  EXPECT_TRUE(read(R"({"messages":[],"tools":"[{\"type\":\"function\"}]"})", {}, "t.jsonl")
                  .examples[0]
                  .tools.is_array());
}

TEST(LinesOfItems, FindsEveryObjectOfTheArray) {
  EXPECT_EQ(lines_of_items("[{\"a\":[{}]},\n{}\r\n,{\"b\":\"]{\"},\r{}]"),
            (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(lines_of_items("{\"meta\":{\"a\":1},\n\"rows\":[{},\n{}]}"),
            (std::vector<std::int64_t>{2, 3}));
}

}  // namespace
}  // namespace attune::data
