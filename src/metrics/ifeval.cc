#include "metrics/ifeval.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "grammar/canonical.h"
#include "io/jsonl.h"
#include "metrics/ifeval_checks.h"
#include "metrics/tokens.h"

namespace attune::metrics {

namespace {

using ifeval::Bound;

// The arguments of one instruction, read by name.
class Arguments {
 public:
  Arguments(const Json& values, std::string where) : values_(values), where_(std::move(where)) {}

  Result<std::string> text(const std::string& name) const {
    if (has(name) && values_[name].is_string()) return values_[name].get<std::string>();
    return refuse(name, "a text");
  }
  Result<std::int64_t> number(const std::string& name) const {
    if (has(name) && values_[name].is_number_integer()) return values_[name].get<std::int64_t>();
    return refuse(name, "a whole number");
  }
  Result<std::vector<std::string>> words(const std::string& name) const {
    const bool list = has(name) && values_[name].is_array() &&
                      std::all_of(values_[name].begin(), values_[name].end(),
                                  [](const Json& word) { return word.is_string(); });
    if (list) return values_[name].get<std::vector<std::string>>();
    return refuse(name, "a list of texts");
  }
  Result<Bound> bound(const std::string& number_name, const std::string& relation_name) const {
    Bound bound;
    ATTUNE_TRY(bound.number, number(number_name));
    ATTUNE_TRY(const std::string relation, text(relation_name));
    if (relation != "at least" && relation != "less than") {
      return refuse(relation_name, "\"at least\" or \"less than\"");
    }
    bound.at_least = relation == "at least";
    return bound;
  }

 private:
  bool has(const std::string& name) const { return values_.is_object() && values_.contains(name); }
  Failure refuse(const std::string& name, std::string wanted) const {
    return bad_input({.where = where_,
                      .found = has(name)
                                   ? fmt::format("{}: {}", name, grammar::excerpt(values_[name]))
                                   : fmt::format("no argument \"{}\"", name),
                      .wanted = std::move(wanted)});
  }

  const Json& values_;
  std::string where_;
};

using Maker = Result<InstructionCheck> (*)(const Arguments&);

// A check without arguments.
template <bool (*Check)(std::string_view)>
Result<InstructionCheck> plain(const Arguments&) {
  return InstructionCheck(Check);
}

Result<InstructionCheck> keywords(const Arguments& arguments) {
  ATTUNE_TRY(auto words, arguments.words("keywords"));
  return [words](std::string_view answer) { return ifeval::has_all_keywords(answer, words); };
}

Result<InstructionCheck> forbidden(const Arguments& arguments) {
  ATTUNE_TRY(auto words, arguments.words("forbidden_words"));
  return [words](std::string_view answer) { return ifeval::has_no_forbidden_word(answer, words); };
}

Result<InstructionCheck> frequency(const Arguments& arguments) {
  ATTUNE_TRY(auto keyword, arguments.text("keyword"));
  ATTUNE_TRY(auto bound, arguments.bound("frequency", "relation"));
  return [keyword, bound](std::string_view answer) {
    return ifeval::has_keyword_often(answer, keyword, bound);
  };
}

Result<InstructionCheck> letter_frequency(const Arguments& arguments) {
  ATTUNE_TRY(auto letter, arguments.text("letter"));
  ATTUNE_TRY(auto bound, arguments.bound("let_frequency", "let_relation"));
  return [letter, bound](std::string_view answer) {
    return ifeval::has_letter_often(answer, letter, bound);
  };
}

Result<InstructionCheck> words(const Arguments& arguments) {
  ATTUNE_TRY(auto bound, arguments.bound("num_words", "relation"));
  return [bound](std::string_view answer) { return ifeval::has_words(answer, bound); };
}

Result<InstructionCheck> sentences(const Arguments& arguments) {
  ATTUNE_TRY(auto bound, arguments.bound("num_sentences", "relation"));
  return [bound](std::string_view answer) { return ifeval::has_sentences(answer, bound); };
}

Result<InstructionCheck> capital_words(const Arguments& arguments) {
  ATTUNE_TRY(auto bound, arguments.bound("capital_frequency", "capital_relation"));
  return [bound](std::string_view answer) { return ifeval::has_capital_words(answer, bound); };
}

Result<InstructionCheck> language(const Arguments& arguments) {
  ATTUNE_TRY(auto code, arguments.text("language"));
  return [code](std::string_view answer) { return ifeval::is_in_language(answer, code); };
}

Result<InstructionCheck> first_word(const Arguments& arguments) {
  ATTUNE_TRY(auto paragraphs, arguments.number("num_paragraphs"));
  ATTUNE_TRY(auto nth, arguments.number("nth_paragraph"));
  ATTUNE_TRY(auto word, arguments.text("first_word"));
  return [paragraphs, nth, word](std::string_view answer) {
    return ifeval::has_paragraph_with_first_word(answer, paragraphs, nth, word);
  };
}

Result<InstructionCheck> sections(const Arguments& arguments) {
  // The data spells the argument so.
  ATTUNE_TRY(auto splitter, arguments.text("section_spliter"));
  ATTUNE_TRY(auto number, arguments.number("num_sections"));
  return [splitter, number](std::string_view answer) {
    return ifeval::has_sections(answer, splitter, number);
  };
}

// A check with one number, and one with one text.
template <bool (*Check)(std::string_view, std::int64_t)>
Result<InstructionCheck> counted(const Arguments& arguments, const char* name) {
  ATTUNE_TRY(auto number, arguments.number(name));
  return [number](std::string_view answer) { return Check(answer, number); };
}
template <bool (*Check)(std::string_view, std::string_view)>
Result<InstructionCheck> worded(const Arguments& arguments, const char* name) {
  ATTUNE_TRY(auto text, arguments.text(name));
  return [text](std::string_view answer) { return Check(answer, text); };
}

struct Kind {
  std::string_view id;
  Maker make;
};

constexpr std::array<Kind, 25> kKinds{{
    {"change_case:capital_word_frequency", capital_words},
    {"change_case:english_capital", plain<ifeval::is_english_in_capitals>},
    {"change_case:english_lowercase", plain<ifeval::is_english_in_lower_case>},
    {"combination:repeat_prompt",
     [](const Arguments& a) { return worded<ifeval::repeats_prompt>(a, "prompt_to_repeat"); }},
    {"combination:two_responses", plain<ifeval::has_two_responses>},
    {"detectable_content:number_placeholders",
     [](const Arguments& a) { return counted<ifeval::has_placeholders>(a, "num_placeholders"); }},
    {"detectable_content:postscript",
     [](const Arguments& a) { return worded<ifeval::has_postscript>(a, "postscript_marker"); }},
    {"detectable_format:constrained_response", plain<ifeval::is_constrained_response>},
    {"detectable_format:json_format", plain<ifeval::is_json>},
    {"detectable_format:multiple_sections", sections},
    {"detectable_format:number_bullet_lists",
     [](const Arguments& a) { return counted<ifeval::has_bullets>(a, "num_bullets"); }},
    {"detectable_format:number_highlighted_sections",
     [](const Arguments& a) { return counted<ifeval::has_highlights>(a, "num_highlights"); }},
    {"detectable_format:title", plain<ifeval::has_title>},
    {"keywords:existence", keywords},
    {"keywords:forbidden_words", forbidden},
    {"keywords:frequency", frequency},
    {"keywords:letter_frequency", letter_frequency},
    {"language:response_language", language},
    {"length_constraints:nth_paragraph_first_word", first_word},
    {"length_constraints:number_paragraphs",
     [](const Arguments& a) { return counted<ifeval::has_paragraphs>(a, "num_paragraphs"); }},
    {"length_constraints:number_sentences", sentences},
    {"length_constraints:number_words", words},
    {"punctuation:no_comma", plain<ifeval::has_no_comma>},
    {"startend:end_checker",
     [](const Arguments& a) { return worded<ifeval::ends_with_phrase>(a, "end_phrase"); }},
    {"startend:quotation", plain<ifeval::is_quoted>},
}};

Result<IfevalInstruction> read_instruction(const Json& id, const Json& arguments,
                                           const std::string& where) {
  for (const Kind& kind : kKinds) {
    if (!id.is_string() || id.get_ref<const std::string&>() != kind.id) continue;
    ATTUNE_TRY(InstructionCheck check,
               kind.make(Arguments(arguments, fmt::format("{}: {}", where, kind.id))));
    return IfevalInstruction{std::string(kind.id), std::move(check)};
  }
  return bad_input({.where = where,
                    .found = "the instruction " + grammar::excerpt(id),
                    .wanted = "one of IFEval's 25 instructions"});
}

std::vector<std::string> loose_variants(std::string_view answer) {
  const std::size_t first = answer.find('\n');
  const std::size_t last = answer.rfind('\n');
  const bool one_line = first == std::string_view::npos;
  const std::string_view without_first = one_line ? std::string_view{} : answer.substr(first + 1);
  const std::string_view without_last = one_line ? std::string_view{} : answer.substr(0, last);
  const std::string_view without_both =
      one_line || first == last ? std::string_view{} : answer.substr(first + 1, last - first - 1);
  std::vector<std::string> variants = {std::string(answer),
                                       std::string(without_outer_space(without_first)),
                                       std::string(without_outer_space(without_last)),
                                       std::string(without_outer_space(without_both))};
  for (std::size_t i = 0; i < 4; ++i) {
    std::string plain_text = variants[i];
    std::erase(plain_text, '*');
    variants.push_back(std::move(plain_text));
  }
  return variants;
}

bool holds(const IfevalInstruction& instruction, std::string_view answer) {
  return !without_outer_space(answer).empty() && instruction.check(answer);
}

bool all(const std::vector<bool>& verdicts) {
  return std::all_of(verdicts.begin(), verdicts.end(), [](bool verdict) { return verdict; });
}

}  // namespace

Result<IfevalPrompt> read_ifeval_prompt(const Json& row, std::string_view where) {
  const std::string place(where);
  const auto is_list = [&](const char* name) {
    return row.is_object() && row.contains(name) && row[name].is_array();
  };
  if (!is_list("instruction_id_list") || !is_list("kwargs") || !row.contains("prompt") ||
      !row["prompt"].is_string() || row["instruction_id_list"].size() != row["kwargs"].size()) {
    return bad_input({.where = place,
                      .found = grammar::excerpt(row),
                      .wanted = "prompt, instruction_id_list and as many kwargs"});
  }
  IfevalPrompt prompt;
  if (row.contains("key") && row["key"].is_number_integer()) prompt.key = row["key"];
  prompt.prompt = row["prompt"];
  for (std::size_t i = 0; i < row["kwargs"].size(); ++i) {
    ATTUNE_TRY(IfevalInstruction instruction,
               read_instruction(row["instruction_id_list"][i], row["kwargs"][i], place));
    prompt.instructions.push_back(std::move(instruction));
  }
  return prompt;
}

Result<std::vector<IfevalPrompt>> read_ifeval(std::string_view jsonl, std::string_view where) {
  std::vector<IfevalPrompt> prompts;
  JsonlReader reader(jsonl, std::string(where));
  for (;;) {
    ATTUNE_TRY(const std::optional<JsonLine> line, reader.next());
    if (!line) return prompts;
    ATTUNE_TRY(IfevalPrompt prompt,
               read_ifeval_prompt(line->value, fmt::format("{}:{}", where, line->line)));
    prompts.push_back(std::move(prompt));
  }
}

bool IfevalVerdict::all_strict() const { return all(strict); }
bool IfevalVerdict::all_loose() const { return all(loose); }

IfevalVerdict check_ifeval(const IfevalPrompt& prompt, std::string_view answer) {
  IfevalVerdict verdict;
  const std::vector<std::string> variants = loose_variants(answer);
  for (const IfevalInstruction& instruction : prompt.instructions) {
    const bool strict = holds(instruction, answer);
    verdict.strict.push_back(strict);
    verdict.loose.push_back(
        strict || std::any_of(variants.begin(), variants.end(), [&](const std::string& variant) {
          return holds(instruction, variant);
        }));
  }
  return verdict;
}

void IfevalTotals::add(const IfevalPrompt& prompt, const IfevalVerdict& verdict) {
  ++prompts;
  prompt_strict += verdict.all_strict() ? 1 : 0;
  prompt_loose += verdict.all_loose() ? 1 : 0;
  for (std::size_t i = 0; i < verdict.strict.size(); ++i) {
    for (Kind* kind : {&all, &kinds[prompt.instructions[i].id]}) {
      ++kind->instructions;
      kind->strict += verdict.strict[i] ? 1 : 0;
      kind->loose += verdict.loose[i] ? 1 : 0;
    }
  }
}

}  // namespace attune::metrics
