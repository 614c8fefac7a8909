#include "data/normalise.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/trim.h"
#include "data/clean_text.h"
#include "data/normalise_message.h"
#include "data/normalise_tools.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

// The text between ``` lines when there is nothing else.
std::optional<std::string> text_in_code_fence(std::string_view text) {
  text = trim(text);
  constexpr std::string_view kFence = "```";
  const std::size_t first_line = text.find('\n');
  if (!text.starts_with(kFence) || !text.ends_with(kFence) ||
      first_line == std::string_view::npos || first_line + kFence.size() >= text.size())
    return std::nullopt;
  const std::string_view inside =
      text.substr(first_line + 1, text.size() - first_line - 1 - kFence.size());
  if (inside.find(kFence) != std::string_view::npos) return std::nullopt;
  return std::string(trim(inside));
}

// Works through one example; every step may change it, and may drop it.
class RowNormaliser : RowNotes {
 public:
  RowNormaliser(Example& example, const NormaliseOptions& options)
      : RowNotes(example), rules_(options.rules), options_(options) {}

  Normalised run() && {
    switch (example_.kind) {
      case RowKind::text:
        check_text();
        break;
      case RowKind::segments:
      case RowKind::tokens:
        break;
      case RowKind::supervised:
      case RowKind::labelled:
        check_conversation();
        break;
      case RowKind::preference:
      case RowKind::reinforcement:
      case RowKind::stepwise:
      case RowKind::prompt:
        check_prompt();
        break;
    }
    return std::move(result_);
  }

 private:
  using Step = void (RowNormaliser::*)();
  // Each step may drop the row, and then the rest is not done.
  void take_steps(std::initializer_list<Step> steps) {
    for (const Step step : steps) {
      if (result_.kept) (this->*step)();
    }
  }

  void check_conversation() {
    take_steps({&RowNormaliser::check_structure, &RowNormaliser::check_tools,
                &RowNormaliser::check_messages, &RowNormaliser::remove_empty_instructions,
                &RowNormaliser::apply_system_policy, &RowNormaliser::merge_turns,
                &RowNormaliser::check_has_answer, &RowNormaliser::remove_trailing_turns,
                &RowNormaliser::check_targets, &RowNormaliser::repair_answer,
                &RowNormaliser::check_order});
  }

  void check_prompt() {
    take_steps({&RowNormaliser::check_structure, &RowNormaliser::check_tools,
                &RowNormaliser::check_messages, &RowNormaliser::remove_empty_instructions,
                &RowNormaliser::apply_system_policy, &RowNormaliser::merge_turns,
                &RowNormaliser::check_ends_with_question, &RowNormaliser::check_answers,
                &RowNormaliser::check_order});
  }

  void check_text() {
    if (!example_.body.is_string()) return;
    CleanText clean = clean_text(example_.body.get_ref<const std::string&>(), rules_);
    for (const std::string& rule : clean.changes) note_change(rule, "text");
    for (const std::string& rule : clean.warnings) note_warning(rule, "text");
    if (clean.text.empty())
      return drop("empty_text", "text", "nothing but white space", "a text", "remove the row");
    example_.body = std::move(clean.text);
  }

  void check_messages() {
    if (rules_.has(Normaliser::legacy_functions)) {
      for (const std::size_t i : modernise_function_calls(example_.messages)) {
        change("legacy_functions", fmt::format("messages[{}]", i),
               "function_call became tool_calls");
      }
    }
    for (std::size_t i = 0; i < example_.messages.size() && result_.kept; ++i)
      make_message_strict(example_.messages[i], fmt::format("messages[{}]", i), rules_, *this);
  }

  void check_ends_with_question() {
    if (example_.messages.empty())
      return drop("no_messages", "messages", "an empty prompt", "a question", "write the prompt");
    if (example_.messages.back()["role"] != "assistant") return;
    drop("answer_in_prompt", fmt::format("messages[{}]", example_.messages.size() - 1),
         "an assistant message at the end of the prompt", "a prompt that ends with the question",
         "move the answer out of the prompt");
  }

  void check_answers() {
    if (example_.kind != RowKind::preference) return;
    for (const auto& [answers, name] :
         {std::pair{&example_.preferred, "preferred_output"},
          std::pair{&example_.non_preferred, "non_preferred_output"}}) {
      bool has_answer = false;
      for (std::size_t i = 0; i < answers->size() && result_.kept; ++i) {
        const std::string path = fmt::format("{}[{}]", name, i);
        make_message_strict((*answers)[i], path, rules_, *this);
        if (!result_.kept) return;
        const Json& role = (*answers)[i]["role"];
        has_answer = has_answer || role == "assistant";
        if (role != "assistant" && role != "tool") {
          return drop("turn_in_answer", path, fmt::format("a {} message", role.get<std::string>()),
                      "assistant and tool messages alone", "move the turn into the prompt");
        }
      }
      if (!has_answer)
        return drop("no_assistant_turn", name, "no assistant message", "an answer",
                    "write the answer, or remove the row");
    }
    if (example_.preferred == example_.non_preferred) {
      note(Severity::warning, Action::kept, "same_answers", "non_preferred_output",
           "both answers are the same", "two answers that differ", "remove the row");
    }
  }

  // What the options want of system messages.
  void apply_system_policy() {
    if (options_.system == SystemMessages::keep) return;
    Json& messages = example_.messages;
    std::string text;
    for (std::size_t i = messages.size(); i-- > 0;) {
      if (messages[i]["role"] != "system" && messages[i]["role"] != "developer") continue;
      text = messages[i]["content"].get<std::string>() + (text.empty() ? "" : "\n\n" + text);
      messages.erase(i);
    }
    if (options_.system == SystemMessages::replace && text != options_.system_text) {
      change("system_message", "messages[0]", "the system message was replaced");
    } else if (options_.system != SystemMessages::replace && !text.empty()) {
      change("system_message", "messages[0]",
             options_.system == SystemMessages::drop ? "the system message was left out"
                                                     : "the system message moved to the question");
    }
    if (options_.system == SystemMessages::replace) {
      const Json instruction = {{"role", "system"}, {"content", options_.system_text}};
      messages.insert(messages.begin(), instruction);
    }
    if (options_.system != SystemMessages::into_user || text.empty()) return;
    for (Json& message : messages) {
      if (message["role"] != "user") continue;
      message["content"] = text + "\n\n" + message["content"].get<std::string>();
      return;
    }
  }

  void merge_turns() {
    if (!rules_.has(Normaliser::merge_turns)) return;
    Json& messages = example_.messages;
    for (std::size_t i = messages.size(); i-- > 1;) {
      Json& before = messages[i - 1];
      const Json& message = messages[i];
      const bool plain = message.size() == 2 && before.size() == 2 &&
                         (message["role"] == "user" || message["role"] == "assistant");
      if (!plain || before["role"] != message["role"]) continue;
      before["content"] =
          before["content"].get<std::string>() + "\n\n" + message["content"].get<std::string>();
      messages.erase(i);
      change("merge_turns", fmt::format("messages[{}]", i), "two turns of one role became one");
    }
  }

  // The last answer: its code fence, and its JSON.
  void repair_answer() {
    Json& content = example_.messages.back()["content"];
    if (!content.is_string()) return;
    const std::string path = fmt::format("messages[{}].content", example_.messages.size() - 1);
    if (rules_.has(Normaliser::code_fences)) {
      if (std::optional<std::string> inside = text_in_code_fence(content.get<std::string>())) {
        content = *inside;
        note_change("code_fences", path);
      }
    }
    if (!rules_.has(Normaliser::json_answers)) return;
    const std::string text = content.get<std::string>();
    const Result<Json> parsed = parse_json(text, "answer");
    if (!parsed || !parsed->is_structured() || to_text(*parsed) == text) return;
    content = to_text(*parsed);
    note_change("json_answers", path);
  }

  void check_structure() {
    const Json& messages = example_.messages;
    if (messages.is_array() && !messages.empty()) return;
    drop(
        "no_messages", "messages",
        messages.is_array() ? "an empty list" : fmt::format("{}, not a list", messages.type_name()),
        "a list of {\"role\", \"content\"}", "write the conversation of this row");
  }

  void check_tools() {
    Json& tools = example_.tools;
    if (tools.is_null() || (tools.is_array() && tools.empty())) {
      tools = nullptr;
      return;
    }
    const bool objects =
        tools.is_array() &&
        std::all_of(tools.begin(), tools.end(), [](const Json& tool) { return tool.is_object(); });
    if (!objects) {
      drop("wrong_tools", "tools", "not a list of objects",
           "a list of {\"type\":\"function\",\"function\":{...}}", "mend the tools of this row");
    }
  }

  void remove_empty_instructions() {
    Json& messages = example_.messages;
    for (std::size_t i = messages.size(); i-- > 0;) {
      const bool instruction =
          messages[i]["role"] == "system" || messages[i]["role"] == "developer";
      if (!instruction || messages[i]["content"] != "") continue;
      messages.erase(i);
      change("empty_instruction", fmt::format("messages[{}]", i),
             "an empty system message was removed");
    }
  }

  void check_has_answer() {
    const Json& messages = example_.messages;
    const bool has_answer = std::any_of(messages.begin(), messages.end(), [](const Json& message) {
      return message["role"] == "assistant";
    });
    if (has_answer) return;
    drop("no_assistant_turn", "messages", "no assistant message",
         "a conversation with an answer to learn", "add the assistant's answer, or remove the row");
  }

  void remove_trailing_turns() {
    Json& messages = example_.messages;
    std::size_t removed = 0;
    while (messages.back()["role"] != "assistant") {
      messages.erase(messages.size() - 1);
      ++removed;
    }
    if (removed > 0) {
      note(Severity::warning, Action::changed, "trailing_turns",
           fmt::format("messages[{}]", messages.size()),
           fmt::format("{} message{} after the last answer, left out", removed,
                       removed == 1 ? "" : "s"),
           "a conversation that ends with the assistant");
    }
  }

  void check_targets() {
    const bool learns =
        std::any_of(example_.messages.begin(), example_.messages.end(), [](const Json& message) {
          return message["role"] == "assistant" && message.value("weight", 1) != 0;
        });
    if (learns) return;
    drop("nothing_to_learn", "messages", "every assistant message has weight 0",
         "one with weight 1", "remove the weight, or the row");
  }

  void check_order() {
    std::string previous;
    for (std::size_t i = 0; i < example_.messages.size(); ++i) {
      const auto role = example_.messages[i]["role"].get<std::string>();
      const std::string path = fmt::format("messages[{}]", i);
      if (role == "system" && i > 0) {
        note(Severity::warning, Action::kept, "system_not_first", path,
             "a system message in the middle", "it first");
      }
      if (role == previous && (role == "user" || role == "assistant")) {
        note(Severity::warning, Action::kept, "same_role_twice", path,
             fmt::format("two {} messages in a row", role), "user and assistant in turn");
      }
      previous = role;
    }
  }

  const NormaliserSet rules_;
  const NormaliseOptions& options_;
};

}  // namespace

Normalised normalise(Example& example, const NormaliseOptions& options) {
  return RowNormaliser(example, options).run();
}

std::string final_answer(const Example& example) {
  const Json& messages = example.kind == RowKind::preference ? example.preferred : example.messages;
  if (!messages.is_array()) return {};
  for (std::size_t i = messages.size(); i-- > 0;) {
    const Json& message = messages[i];
    if (message.value("role", "") != "assistant") continue;
    const auto content = message.find("content");
    return content != message.end() && content->is_string() ? content->get<std::string>()
                                                            : std::string();
  }
  return {};
}

}  // namespace attune::data
