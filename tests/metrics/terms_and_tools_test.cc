// Verdicts on tool calls: tools/make_tool_match_golden.py (bfcl-eval).
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/random.h"
#include "io/file.h"
#include "io/jsonl.h"
#include "metrics/golden_file.h"
#include "metrics/terminology.h"
#include "metrics/tool_match.h"

namespace attune::metrics {
namespace {

TEST(ToolMatch, EveryVerdictAgreesWithBfcl) {
  int checked = 0;
  for (const Json& one : golden("tool_match.json")["cases"]) {
    for (const Json& output : one["outputs"]) {
      std::vector<ToolCall> calls;
      for (const Json& call : output["calls"]) {
        calls.push_back({.name = call.begin().key(), .arguments = *call.begin()});
      }
      const auto verdict = match_calls(calls, one["functions"], one["wanted"]);
      ASSERT_TRUE(verdict) << verdict.error().message();
      EXPECT_EQ(verdict->ok, output["ok"].get<bool>())
          << one["id"] << " " << output["what"] << "\ncalls  " << output["calls"] << "\nwanted "
          << one["wanted"] << "\n"
          << verdict->problem;
      EXPECT_EQ(verdict->ok, verdict->problem.empty());
      ++checked;
    }
  }
  EXPECT_GT(checked, 400);
}

bool is_required(const Json& functions, const std::string& name, const std::string& parameter) {
  for (const Json& function : functions) {
    if (function["name"] != Json(name)) continue;
    const Json& required = function["parameters"]["required"];
    return std::find(required.begin(), required.end(), Json(parameter)) != required.end();
  }
  return false;
}

// The first accepted value of each parameter that may not be left out makes the right call.
void expect_right_calls(const std::filesystem::path& data, const std::string& category,
                        std::size_t rows) {
  const std::string name = "BFCL_v4_" + category + ".jsonl";
  const std::string questions = read_file(data / name).value();
  const std::string answers = read_file(data / "possible_answer" / name).value();
  const JsonlContent asked = parse_jsonl(questions, name);
  const JsonlContent wanted = parse_jsonl(answers, name);
  ASSERT_EQ(asked.rows.size(), rows);
  ASSERT_EQ(wanted.rows.size(), rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const Json& truth = wanted.rows[i].value["ground_truth"];
    const Json& functions = asked.rows[i].value["function"];
    std::vector<ToolCall> calls;
    bool plain = true;  // no accepted value is an object, whose members are lists again
    for (const Json& one : truth) {
      ToolCall call{.name = one.begin().key()};
      for (const auto& [parameter, values] : one.begin()->items()) {
        const bool optional = std::find(values.begin(), values.end(), Json("")) != values.end();
        if (optional && !is_required(functions, call.name, parameter)) continue;
        const Json& value = values[0] == Json("") ? values[1] : values[0];
        plain = plain && !value.is_object() &&
                !(value.is_array() && !value.empty() && value[0].is_object());
        call.arguments[parameter] = value;
      }
      calls.push_back(std::move(call));
    }
    if (!plain) continue;
    const auto verdict = match_calls(calls, functions, truth);
    ASSERT_TRUE(verdict) << verdict.error().message();
    EXPECT_TRUE(verdict->ok) << asked.rows[i].value["id"] << " " << verdict->problem;
    calls[0].name += "_x";
    EXPECT_FALSE(match_calls(calls, functions, truth)->ok);
  }
}

TEST(ToolMatch, TheAcceptedValuesOfTheDataSetAreAccepted) {
  const std::filesystem::path data =
      std::filesystem::path(ATTUNE_SOURCE_DIR) / "../shared/datasets/bfcl";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << data << " is not here";
  expect_right_calls(data, "simple_python", 400);
  expect_right_calls(data, "multiple", 200);
  expect_right_calls(data, "parallel", 200);
  expect_right_calls(data, "parallel_multiple", 200);
}

TEST(ToolMatch, CallsAreReadInEachOfTheirForms) {
  for (const char* answer :
       {R"({"name": "play", "arguments": {"artist": "Adele"}})",
        R"(I call: [{"name": "play", "arguments": "{\"artist\": \"Adele\"}"}])",
        R"({"tool_calls": [{"id": "1", "type": "function", "function": {"name": "play",
            "arguments": "{\"artist\": \"Adele\"}"}}]})",
        R"([{"play": {"artist": "Adele"}}])"}) {
    const auto calls = read_tool_calls(answer);
    ASSERT_TRUE(calls) << answer;
    ASSERT_EQ(calls->size(), 1u) << answer;
    EXPECT_EQ((*calls)[0].name, "play");
    EXPECT_EQ((*calls)[0].arguments, Json::parse(R"({"artist": "Adele"})"));
  }
  EXPECT_TRUE(read_tool_calls("[]")->empty());
  for (const char* answer : {"no call", "{}", "[1]", R"({"name": "f", "arguments": "no json"})"}) {
    EXPECT_FALSE(read_tool_calls(answer)) << answer;
  }
}

TEST(ToolMatch, NoWantedCallMeansThatNoneIsRight) {
  EXPECT_TRUE(match_calls({}, Json::array(), Json::array())->ok);
  const std::vector<ToolCall> one = {{.name = "f"}};
  EXPECT_FALSE(match_calls(one, Json::array(), Json::array())->ok);
}

TEST(ToolMatch, WhatTheWantedCallsDoNotDeclareIsAnError) {
  const std::vector<ToolCall> calls = {{.name = "f"}};
  EXPECT_FALSE(match_calls(calls, Json::array(), Json::parse(R"([{"f": {}}])")));
  const Json functions =
      Json::parse(R"([{"name": "f", "parameters": {"properties": {"a": {"type": "HashMap"}}}}])");
  const std::vector<ToolCall> with_map = {{.name = "f", .arguments = {{"a", 1}}}};
  const auto verdict = match_calls(with_map, functions, Json::parse(R"([{"f": {"a": [1]}}])"));
  ASSERT_FALSE(verdict);
  EXPECT_NE(verdict.error().message().find("HashMap"), std::string::npos);
}

Terminology terms() {
  return Terminology::read(Json::parse(R"([
      {"concept": "actuator", "preferred": "valve actuator", "inflections": ["valve actuators"],
       "forbidden": ["motor", "knob"], "context": ["valve"]},
      {"preferred": "sign-in", "forbidden": ["log-in"]}])"),
                           "terms.json")
      .value();
}

TEST(Terminology, OnlyConceptsThatComeUpAreCounted) {
  EXPECT_FALSE(terms().check("The valve actuator is worn.", "What is wrong?", "").adherence());
  const TermScore score =
      terms().check("The valve actuators are worn.", "My valve motor is dead", "");
  ASSERT_EQ(score.applicable.size(), 1u);
  EXPECT_EQ(score.applicable[0].concept_name, "actuator");
  EXPECT_EQ(score.adherence(), 1);
  // The word comes up, its context does not.
  EXPECT_FALSE(terms().check("The motor.", "My car's motor is dead", "").adherence());
}

TEST(Terminology, ForbiddenTermsCostTheirWeight) {
  const std::string source = "The valve knob and the log-in fail.";
  const TermScore score =
      terms().check("Turn the valve actuator, then use the log-in.", source, "");
  ASSERT_EQ(score.applicable.size(), 2u);
  EXPECT_EQ(score.adherence(), 0);
  EXPECT_EQ(score.adherence(0.5), 0.25);
  EXPECT_EQ(terms().check("Nothing.", source, "").adherence(), 0);
  EXPECT_EQ(terms().check("knob, log-in", source, "").adherence(), -1);
}

TEST(Terminology, AForbiddenWordInsideARequiredTermIsNoUseOfIt) {
  const auto one = Terminology::read(
      Json::parse(R"([{"preferred": "defect report", "forbidden": ["defect"]}])"), "x");
  EXPECT_EQ(one->check("Write a defect report.", "a defect", "").adherence(), 1);
  EXPECT_EQ(one->check("Write about the defect.", "a defect", "").adherence(), -1);
}

TEST(Terminology, TheGlossaryOfAContractIsReadToo) {
  const auto terminology = Terminology::read(
      Json::parse(
          R"({"preferred": ["sign-in"], "forbidden": {"log-in": "sign-in", "bug": "defect"}})"),
      "contract.json");
  const TermScore score =
      terminology->check("The defect is in the log-in.", "bug in the log-in", "");
  EXPECT_EQ(score.applicable.size(), 2u);
  EXPECT_EQ(score.adherence(), 0);
}

TEST(Terminology, AWrongListIsRefusedWithItsPlace) {
  for (const char* spec :
       {"3", "[1]", R"([{"concept": "x"}])", R"([{"preferred": 1}])",
        R"([{"preferred": "a", "forbiden": ["b"]}])", R"([{"preferred": []}])"}) {
    EXPECT_FALSE(Terminology::read(Json::parse(spec), "terms.json")) << spec;
  }
  const auto wrong = Terminology::read(Json::parse(R"([{"preferred": "a"}, 2])"), "terms.json");
  EXPECT_NE(wrong.error().message().find("concept 2"), std::string::npos);
}

TEST(ToolMatch, AnyTextIsReadAsCallsOrRefused) {
  constexpr std::string_view kAlphabet = "{}[]\",:namefuctiogs1 \\";
  for (std::uint32_t step = 0; step < 5000; ++step) {
    const RandomStream stream{.seed = 12, .stream = stream_id("tool calls"), .step = step};
    std::string text = step % 2 ? R"([{"name": "f", "arguments": )" : "";
    for (std::uint64_t i = 0; i < stream.below(0, 40); ++i) {
      text += kAlphabet[stream.below(i + 1, kAlphabet.size())];
    }
    if (const auto calls = read_tool_calls(text)) {
      EXPECT_FALSE(match_calls(*calls, Json::array(), Json::parse(R"([{"g": {}}])")).has_value() &&
                   match_calls(*calls, Json::array(), Json::parse(R"([{"g": {}}])"))->ok);
    }
  }
}

}  // namespace
}  // namespace attune::metrics
