#include "data/write_formats.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "data/write_flat_rows.h"

namespace attune::data {

namespace {

constexpr WrittenFormat kWritten[] = {
    {"openai", "conversations with their answer: messages, tools, weights"},
    {"openai-dpo", "a prompt with a preferred and a non-preferred answer"},
    {"openai-rft", "prompts without an answer, with the fields that graders read"},
    {"prompt-completion", "one question and one answer, both plain text"},
    {"sharegpt", "conversations, preferences and labels as LLaMA-Factory reads them"},
    {"alpaca", "questions and answers in turn, preferences and labels, without tools"},
    {"trl", "preferences, labels, steps and prompts in TRL's columns; conversations as messages"},
    {"segments", "texts in pieces that are trained on or not"},
    {"text", "plain text"},
};

void add_settings(Json& row, const Example& example) {
  if (!example.tools.is_null()) row["tools"] = example.tools;
  if (!example.parallel_tool_calls.is_null())
    row["parallel_tool_calls"] = example.parallel_tool_calls;
}

Json preference_row(const Example& example) {
  Json input;
  input["messages"] = example.messages;
  add_settings(input, example);
  Json row;
  row["input"] = std::move(input);
  row["preferred_output"] = example.preferred;
  row["non_preferred_output"] = example.non_preferred;
  return row;
}

Json chat_row(const Example& example) {
  Json row;
  row["messages"] = example.messages;
  add_settings(row, example);
  if (example.kind == RowKind::reinforcement && example.rest.is_object()) {
    for (const auto& [key, value] : example.rest.items()) {
      if (!row.contains(key)) row[key] = value;
    }
  }
  return row;
}

// The text of a list of one message that says nothing but its text.
std::optional<Json> bare_text(const Json& messages, std::string_view role) {
  if (messages.size() != 1) return std::nullopt;
  const Json& message = messages[0];
  const bool bare = message.is_object() && message.size() == 2 && message.contains("content") &&
                    message.value("role", Json()) == role && message["content"].is_string();
  return bare ? std::optional<Json>(message["content"]) : std::nullopt;
}

// Messages in a TRL column: a text where the source had one.
Json trl_value(const Example& example, const Json& messages, std::string_view role) {
  if (example.plain_text) {
    if (std::optional<Json> text = bare_text(messages, role)) return std::move(*text);
  }
  return messages;
}

Json trl_row(const Example& example) {
  Json row;
  Json prompt = example.messages;
  Json completion = Json::array();
  if (example.kind == RowKind::labelled && prompt.is_array() && !prompt.empty()) {
    completion.push_back(prompt.back());
    prompt.erase(prompt.size() - 1);
  }
  row["prompt"] = trl_value(example, prompt, "user");
  if (example.kind == RowKind::preference) {
    row["chosen"] = trl_value(example, example.preferred, "assistant");
    row["rejected"] = trl_value(example, example.non_preferred, "assistant");
  } else if (example.kind == RowKind::labelled) {
    row["completion"] = trl_value(example, completion, "assistant");
    row["label"] = example.body;
  } else if (example.kind == RowKind::stepwise) {
    row["completions"] = Json::array();
    row["labels"] = Json::array();
    for (const Json& step : example.body) {
      row["completions"].push_back(step["text"]);
      row["labels"].push_back(step["label"]);
    }
  }
  add_settings(row, example);
  return row;
}

bool one_of(RowKind kind, std::initializer_list<RowKind> kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

Failure cannot_hold(const WrittenFormat& format, const Example& example, std::string found,
                    std::string fix) {
  return bad_input({.where = example.where(),
                    .found = std::move(found),
                    .wanted = fmt::format("what {} holds: {}", format.name, format.holds),
                    .fix = std::move(fix)});
}

Failure wrong_kind(const WrittenFormat& format, const Example& example) {
  const bool comparable = one_of(example.kind, {RowKind::preference, RowKind::labelled});
  const std::string_view other = example.kind == RowKind::supervised      ? "openai"
                                 : example.kind == RowKind::preference    ? "openai-dpo"
                                 : example.kind == RowKind::reinforcement ? "openai-rft"
                                 : example.kind == RowKind::segments      ? "segments"
                                 : example.kind == RowKind::text          ? "text"
                                                                          : "trl";
  return cannot_hold(
      format, example, fmt::format("a {} row", row_kind_name(example.kind)),
      fmt::format("write it with --to {}{}", other,
                  comparable ? ", or its good answers alone with --preferred-only" : ""));
}

Result<Json> row_of(const WrittenFormat& format, const Example& example, Losses& losses) {
  using enum RowKind;
  const RowKind kind = example.kind;
  if (format.name == "openai" && kind == supervised) return chat_row(example);
  if (format.name == "openai-dpo" && kind == preference) return preference_row(example);
  if (format.name == "openai-rft" && one_of(kind, {reinforcement, prompt}))
    return chat_row(example);
  if (format.name == "prompt-completion" && kind == supervised)
    return prompt_completion_row(example, losses);
  if (format.name == "sharegpt" && one_of(kind, {supervised, preference, labelled}))
    return sharegpt_row(example, losses);
  if (format.name == "alpaca" && one_of(kind, {supervised, preference, labelled}))
    return alpaca_row(example, losses);
  if (format.name == "trl") {
    if (kind == supervised) return chat_row(example);
    if (one_of(kind, {preference, labelled, stepwise, prompt})) return trl_row(example);
  }
  if (format.name == "segments" && kind == segments) return Json{{"segments", example.body}};
  if (format.name == "text" && kind == text) return Json{{"text", example.body}};
  return wrong_kind(format, example);
}

// The conversation with the good answer; nothing when the answer is labelled bad.
std::optional<Example> with_preferred_answer(const Example& example) {
  Example good = example;
  good.kind = RowKind::supervised;
  if (example.kind == RowKind::preference) {
    for (const Json& message : example.preferred) good.messages.push_back(message);
  }
  if (example.kind == RowKind::labelled && example.body != true) return std::nullopt;
  return good;
}

}  // namespace

std::span<const WrittenFormat> written_formats() { return kWritten; }

const WrittenFormat* find_written_format(std::string_view name) {
  const auto found = std::find_if(std::begin(kWritten), std::end(kWritten),
                                  [&](const WrittenFormat& format) { return format.name == name; });
  return found == std::end(kWritten) ? nullptr : found;
}

Result<WrittenRow> write_row(const WrittenFormat& format, const Example& example,
                             const WriteOptions& options) {
  std::optional<Example> good;
  if (options.preferred_only && one_of(example.kind, {RowKind::preference, RowKind::labelled})) {
    good = with_preferred_answer(example);
    if (!good) return WrittenRow{.text = {}, .left_out = {"an answer that is labelled bad"}};
  }
  const Example& whole = good ? *good : example;
  Losses losses;
  ATTUNE_TRY(Json row, row_of(format, whole, losses));
  if (!losses.fatal.empty())
    return cannot_hold(format, whole, losses.fatal.front(),
                       "leave such rows out, or use --to openai");
  if (!losses.words.empty() && !options.lossy) {
    return cannot_hold(format, whole, fmt::format("{}", fmt::join(losses.words, "; ")),
                       "--lossy writes the row without it; --to openai holds it");
  }
  const bool strict = format.name.starts_with("openai");
  if (!strict && whole.rest.is_object()) {
    for (const auto& [key, value] : whole.rest.items()) {
      if (!row.contains(key)) row[key] = value;
    }
  }
  return WrittenRow{.text = to_text(row), .left_out = std::move(losses.words)};
}

std::string openai_row(const Example& example) {
  using enum RowKind;
  switch (example.kind) {
    case preference:
      return to_text(preference_row(example));
    case labelled:
    case stepwise:
      return to_text(trl_row(example));
    case text:
      return to_text(Json{{"text", example.body}});
    case segments:
      return to_text(Json{{"segments", example.body}});
    case tokens:
      return to_text(example.body);
    case supervised:
    case reinforcement:
    case prompt:
      break;
  }
  return to_text(chat_row(example));
}

}  // namespace attune::data
