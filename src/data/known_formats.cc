#include "data/known_formats.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/check.h"
#include "base/trim.h"

namespace attune::data {

namespace {

using Recognised = KnownFormat::Recognised;

// Most telling columns first: what carries labels or two answers before what has one answer, and
// any answer before a bare prompt or text.
constexpr KnownFormat kFormats[] = {
    {"tokens", RowKind::tokens, "input_ids:list labels? attention_mask?", "tokens=input_ids",
     "Axolotl, TRL"},
    {"segments", RowKind::segments, "segments:list", "segments=segments", "Axolotl input_output"},

    {"openai-dpo", RowKind::preference, "input:object preferred_output non_preferred_output",
     "messages=input.messages,tools=input.tools?,parallel_tool_calls=input.parallel_tool_calls?,"
     "preferred=preferred_output,non_preferred=non_preferred_output",
     "OpenAI"},
    {"openai-dpo-draft", RowKind::preference,
     "input:object preferred_completion non_preferred_completion",
     "messages=input.messages,tools=input.tools?,parallel_tool_calls=input.parallel_tool_calls?,"
     "preferred=preferred_completion,non_preferred=non_preferred_completion",
     "OpenAI, before the fields were renamed"},
    {"argilla", RowKind::preference, "instruction chosen_response rejected_response system?",
     "system=system?,user=instruction,preferred=chosen_response,non_preferred=rejected_response",
     "Axolotl, Argilla"},
    {"chat-preference", RowKind::preference, "messages:list chosen rejected system? tools?",
     "system=system?,messages=messages,tools=tools?,preferred=chosen,non_preferred=rejected",
     "Axolotl chat_template"},
    {"sharegpt-preference", RowKind::preference,
     "conversations:list chosen rejected system? tools?",
     "system=system?,messages=conversations,tools=tools?,preferred=chosen,non_preferred=rejected",
     "LLaMA-Factory"},
    {"alpaca-preference", RowKind::preference,
     "instruction chosen rejected input? system? history?",
     "system=system?,history=history?,user=lines(instruction,input?),preferred=chosen,"
     "non_preferred=rejected",
     "LLaMA-Factory"},
    {"trl-preference", RowKind::preference, "prompt chosen rejected system? tools?",
     "system=system?,user=prompt,tools=tools?,preferred=chosen,non_preferred=rejected",
     "TRL, Axolotl prompt_pairs and ultra"},
    {"question-preference", RowKind::preference, "question chosen rejected system?",
     "system=system?,user=question,preferred=chosen,non_preferred=rejected", "Axolotl intel"},
    {"input-preference", RowKind::preference, "input chosen rejected system?",
     "system=system?,user=input,preferred=chosen,non_preferred=rejected", "Axolotl icr"},
    {"trl-preference-implicit", RowKind::preference, "chosen rejected system? tools?",
     "system=system?,tools=tools?,preferred=chosen,non_preferred=rejected",
     "TRL; the prompt is what both begin with"},
    {"nectar", RowKind::preference, "prompt answers:list", "user=prompt,ranked=answers",
     "Axolotl; the best of ranked answers against each worse one"},

    {"trl-kto", RowKind::labelled, "prompt completion label:boolean system?",
     "system=system?,user=prompt,assistant=completion,label=label", "TRL, Axolotl ultra"},
    {"instruction-kto", RowKind::labelled, "instruction completion label:boolean system?",
     "system=system?,user=instruction,assistant=completion,label=label", "Axolotl argilla"},
    {"input-kto", RowKind::labelled, "input completion label:boolean system?",
     "system=system?,user=input,assistant=completion,label=label", "Axolotl icr"},
    {"question-kto", RowKind::labelled, "question completion label:boolean system?",
     "system=system?,user=question,assistant=completion,label=label", "Axolotl intel"},
    {"chat-kto", RowKind::labelled, "messages:list kto_tag:boolean system? tools?",
     "system=system?,messages=messages,tools=tools?,label=kto_tag", "LLaMA-Factory"},
    {"sharegpt-kto", RowKind::labelled, "conversations:list kto_tag:boolean system? tools?",
     "system=system?,messages=conversations,tools=tools?,label=kto_tag", "LLaMA-Factory"},
    {"alpaca-kto", RowKind::labelled, "instruction output kto_tag:boolean input? system? history?",
     "system=system?,history=history?,user=lines(instruction,input?),assistant=output,label=kto_"
     "tag",
     "LLaMA-Factory"},

    {"trl-stepwise", RowKind::stepwise, "prompt completions:list labels:list",
     "user=prompt,steps=completions,step_labels=labels", "TRL, Axolotl"},

    {"openai", RowKind::supervised, "messages tools? parallel_tool_calls? functions?",
     "messages=messages,tools=tools?,parallel_tool_calls=parallel_tool_calls?",
     "OpenAI, TRL, Axolotl chat_template"},
    {"openai-rft", RowKind::reinforcement, "messages tools? parallel_tool_calls?",
     "messages=messages,tools=tools?,parallel_tool_calls=parallel_tool_calls?",
     "OpenAI; taken when no row of a messages file ends with an answer", Recognised::when_asked},
    {"sharegpt", RowKind::supervised, "conversations system? tools?",
     "system=system?,messages=conversations,tools=tools?",
     "FastChat, LLaMA-Factory, Axolotl pygmalion"},
    {"sharegpt-conversation", RowKind::supervised, "conversation:list system? tools?",
     "system=system?,messages=conversation,tools=tools?", "FastChat variants"},

    {"reflection", RowKind::supervised, "instruction output reflection corrected input? system?",
     "system=system?,user=lines(instruction,input?),assistant={output}\\n\\nReflection: "
     "{reflection}\\n\\nCorrected answer: {corrected}",
     "Axolotl"},
    {"creative-acr", RowKind::supervised, "instruction answer scores critiques revision",
     "user=instruction,assistant=revision", "Axolotl creative_acr.load_answer"},
    {"creative-acr-critique", RowKind::supervised, "instruction answer scores critiques",
     "user=Judge this answer to the question.\\n\\nQuestion: {instruction}\\n\\nAnswer: "
     "{answer},assistant=json(scores,critiques)",
     "Axolotl creative_acr.load_critique", Recognised::when_asked},
    {"creative-acr-revise", RowKind::supervised, "instruction answer scores critiques revision",
     "user=Improve this answer by its critique.\\n\\nQuestion: {instruction}\\n\\nAnswer: "
     "{answer}\\n\\nScores: {scores}\\n\\nCritique: {critiques},assistant=revision",
     "Axolotl creative_acr.load_revise", Recognised::when_asked},
    {"alpaca", RowKind::supervised, "instruction output input? system? history?",
     "system=system?,history=history?,user=lines(instruction,input?),assistant=output",
     "Alpaca, Axolotl, LLaMA-Factory"},
    {"gpteacher", RowKind::supervised, "instruction response input? system?",
     "system=system?,user=lines(instruction,input?),assistant=response",
     "Axolotl gpteacher and oasst"},
    {"self-instruct", RowKind::supervised, "instruction instances:list",
     "each=instances,user=lines(instruction,input?),assistant=output", "Self-Instruct"},
    {"open-orca", RowKind::supervised, "system_prompt question response",
     "system=system_prompt,user=question,assistant=response", "Axolotl"},
    {"jeopardy", RowKind::supervised, "question category answer",
     "user={category}\\n{question},assistant=answer", "Axolotl", Recognised::when_asked},
    {"explain-choice", RowKind::supervised, "question choices:list solution explanation",
     "user=paragraphs(question,choices),assistant={explanation}\\n\\nAnswer: {solution}",
     "Axolotl explainchoice"},
    {"concise-choice", RowKind::supervised, "question choices:list solution",
     "user=paragraphs(question,choices),assistant=solution", "Axolotl concisechoice"},
    {"summarize-tldr", RowKind::supervised, "article summary",
     "user=Summarize this article in a few words.\\n\\n{article},assistant=summary", "Axolotl"},
    {"camel", RowKind::supervised, "message_1 message_2", "user=message_1,assistant=message_2",
     "Axolotl camel_ai"},
    {"context-qa", RowKind::supervised, "context question answer",
     "user=paragraphs(context,question),assistant=answer", "Axolotl context_qa"},
    {"article-qa", RowKind::supervised, "article question answer",
     "user=paragraphs(article,question),assistant=answer", "Axolotl context_qa"},
    {"context-qa-404", RowKind::supervised, "context unanswerable_question",
     "user=paragraphs(context,unanswerable_question),assistant=literal:The text does not say.",
     "Axolotl context_qa.load_404"},
    {"article-qa-404", RowKind::supervised, "article unanswerable_question",
     "user=paragraphs(article,unanswerable_question),assistant=literal:The text does not say.",
     "Axolotl context_qa.load_404"},
    {"metharme", RowKind::supervised, "prompt generation", "user=prompt,assistant=generation",
     "Axolotl"},
    {"prompt-completion", RowKind::supervised, "prompt completion system? tools?",
     "system=system?,user=prompt,assistant=completion,tools=tools?", "OpenAI before chat, TRL"},

    {"prompt", RowKind::prompt, "prompt system? tools?",
     "system=system?,user=prompt,assistant=completion?,tools=tools?", "TRL prompt-only",
     Recognised::by_columns_alone},
    {"text", RowKind::text, "text", "text=text", "pretraining corpora, TRL, Axolotl completion",
     Recognised::by_columns_alone},
};

// Calls `visit` with each column of the format, without the marks: name, type, optional.
template <typename Visit>
void for_each_column(const KnownFormat& format, Visit visit) {
  std::string_view rest = format.columns;
  while (!rest.empty()) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    std::string_view word = rest.substr(0, space);
    rest.remove_prefix(std::min(space + 1, rest.size()));
    const bool optional = word.ends_with('?');
    word = column_name(word);
    const std::size_t colon = std::min(word.find(':'), word.size());
    visit(word.substr(0, colon), word.substr(std::min(colon + 1, word.size())), optional);
  }
}

bool is_of_type(const Json& value, std::string_view type) {
  if (type.empty()) return true;
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (type == "boolean") return boolean_of(trim(text)).has_value();
    const std::string_view start = trim(text);
    return type == "list" ? start.starts_with('[') && start.ends_with(']')
                          : start.starts_with('{') && start.ends_with('}');
  }
  if (type == "boolean")
    return value.is_boolean() || (value.is_number_integer() && (value == 0 || value == 1));
  return type == "list" ? value.is_array() : value.is_object();
}

// The row's spelling of a column or of the first step of a path; the name itself when there is no
// such column.
std::string in_spelling_of(const Json& row, std::string_view column) {
  const std::string_view name = column_name(column);
  const std::size_t dot = std::min(name.find('.'), name.size());
  std::string own = spelled(row, name.substr(0, dot));
  if (own.empty()) own = name.substr(0, dot);
  return own + std::string(column.substr(dot));
}

}  // namespace

std::span<const KnownFormat> known_formats() { return kFormats; }

const KnownFormat* find_known_format(std::string_view name) {
  const auto found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                  [&](const KnownFormat& format) { return format.name == name; });
  return found == std::end(kFormats) ? nullptr : found;
}

std::string spelled(const Json& row, std::string_view name) {
  if (row.contains(std::string(name))) return std::string(name);
  for (const auto& [column, ignored] : row.items()) {
    if (column.size() == name.size() && ascii_lower(column) == name) return column;
  }
  return {};
}

bool is_label_column(std::string_view name) {
  const std::string word = ascii_lower(name);
  return word == "id" || word.ends_with("_id") || word == "key" || word == "split" ||
         word == "date" || word == "source" || word == "meta" || word == "metadata" ||
         word.ends_with("_at") || word.starts_with("column_");
}

bool has_columns_of(const KnownFormat& format, const Json& row) {
  bool good = true;
  for_each_column(format, [&](std::string_view name, std::string_view type, bool optional) {
    if (optional || !good) return;
    const std::string own = spelled(row, name);
    good = !own.empty() && is_of_type(row[own], type);
  });
  return good;
}

const KnownFormat* recognise_format(const Json& row) {
  for (const KnownFormat& format : kFormats) {
    if (format.recognised == Recognised::when_asked || !has_columns_of(format, row)) continue;
    if (format.recognised == Recognised::by_columns) return &format;
    bool alone = true;
    for (const auto& [column, ignored] : row.items()) {
      bool known = is_label_column(column);
      const std::string lower = ascii_lower(column);
      for_each_column(format, [&](std::string_view name, std::string_view, bool) {
        known = known || lower == name;
      });
      alone = alone && known;
    }
    if (alone) return &format;
  }
  return nullptr;
}

Mapping mapping_of(const KnownFormat& format, const Json& row) {
  Result<Mapping> parsed = Mapping::parse(format.map);
  CHECK(parsed.has_value(), "a format of the table has no valid mapping");
  Mapping mapping = std::move(*parsed);
  for (const Mapping::ColumnTarget& target : Mapping::column_targets()) {
    std::string& column = mapping.*target.column;
    if (!column.empty()) column = in_spelling_of(row, column);
  }
  for (std::optional<ContentRule>* rule : {&mapping.system, &mapping.user, &mapping.assistant,
                                           &mapping.preferred, &mapping.non_preferred}) {
    if (!*rule) continue;
    for (TemplatePart& part : (*rule)->parts) {
      if (!part.column.empty()) part.column = in_spelling_of(row, part.column);
    }
    for (JsonMember& member : (*rule)->members) member.column = in_spelling_of(row, member.column);
  }
  return mapping;
}

}  // namespace attune::data
