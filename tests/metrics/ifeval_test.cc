// Golden verdicts: tools/make_ifeval_golden.py (lm-eval's IFEval, langdetect, Punkt).
#include "metrics/ifeval.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/random.h"
#include "io/file.h"
#include "metrics/golden_file.h"
#include "metrics/language.h"
#include "metrics/sentences.h"

namespace attune::metrics {
namespace {

IfevalPrompt prompt_of(const std::string& id, const Json& kwargs) {
  const Json row = {
      {"prompt", "x"}, {"instruction_id_list", {id}}, {"kwargs", Json::array({kwargs})}};
  return read_ifeval_prompt(row, "test").value();
}

// These rest on a statistical program in the original and on rules here.
bool rests_on_statistics(const std::string& id) {
  return id == "length_constraints:number_sentences" || id == "language:response_language" ||
         id == "change_case:english_capital" || id == "change_case:english_lowercase";
}

TEST(Ifeval, EveryVerdictAgreesWithThePublishedProgram) {
  const Json& all = golden("ifeval.json");
  int checked = 0;
  for (const Json& one : all["instructions"]) {
    const auto id = one["id"].get<std::string>();
    if (rests_on_statistics(id)) continue;
    const IfevalPrompt prompt = prompt_of(id, one["kwargs"]);
    std::vector<std::string> answers = all["answers"];
    for (const Json& own : one["own"]) answers.push_back(own);
    for (std::size_t i = 0; i < answers.size(); ++i, ++checked) {
      const IfevalVerdict verdict = check_ifeval(prompt, answers[i]);
      EXPECT_EQ(verdict.all_strict(), one["strict"].get<std::string>()[i] == '1')
          << id << one["kwargs"] << "\n"
          << answers[i];
      EXPECT_EQ(verdict.all_loose(), one["loose"].get<std::string>()[i] == '1')
          << id << one["kwargs"] << " (loose)\n"
          << answers[i];
    }
  }
  EXPECT_GT(checked, 10'000);
}

// A share of equal verdicts, by kind; the differences are where Punkt and langdetect guess.
TEST(Ifeval, KindsThatRestOnStatisticsAgreeInNearlyAllVerdicts) {
  const Json& all = golden("ifeval.json");
  std::map<std::string, std::pair<int, int>> counts;
  for (const Json& one : all["instructions"]) {
    const auto id = one["id"].get<std::string>();
    if (!rests_on_statistics(id)) continue;
    const IfevalPrompt prompt = prompt_of(id, one["kwargs"]);
    std::vector<std::string> answers = all["answers"];
    for (const Json& own : one["own"]) answers.push_back(own);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const bool wanted = one["strict"].get<std::string>()[i] == '1';
      auto& [equal, of] = counts[id];
      equal += check_ifeval(prompt, answers[i]).all_strict() == wanted ? 1 : 0;
      ++of;
    }
  }
  for (const auto& [id, count] : counts) {
    const double share = static_cast<double>(count.first) / count.second;
    RecordProperty(id, std::to_string(share));
    EXPECT_GE(share, 0.9) << id;
  }
}

TEST(Ifeval, LanguagesOfTheDataSetAreTold) {
  for (const auto& [code, text] : golden("ifeval.json")["languages"].items()) {
    EXPECT_EQ(detect_language(text.get<std::string>()), code) << text;
  }
  EXPECT_FALSE(detect_language(""));
  EXPECT_FALSE(detect_language("12345 !"));
}

TEST(Ifeval, AnEmptyAnswerFailsAndALooseOneMayDropLinesAndStars) {
  const IfevalPrompt json = prompt_of("detectable_format:json_format", Json::object());
  EXPECT_FALSE(check_ifeval(json, "").all_loose());
  EXPECT_FALSE(check_ifeval(json, "Here:\n{\"a\": 1}").all_strict());
  EXPECT_TRUE(check_ifeval(json, "Here:\n{\"a\": 1}").all_loose());
  EXPECT_TRUE(check_ifeval(json, "Here:\n{\"a\": 1}\nBye").all_loose());
  EXPECT_TRUE(check_ifeval(json, "**{\"a\": 1}**").all_loose());
}

TEST(Ifeval, TotalsCountPromptsAndInstructions) {
  const Json row = Json::parse(R"({"key": 7, "prompt": "p",
      "instruction_id_list": ["punctuation:no_comma", "startend:quotation"], "kwargs": [{}, {}]})");
  const IfevalPrompt prompt = read_ifeval_prompt(row, "x").value();
  IfevalTotals totals;
  totals.add(prompt, check_ifeval(prompt, "\"yes\""));
  totals.add(prompt, check_ifeval(prompt, "yes"));
  EXPECT_EQ(totals.prompts, 2);
  EXPECT_EQ(totals.prompt_strict, 1);
  EXPECT_EQ(totals.all.instructions, 4);
  EXPECT_EQ(totals.all.strict, 3);
  EXPECT_EQ(totals.kinds.at("startend:quotation").strict, 1);
}

TEST(Ifeval, UnknownInstructionsAndMissingArgumentsAreRefusedByName) {
  const auto message = [](const char* line) {
    const auto prompts = read_ifeval(line, "data.jsonl");
    return prompts ? std::string() : prompts.error().message();
  };
  EXPECT_NE(message(R"({"prompt": "p", "instruction_id_list": ["a:b"], "kwargs": [{}]})")
                .find("data.jsonl:1"),
            std::string::npos);
  EXPECT_NE(
      message(R"({"prompt": "p", "instruction_id_list": ["keywords:existence"], "kwargs": [{}]})")
          .find("keywords"),
      std::string::npos);
  EXPECT_NE(message(R"({"prompt": "p", "instruction_id_list": ["length_constraints:number_words"],
      "kwargs": [{"num_words": 3, "relation": "about"}]})"),
            "");
  EXPECT_NE(message(R"({"prompt": "p", "instruction_id_list": [], "kwargs": [{}]})"), "");
  EXPECT_NE(message("[]"), "");
}

TEST(Ifeval, TheWholeDataSetIsRead) {
  const std::filesystem::path path =
      std::filesystem::path(ATTUNE_SOURCE_DIR) / "../shared/datasets/ifeval/input_data.jsonl";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  const auto prompts = read_ifeval(read_file(path).value(), "input_data.jsonl");
  ASSERT_TRUE(prompts) << prompts.error().message();
  EXPECT_EQ(prompts->size(), 541u);
  std::size_t instructions = 0;
  for (const IfevalPrompt& prompt : *prompts) instructions += prompt.instructions.size();
  EXPECT_EQ(instructions, 834u);
}

TEST(Ifeval, AnyAnswerIsJudgedWithoutHarm) {
  const Json& all = golden("ifeval.json");
  std::vector<IfevalPrompt> prompts;
  for (const Json& one : all["instructions"])
    prompts.push_back(prompt_of(one["id"], one["kwargs"]));
  constexpr std::string_view kAlphabet = "aB1 *-<>[]\"'.,!?\n\n#{}:Pps`\xC3\xA9\xE0\xFF";
  for (std::uint32_t step = 0; step < 500; ++step) {
    const RandomStream stream{.seed = 8, .stream = stream_id("ifeval"), .step = step};
    std::string answer;
    for (std::uint64_t i = 0; i < stream.below(0, 100); ++i) {
      answer += kAlphabet[stream.below(i + 1, kAlphabet.size())];
    }
    for (const IfevalPrompt& prompt : prompts) {
      const IfevalVerdict verdict = check_ifeval(prompt, answer);
      EXPECT_TRUE(!verdict.all_strict() || verdict.all_loose());
    }
  }
}

}  // namespace
}  // namespace attune::metrics
