// All 541 prompts of IFEval, each with answers made for it: tools/make_ifeval_prompts_golden.py
// (lm-eval's IFEval). The prompts themselves are shared data, beside the checkout.
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "io/jsonl.h"
#include "metrics/ifeval.h"
#include "text/unicode.h"

namespace attune::metrics {
namespace {

std::vector<Json> json_lines(const std::string& path) {
  const std::string text = read_file(path).value();
  JsonlReader reader(text, path);
  std::vector<Json> rows;
  for (auto line = reader.next().value(); line; line = reader.next().value()) {
    rows.push_back(line->value);
  }
  return rows;
}

// The texts that the maker wrote down in parts.
class Answers {
 public:
  Answers(const Json& header, const Json& row) : header_(header), row_(row) {}

  std::vector<std::string> of(const Json& recipes) const {
    std::vector<std::string> texts;
    for (const Json& recipe : recipes) texts.push_back(expanded(recipe, ""));
    const std::string first = texts.at(0);
    for (const Json& frame : header_["frames"]) texts.push_back(expanded(frame, first));
    return texts;
  }

 private:
  std::string expanded(const Json& recipe, const std::string& first) const {
    if (recipe.is_object()) {
      const std::string plain = expanded(recipe["parts"], first);
      const std::string cased =
          recipe["case"] == "upper" ? text::upper_case(plain) : text::lower_case(plain);
      return cased + recipe["tail"].get<std::string>();
    }
    std::string out;
    for (const Json& part : recipe) out += piece(part, first);
    return out;
  }

  std::string piece(const Json& part, const std::string& first) const {
    if (part.is_null()) return first;
    if (part.is_string()) return part;
    if (part.is_number()) return header_["pool"][part.get<std::size_t>()];
    if (part.is_array()) {
      std::string out;
      for (int i = 0; i < part[1].get<int>(); ++i) out += part[0].get<std::string>();
      return out;
    }
    if (part.contains("language")) return header_["languages"][part["language"].get<std::string>()];
    return row_["kwargs"][part["of"].get<std::size_t>()][part["name"].get<std::string>()];
  }

  const Json& header_;
  const Json& row_;
};

// Half Bengali, half English: the original tells one language, the rules here the other.
constexpr std::int64_t kKnownKey = 3744;
constexpr std::size_t kKnownAnswer = 3;

TEST(IfevalPrompts, EveryVerdictOnAnswersMadeForAllPromptsIsThatOfThePublishedProgram) {
  const std::filesystem::path data =
      std::filesystem::path(ATTUNE_SOURCE_DIR) / "../shared/datasets/ifeval/input_data.jsonl";
  if (!std::filesystem::exists(data))
    GTEST_SKIP() << "the IFEval prompts, " << data << ", are not here";
  std::map<std::int64_t, Json> rows;
  for (const Json& row : json_lines(data.string())) rows[row["key"]] = row;
  const std::vector<Json> lines =
      json_lines(std::string(ATTUNE_SOURCE_DIR) + "/tests/metrics/golden/ifeval_prompts.jsonl");
  ASSERT_EQ(lines.size(), 542u);

  std::int64_t answers = 0;
  std::int64_t verdicts = 0;
  std::int64_t drawn = 0;  // the published program draws lots
  std::map<std::string, int> differences;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Json& line = lines[i];
    const Json& row = rows.at(line["key"]);
    const IfevalPrompt prompt = read_ifeval_prompt(row, "test").value();
    const std::vector<std::string> texts = Answers(lines[0], row).of(line["answers"]);
    ASSERT_EQ(texts.size(), line["verdicts"].size());
    ASSERT_GE(texts.size(), 4u);
    for (std::size_t a = 0; a < texts.size(); ++a, ++answers) {
      const IfevalVerdict verdict = check_ifeval(prompt, texts[a]);
      const auto wanted = line["verdicts"][a].get<std::string>();
      const std::size_t count = prompt.instructions.size();
      ASSERT_EQ(wanted.size(), 2 * count + 1);
      for (std::size_t k = 0; k < count; ++k) {
        const char strict = wanted[k];
        const char loose = wanted[count + 1 + k];
        verdicts += (strict == '?' ? 0 : 1) + (loose == '?' ? 0 : 1);
        drawn += (strict == '?' ? 1 : 0) + (loose == '?' ? 1 : 0);
        const auto agrees = [](char published, bool ours) {
          return published == '?' || ours == (published == '1');
        };
        if (agrees(strict, verdict.strict[k]) && agrees(loose, verdict.loose[k])) continue;
        ++differences[prompt.instructions[k].id];
        if (line["key"] == kKnownKey && a == kKnownAnswer) continue;
        ADD_FAILURE() << prompt.instructions[k].id << row["kwargs"][k] << ", prompt " << line["key"]
                      << ", answer " << a << ": wanted " << strict << loose << ", got "
                      << verdict.strict[k] << verdict.loose[k] << "\n"
                      << texts[a].substr(0, 400);
      }
    }
  }
  std::printf("%s", fmt::format("{} answers to 541 prompts: {} verdicts compared, {} that the "
                                "published program leaves to chance\n",
                                answers, verdicts, drawn)
                        .c_str());
  for (const auto& [id, count] : differences) std::printf("  %d differ: %s\n", count, id.c_str());
}

}  // namespace
}  // namespace attune::metrics
