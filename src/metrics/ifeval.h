// IFEval (Zhou et al. 2023, "Instruction-Following Evaluation for Large Language Models"): answers
// checked by program against instructions of 25 kinds, for example "at least 300 words", "no
// commas", "all in JSON".
//
//   ATTUNE_TRY(std::vector<IfevalPrompt> prompts, read_ifeval(text, "input_data.jsonl"));
//   IfevalTotals totals;
//   for (...) totals.add(prompt, check_ifeval(prompt, answer));
//   totals.prompt_strict / totals.prompts
//
// Four numbers: strict and loose, by prompt (all its instructions hold) and by instruction. Loose:
// one of eight variants of the answer passes: as it is; without the first line, the last line, or
// both; and these four without "*". An empty answer fails.
//
// Two kinds rest on English and on statistics in the published program, and on rules here:
// number_sentences counts with sentences.h where the original uses NLTK's Punkt model, and the
// kinds that ask for a language use language.h where the original uses langdetect.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::metrics {

using InstructionCheck = std::function<bool(std::string_view answer)>;

struct IfevalInstruction {
  std::string id;          // "keywords:existence"
  InstructionCheck check;  // with its arguments read
};

struct IfevalPrompt {
  std::int64_t key = 0;
  std::string prompt;
  std::vector<IfevalInstruction> instructions;
};

// JSON lines of {key, prompt, instruction_id_list, kwargs}. An unknown instruction or a missing
// argument is an error, with its line.
Result<std::vector<IfevalPrompt>> read_ifeval(std::string_view jsonl, std::string_view where);
Result<IfevalPrompt> read_ifeval_prompt(const Json& row, std::string_view where);

struct IfevalVerdict {
  std::vector<bool> strict;  // by instruction
  std::vector<bool> loose;
  bool all_strict() const;
  bool all_loose() const;
};

IfevalVerdict check_ifeval(const IfevalPrompt& prompt, std::string_view answer);

struct IfevalTotals {
  struct Kind {
    std::int64_t instructions = 0;
    std::int64_t strict = 0;
    std::int64_t loose = 0;
  };
  std::int64_t prompts = 0;
  std::int64_t prompt_strict = 0;
  std::int64_t prompt_loose = 0;
  Kind all;
  std::map<std::string, Kind> kinds;

  void add(const IfevalPrompt& prompt, const IfevalVerdict& verdict);
};

}  // namespace attune::metrics
