#include "wire/training_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "wire/support.h"

namespace attune::wire {
namespace {

TrainingFileReport check(std::string_view text) {
  TrainingFileChecker checker;
  checker.add(text);
  return checker.finish();
}

const std::string kGood =
    R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})";

std::string lines(const std::string& line, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line + "\n";
  return text;
}

// "kind path" of the faults of one line.
std::string faults_of(const std::string& line) {
  std::string found;
  for (const LineFault& fault : check(line).faults) {
    if (!found.empty()) found += ", ";
    found += fault.kind + " " + fault.path;
  }
  return found;
}

std::string faults_of_message(const std::string& message) {
  return faults_of(R"({"messages":[{"role":"user","content":"Q"},)" + message +
                   R"(,{"role":"assistant","content":"A"}]})");
}

TEST(TrainingFiles, AreGoodWhenEveryExampleIs) {
  const TrainingFileReport report = check(lines(kGood, 10));
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.examples, 10);
  EXPECT_EQ(report.format, TrainingFormat::chat);
  EXPECT_EQ(report.without_system_message, 10);
  EXPECT_EQ(report.without_user_message, 0);
  EXPECT_FALSE(upload_refusal(report).has_value());
  EXPECT_FALSE(job_error(report, "training_file").has_value());
}

TEST(TrainingFiles, MayHaveAMarkEmptyLinesAndWindowsLineEnds) {
  const TrainingFileReport report =
      check("\xEF\xBB\xBF" + kGood + "\r\n\r\n  \n" + kGood + "\r\n" + kGood);
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.examples, 3);
}

TEST(TrainingFiles, AreTheSameInPiecesOfAnySize) {
  const std::string text = "\xEF\xBB\xBF" + kGood + "\n{bad\n\n" + kGood + "\r\n[1]\n{}";
  const TrainingFileReport whole = check(text);
  EXPECT_EQ(whole.fault_count, 3);
  for (std::size_t size = 1; size < 40; ++size) {
    TrainingFileChecker checker;
    for (std::size_t at = 0; at < text.size(); at += size) {
      checker.add(std::string_view(text).substr(at, size));
    }
    EXPECT_EQ(checker.finish(), whole) << size;
  }
}

TEST(TrainingFiles, SayWhatIsNotADictionaryAsTheHostedServiceDoes) {
  const TrainingFileReport report = check(kGood + "\n{\"messages\": [}\n[1,2]\n\"x\"\n\xFF\n");
  ASSERT_EQ(report.faults.size(), 4u);
  EXPECT_EQ(report.faults[0].line, 2);
  EXPECT_EQ(report.faults[0].kind, "data_type");
  EXPECT_TRUE(report.faults[0].message.starts_with(
      "Line 2 is not a dictionary (HINT: line starts with: \"{...\"). Column 15: "))
      << report.faults[0].message;
  const auto refusal = upload_refusal(report);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->status, 400);
  EXPECT_EQ(refusal->message,
            "Expected file to have JSONL format, where every line is a JSON dictionary. Line 2 is "
            "not a dictionary (HINT: line starts with: \"{...\").");
  EXPECT_FALSE(refusal->param.has_value());
  EXPECT_FALSE(refusal->code.has_value());
}

TEST(TrainingFiles, HaveAllFaultsOfAllLines) {
  const TrainingFileReport report = check(
      kGood + "\n" +
      R"({"messages":[{"content":"x"},{"role":"bot","content":"x"},{"role":"user"}]})" + "\n{}\n");
  std::vector<std::string> found;
  for (const LineFault& fault : report.faults) {
    found.push_back(std::to_string(fault.line) + " " + fault.kind + ": " + fault.message);
  }
  const std::vector<std::string> expected = {
      "2 message_missing_key: Example 2, message 1 Discriminator 'role' is missing in value",
      "2 unrecognized_role: Example 2, message 2 No match for discriminator 'role' and value 'bot' "
      "(allowed values: 'system', 'developer', 'user', 'assistant', 'tool')",
      "2 missing_content: Example 2, message 3 Field 'content' is missing in value",
      "2 example_missing_assistant_message: Example 2 There is no assistant message, so nothing to "
      "learn",
      "3 missing_messages_list: Example 3 Field 'messages' is missing in value"};
  EXPECT_EQ(found, expected);
  EXPECT_EQ(report.faulty_lines, 2);
  EXPECT_EQ(report.faults_of_kind.at("unrecognized_role"), 1);
}

TEST(TrainingFiles, CheckMessages) {
  EXPECT_EQ(faults_of(R"({"messages":[]})"), "missing_messages_list messages");
  EXPECT_EQ(faults_of(R"({"messages":{}})"), "missing_messages_list messages");
  EXPECT_EQ(faults_of_message("7"), "message_not_object messages[1]");
  EXPECT_EQ(faults_of_message(R"({"role":7,"content":"x"})"), "unrecognized_role messages[1].role");
  EXPECT_EQ(faults_of_message(R"({"role":"user","content":"x","time":1})"),
            "message_unrecognized_key messages[1].time");
  EXPECT_EQ(faults_of_message(R"({"role":"user","content":" "})"),
            "missing_content messages[1].content");
  EXPECT_EQ(faults_of_message(R"({"role":"system","content":""})"), "");
  EXPECT_EQ(faults_of_message(R"({"role":"user","content":7})"),
            "missing_content messages[1].content");
  EXPECT_EQ(faults_of_message(R"({"role":"user","content":"x","name":7})"),
            "invalid_name messages[1].name");
  EXPECT_EQ(faults_of_message(
                R"({"role":"assistant","content":"x","refusal":null,"function_call":null})"),
            "");
  EXPECT_EQ(faults_of_message(R"({"role":"assistant","content":"x","function_call":{}})"),
            "unsupported_function_call messages[1].function_call");
}

TEST(TrainingFiles, CheckContentParts) {
  EXPECT_EQ(faults_of_message(R"({"role":"user","content":[{"type":"text","text":"x"}]})"), "");
  EXPECT_EQ(faults_of_message(R"({"role":"user","content":[]})"),
            "missing_content messages[1].content");
  EXPECT_EQ(faults_of_message(
                R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}},"x"]})"),
            "unsupported_content messages[1].content[0], missing_content messages[1].content[1]");
}

TEST(TrainingFiles, CheckWeights) {
  const auto weighted = [](const char* weight) {
    return faults_of_message(std::string(R"({"role":"assistant","content":"x","weight":)") +
                             weight + "}");
  };
  for (const char* weight : {"0", "1", "0.0", "null"}) EXPECT_EQ(weighted(weight), "") << weight;
  for (const char* weight : {"2", "-1", "0.5", "true", "\"1\"", "[]"}) {
    EXPECT_EQ(weighted(weight), "invalid_weight messages[1].weight") << weight;
  }
  EXPECT_EQ(faults_of_message(R"({"role":"user","content":"x","weight":1})"),
            "invalid_weight messages[1].weight");
  EXPECT_EQ(faults_of(R"({"messages":[{"role":"assistant","content":"x","weight":0}]})"),
            "example_without_trained_message messages");
}

TEST(TrainingFiles, EndWithTheAssistant) {
  EXPECT_EQ(
      faults_of(
          R"({"messages":[{"role":"assistant","content":"A"},{"role":"user","content":"Q"}]})"),
      "last_message_not_assistant messages[1]");
}

std::string call(const char* arguments) {
  return std::string(
             R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)") +
         R"("function":{"name":"f","arguments":)" + arguments + "}}]}";
}

TEST(TrainingFiles, CheckToolCalls) {
  EXPECT_EQ(faults_of_message(call(R"("{\"a\":1}")") +
                              R"(,{"role":"tool","tool_call_id":"c","content":""})"),
            "");
  const std::string at = "invalid_tool_calls messages[1].tool_calls";
  EXPECT_EQ(faults_of_message(call(R"({"a":1})")), at + "[0].function.arguments");
  EXPECT_EQ(faults_of_message(call(R"("{a:1}")")), at + "[0].function.arguments");
  EXPECT_EQ(faults_of_message(call(R"("[1]")")), at + "[0].function.arguments");
  EXPECT_EQ(faults_of_message(R"({"role":"assistant","content":"x","tool_calls":[]})"), at);
  EXPECT_EQ(faults_of_message(R"({"role":"user","content":"x","tool_calls":[1]})"), at);
  EXPECT_EQ(faults_of_message(R"({"role":"assistant","tool_calls":[{}]})"),
            at + "[0].id, " + at + "[0].type, " + at + "[0].function");
}

TEST(TrainingFiles, CheckThatToolMessagesAnswerACall) {
  EXPECT_EQ(faults_of_message(R"({"role":"tool","content":"x"})"),
            "message_missing_key messages[1].tool_call_id");
  EXPECT_EQ(faults_of_message(R"({"role":"tool","tool_call_id":"c","content":"x"})"),
            "unknown_tool_call_id messages[1].tool_call_id");
  EXPECT_EQ(faults_of_message(call("\"{}\"") + R"(,{"role":"user","content":"x"},)" +
                              R"({"role":"tool","tool_call_id":"c","content":"x"})"),
            "unknown_tool_call_id messages[3].tool_call_id");
}

TEST(TrainingFiles, CheckTools) {
  const auto with_tools = [](const std::string& members) {
    std::string line = kGood;
    line.pop_back();
    return faults_of(line + "," + members + "}");
  };
  EXPECT_EQ(with_tools(R"("tools":[{"type":"function","function":{"name":"f","parameters":{}}}])"),
            "");
  EXPECT_EQ(with_tools(R"("tools":{})"), "invalid_tools tools");
  EXPECT_EQ(
      with_tools(R"("tools":[1,{"type":"function","function":{"name":"a b","parameters":1}}])"),
      "invalid_tools tools[0], invalid_tools tools[1].function.name, "
      "invalid_tools tools[1].function.parameters");
  EXPECT_EQ(with_tools(R"("parallel_tool_calls":1)"),
            "invalid_parallel_tool_calls parallel_tool_calls");
  EXPECT_EQ(with_tools(R"("functions":[])"), "unsupported_functions functions");
  EXPECT_EQ(with_tools(R"("id":"row-1")"), "");
}

TEST(TrainingFiles, MayHoldPromptsAndCompletions) {
  const TrainingFileReport report =
      check(lines(R"({"prompt":"Q ->","completion":" A"})", 10) +
            R"({"prompt":"Q","completion":""})" + "\n" + R"({"prompt":1})" + "\n");
  EXPECT_EQ(report.format, TrainingFormat::prompt_completion);
  EXPECT_EQ(report.fault_count, 3);
  EXPECT_EQ(report.faults[0].path, "completion");
}

TEST(TrainingFiles, MayHoldPreferences) {
  const std::string good =
      R"({"input":{"messages":[{"role":"user","content":"Q"}]},"preferred_output":[{"role":"assistant","content":"A"}],"non_preferred_output":[{"role":"assistant","content":"B"}]})";
  const TrainingFileReport report = check(lines(good, 10));
  EXPECT_TRUE(report.good()) << to_text(to_json(report));
  EXPECT_EQ(report.format, TrainingFormat::preference);
  EXPECT_EQ(faults_of(R"({"preferred_output":[{"role":"user","content":"A"}]})"),
            "missing_input input, example_missing_assistant_message preferred_output, "
            "unrecognized_role preferred_output, missing_messages_list non_preferred_output");
  const auto error = job_error(report, "training_file", "file-X");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(
      error->message,
      "The job failed due to an invalid training file. Invalid file format. Input file file-X "
      "is in the fine-tune-preference format, but the specified fine-tuning job is not using "
      "'dpo' as the training method (provided method=supervised). ");
}

TEST(TrainingFiles, FailAJobInTheWordsOfTheHostedService) {
  const auto few = job_error(check(lines(kGood, 7)), "training_file");
  ASSERT_TRUE(few.has_value());
  EXPECT_EQ(few->code, "invalid_n_examples");
  EXPECT_EQ(few->param, "training_file");
  EXPECT_EQ(few->message, "Training file has 7 example(s), but must have at least 10 examples");

  const auto wrong = job_error(
      check(
          lines(kGood, 99) +
          R"({"messages":[{"role":"user","content":"Q"},{"content":"A"},{"role":"assistant","content":"A"}]})"),
      "training_file");
  ASSERT_TRUE(wrong.has_value());
  EXPECT_EQ(wrong->code, "invalid_training_file");
  EXPECT_EQ(wrong->message,
            "The job failed due to an invalid training file. Invalid file format. Example 100, "
            "message 2 Discriminator 'role' is missing in value");

  const auto neither = job_error(check(lines(R"({"text":"x"})", 20)), "training_file");
  ASSERT_TRUE(neither.has_value());
  EXPECT_EQ(neither->message,
            "The job failed due to an invalid training file. Invalid file format. Unexpected file "
            "format, expected either prompt/completion pairs or chat messages.");
  EXPECT_EQ(
      job_error(check(lines(kGood, 20)), "training_file", "file-X", "dpo")->message,
      "The job failed due to an invalid training file. Invalid file format. Input file file-X "
      "is in the fine-tune-chat format, but the specified fine-tuning job is not using "
      "'supervised' as the training method (provided method=dpo). ");
}

TEST(TrainingFiles, NeedFewerExamplesToValidate) {
  EXPECT_FALSE(job_error(check(kGood), "validation_file").has_value());
  EXPECT_EQ(job_error(check(""), "validation_file")->code, "invalid_n_examples");
  EXPECT_EQ(job_error(check("{}"), "validation_file")->code, "invalid_validation_file");
}

TEST(TrainingFiles, CountFaultsBeyondThoseTheyKeep) {
  std::int64_t seen = 0;
  TrainingFileChecker checker([&](const LineFault&) { ++seen; });
  const std::int64_t many = static_cast<std::int64_t>(kMostFaultsKept) + 500;
  for (std::int64_t i = 0; i < many; ++i) checker.add("{}\n");
  const TrainingFileReport report = checker.finish();
  EXPECT_EQ(report.fault_count, many);
  EXPECT_EQ(report.faulty_lines, many);
  EXPECT_EQ(report.faults.size(), kMostFaultsKept);
  EXPECT_EQ(seen, many);
}

TEST(TrainingFiles, SkipALineThatIsTooLongAndGoOn) {
  TrainingFileChecker checker;
  const std::string piece(std::size_t{1} << 20, 'x');
  checker.add(kGood + "\n");
  for (std::size_t i = 0; i < kLongestLine / piece.size() + 2; ++i) checker.add(piece);
  checker.add("\n" + kGood);
  const TrainingFileReport report = checker.finish();
  EXPECT_EQ(report.examples, 3);
  ASSERT_EQ(report.faults.size(), 1u);
  EXPECT_EQ(report.faults[0].kind, "line_too_long");
  EXPECT_EQ(report.faults[0].line, 2);
}

TEST(TrainingFiles, KeepTheirReportAsJson) {
  const TrainingFileReport report = check(kGood + "\n{}\n[]\n");
  const auto again = from_json<TrainingFileReport>(to_json(report));
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(*again, report);
  EXPECT_FALSE(from_json<TrainingFileReport>(json(R"({"faults":[1]})")).has_value());
}

TEST(TrainingFiles, AreReadFromDisk) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("attune_training_file_test_" + std::to_string(::getpid()) + ".jsonl");
  std::ofstream(path) << lines(kGood, 12);
  const auto report = check_training_file(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->examples, 12);
  EXPECT_EQ(check_training_file(path).error().kind, ErrorKind::environment);
}

}  // namespace
}  // namespace attune::wire
