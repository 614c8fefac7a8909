#include "data/known_formats.h"

#include <set>

#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/prepare.h"
#include "data/write_formats.h"

namespace attune::data {
namespace {

struct FormatCase {
  const char* format;  // as it is recognised
  const char* row;
  const char* strict;  // the row in the OpenAI format of its kind
};

// One row of every format of the table that is recognised by itself.
constexpr FormatCase kFormatRows[] = {
    {"tokens", R"({"input_ids":[1,2],"labels":[-100,2]})",
     R"({"input_ids":[1,2],"labels":[-100,2]})"},
    {"segments", R"({"segments":[{"label":false,"text":"Q"},{"label":true,"text":"A"}]})",
     R"({"segments":[{"label":false,"text":"Q"},{"label":true,"text":"A"}]})"},
    {"openai-dpo",
     R"({"input":{"messages":[{"role":"user","content":"Q"}],"tools":[],"parallel_tool_calls":true},"preferred_output":[{"role":"assistant","content":"A"}],"non_preferred_output":[{"role":"assistant","content":"B"}]})",
     R"({"input":{"messages":[{"role":"user","content":"Q"}],"parallel_tool_calls":true},"preferred_output":[{"role":"assistant","content":"A"}],"non_preferred_output":[{"role":"assistant","content":"B"}]})"},
    {"openai-dpo-draft",
     R"({"input":{"messages":[{"role":"user","content":"Q"}]},"preferred_completion":[{"role":"assistant","content":"A"}],"non_preferred_completion":[{"role":"assistant","content":"B"}]})",
     nullptr},
    {"argilla", R"({"system":"","instruction":"Q","chosen_response":"A","rejected_response":"B"})",
     nullptr},
    {"chat-preference",
     R"({"messages":[{"role":"user","content":"Q"}],"chosen":{"role":"assistant","content":"A"},"rejected":{"role":"assistant","content":"B"}})",
     nullptr},
    {"sharegpt-preference",
     R"({"conversations":[{"from":"human","value":"Q"}],"chosen":{"from":"gpt","value":"A"},"rejected":{"from":"gpt","value":"B"}})",
     nullptr},
    {"alpaca-preference", R"({"instruction":"Q","input":"","chosen":"A","rejected":"B"})", nullptr},
    {"trl-preference", R"({"prompt":"Q","chosen":"A","rejected":"B"})", nullptr},
    {"trl-preference",
     R"({"prompt":"Q","chosen":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],"rejected":[{"role":"user","content":"Q"},{"role":"assistant","content":"B"}]})",
     nullptr},
    {"question-preference", R"({"question":"Q","chosen":"A","rejected":"B"})", nullptr},
    {"input-preference", R"({"input":"Q","chosen":"A","rejected":"B"})", nullptr},
    {"trl-preference-implicit",
     R"({"chosen":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],"rejected":[{"role":"user","content":"Q"},{"role":"assistant","content":"B"}]})",
     nullptr},
    {"trl-preference-implicit", R"({"chosen":"Q A","rejected":"Q B"})", nullptr},
    {"nectar", R"({"prompt":"Q","answers":[{"answer":"B","rank":2},{"answer":"A","rank":1}]})",
     nullptr},
    {"trl-kto", R"({"prompt":"Q","completion":"A","label":true})",
     R"({"prompt":"Q","completion":"A","label":true})"},
    {"instruction-kto", R"({"instruction":"Q","completion":"A","label":"yes"})",
     R"({"prompt":"Q","completion":"A","label":true})"},
    {"input-kto", R"({"input":"Q","completion":"A","label":1})",
     R"({"prompt":"Q","completion":"A","label":true})"},
    {"question-kto", R"({"question":"Q","completion":"A","label":true})",
     R"({"prompt":"Q","completion":"A","label":true})"},
    {"chat-kto",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],"kto_tag":false})",
     R"({"prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"A"}],"label":false})"},
    {"sharegpt-kto",
     R"({"conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}],"kto_tag":false})",
     R"({"prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"A"}],"label":false})"},
    {"alpaca-kto", R"({"instruction":"Q","output":"A","kto_tag":true})",
     R"({"prompt":"Q","completion":"A","label":true})"},
    {"trl-stepwise", R"({"prompt":"Q","completions":["1","2"],"labels":[true,false]})",
     R"({"prompt":"Q","completions":["1","2"],"labels":[true,false]})"},
    {"openai", R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"sharegpt", R"({"conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"sharegpt", R"({"conversations":[{"role":"user","value":"Q"},{"role":"bot","value":"A"}]})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"reflection", R"({"instruction":"Q","output":"A","reflection":"R","corrected":"C"})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A\n\nReflection: R\n\nCorrected answer: C"}]})"},
    {"creative-acr",
     R"({"instruction":"Q","answer":"no","scores":"1","critiques":"bad","revision":"A"})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"alpaca", R"({"instruction":"Q","input":"I","output":"A","system":"S","history":[["q","a"]]})",
     R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"Q\nI"},{"role":"assistant","content":"A"}]})"},
    {"gpteacher", R"({"instruction":"Q","input":"","response":"A"})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"gpteacher", R"({"INSTRUCTION":"Q","RESPONSE":"A"})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"self-instruct", R"({"instruction":"Q","instances":[{"input":"I","output":"A"}]})",
     R"({"messages":[{"role":"user","content":"Q\nI"},{"role":"assistant","content":"A"}]})"},
    {"open-orca", R"({"id":"7","system_prompt":"S","question":"Q","response":"A"})",
     R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"explain-choice",
     R"({"question":"Q","choices":["x","y"],"solution":"x","explanation":"because"})",
     R"({"messages":[{"role":"user","content":"Q\n\nx\n\ny"},{"role":"assistant","content":"because\n\nAnswer: x"}]})"},
    {"concise-choice", R"({"question":"Q","choices":["x","y"],"solution":"x"})",
     R"({"messages":[{"role":"user","content":"Q\n\nx\n\ny"},{"role":"assistant","content":"x"}]})"},
    {"summarize-tldr", R"({"article":"T","summary":"S"})",
     R"({"messages":[{"role":"user","content":"Summarize this article in a few words.\n\nT"},{"role":"assistant","content":"S"}]})"},
    {"camel", R"({"message_1":"Q","message_2":"A"})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"context-qa", R"({"context":"C","question":"Q","answer":"A"})",
     R"({"messages":[{"role":"user","content":"C\n\nQ"},{"role":"assistant","content":"A"}]})"},
    {"article-qa", R"({"article":"C","question":"Q","answer":"A"})",
     R"({"messages":[{"role":"user","content":"C\n\nQ"},{"role":"assistant","content":"A"}]})"},
    {"context-qa-404", R"({"context":"C","unanswerable_question":"Q"})",
     R"({"messages":[{"role":"user","content":"C\n\nQ"},{"role":"assistant","content":"The text does not say."}]})"},
    {"article-qa-404", R"({"article":"C","unanswerable_question":"Q"})",
     R"({"messages":[{"role":"user","content":"C\n\nQ"},{"role":"assistant","content":"The text does not say."}]})"},
    {"metharme", R"({"prompt":"Q","generation":"A"})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"prompt-completion", R"({"prompt":"Q","completion":" A"})",
     R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"prompt-completion",
     R"({"prompt":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"A"}]})",
     R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","weight":0},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})"},
    {"prompt", R"({"prompt":"Q"})", R"({"messages":[{"role":"user","content":"Q"}]})"},
    {"text", R"({"text":"T"})", R"({"text":"T"})"},
};

constexpr const char* kPreference =
    R"({"input":{"messages":[{"role":"user","content":"Q"}]},"preferred_output":[{"role":"assistant","content":"A"}],"non_preferred_output":[{"role":"assistant","content":"B"}]})";

TEST(KnownFormats, AreRecognisedByTheirColumnsAndMakeStrictRows) {
  for (const FormatCase& test : kFormatRows) {
    const Json row = parse_json(test.row, "row").value();
    const KnownFormat* const format = recognise_format(row);
    ASSERT_NE(format, nullptr) << test.row;
    EXPECT_EQ(format->name, test.format) << test.row;
    Result<Dataset> dataset = read_examples_from_text(test.row, "t.jsonl", {});
    ASSERT_TRUE(dataset) << dataset.error().message();
    const Result<Prepared> prepared = prepare_dataset(std::move(*dataset), "t.jsonl", {});
    ASSERT_TRUE(prepared) << test.row << "\n" << prepared.error().message();
    ASSERT_EQ(prepared->examples.size(), 1u) << test.row;
    EXPECT_EQ(prepared->examples[0].kind, format->kind) << test.row;
    EXPECT_EQ(strict_row(prepared->examples[0]), test.strict == nullptr ? kPreference : test.strict)
        << test.row;
  }
}

TEST(KnownFormats, HasACaseForEachFormatThatIsRecognised) {
  std::set<std::string_view> tested;
  for (const FormatCase& test : kFormatRows) tested.insert(test.format);
  for (const KnownFormat& format : known_formats()) {
    if (format.recognised == KnownFormat::Recognised::when_asked) continue;
    EXPECT_TRUE(tested.contains(format.name) || format.name == "sharegpt-conversation")
        << format.name;
  }
}

TEST(KnownFormats, HaveMappingsOfTheirColumnsAlone) {
  for (const KnownFormat& format : known_formats()) {
    const Result<Mapping> mapping = Mapping::parse(format.map);
    ASSERT_TRUE(mapping) << format.name << ": " << mapping.error().message();
    EXPECT_TRUE(mapping->has_content()) << format.name;
    EXPECT_EQ(find_known_format(format.name), &format);
  }
}

TEST(KnownFormats, OfTheSameColumnsAreChosenByName) {
  ReadOptions options;
  ASSERT_TRUE(set_format(options, "csv, jeopardy"));
  EXPECT_EQ(options.format, Format::csv);
  const Result<Dataset> dataset =
      read_examples_from_text("category,question,answer\nC,Q,A\n", "t", options);
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->examples[0].messages[0]["content"], "C\nQ");
  const Result<void> wrong = set_format(options, "alpacca");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().found, "\"alpacca\" (did you mean \"alpaca\"?)");
}

TEST(KnownFormats, ALabelThatIsAWordIsNoKtoLabel) {
  const Json row = parse_json(R"({"prompt":"Q","completion":"A","label":"billing"})", "r").value();
  EXPECT_EQ(recognise_format(row)->name, "prompt-completion");
}

TEST(KnownFormats, ARankedRowGivesAPairForEachWorseAnswer) {
  const Result<Dataset> dataset = read_examples_from_text(
      R"({"id":"n","prompt":"Q","answers":[{"answer":"C","rank":3},{"answer":"A","rank":1},{"answer":"B","rank":2}]})",
      "t.jsonl", {});
  ASSERT_TRUE(dataset);
  ASSERT_EQ(dataset->examples.size(), 2u);
  EXPECT_EQ(dataset->rows_read, 2);
  EXPECT_EQ(dataset->examples[0].id, "n (1 of 2)");
  EXPECT_EQ(dataset->examples[0].preferred[0]["content"], "A");
  EXPECT_EQ(dataset->examples[0].non_preferred[0]["content"], "B");
  EXPECT_EQ(dataset->examples[1].non_preferred[0]["content"], "C");
}

TEST(KnownFormats, MixedInOneFileAreRefusedUnlessAsked) {
  constexpr std::string_view kMixed =
      "{\"prompt\":\"Q\",\"completion\":\"A\"}\n{\"instruction\":\"Q\",\"output\":\"A\"}\n";
  const Result<Dataset> refused = read_examples_from_text(kMixed, "t.jsonl", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().found,
            "1 row of alpaca (instruction, output) (first t.jsonl:2); 1 row of prompt-completion "
            "(prompt, completion) (first t.jsonl:1)");
  EXPECT_TRUE(read_examples_from_text(kMixed, "t.jsonl", {.allow_mixed = true}));
}

TEST(KnownFormats, MessagesWithoutAnyAnswerAndWithMoreColumnsAreForReinforcement) {
  constexpr std::string_view kRows =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"2+2\"}],\"reference\":4}\n"
      "{\"messages\":[{\"role\":\"user\",\"content\":\"2+3\"}],\"reference\":5}\n";
  const Result<Dataset> dataset = read_examples_from_text(kRows, "t.jsonl", {});
  ASSERT_TRUE(dataset);
  EXPECT_EQ(dataset->examples[0].kind, RowKind::reinforcement);
  EXPECT_EQ(openai_row(dataset->examples[1]),
            R"({"messages":[{"role":"user","content":"2+3"}],"reference":5})");
}

TEST(KnownFormats, TuningRefusesRowsWithoutAnAnswerToLearn) {
  const Result<Dataset> refused =
      read_examples_from_text(kPreference, "t.jsonl", {.supervised_only = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "t.jsonl:1");
  EXPECT_EQ(refused.error().found, "a preference row");
  EXPECT_NE(refused.error().fix.find("--preferred-only"), std::string::npos);
}

}  // namespace
}  // namespace attune::data
