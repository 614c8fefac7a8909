#include "data/normalise.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 5> kRoles = {"system", "developer", "user", "assistant",
                                                    "tool"};
constexpr std::array<std::string_view, 6> kMessageKeys = {"role",   "content",    "name",
                                                          "weight", "tool_calls", "tool_call_id"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kRoleAliases = {
    {{"human", "user"},
     {"gpt", "assistant"},
     {"bot", "assistant"},
     {"model", "assistant"},
     {"ai", "assistant"},
     {"observation", "tool"}}};

const Json kNoText = std::string();

template <std::size_t Count>
bool one_of(const std::array<std::string_view, Count>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_zero_or_one(const Json& value) { return value.is_number() && (value == 0 || value == 1); }

// Works through one example; every step may change it, and may drop it.
class Normaliser {
 public:
  explicit Normaliser(Example& example) : example_(example) {}

  Normalised run() && {
    check_structure();
    if (result_.kept) check_tools();
    if (result_.kept) {
      for (std::size_t i = 0; i < example_.messages.size() && result_.kept; ++i) check_message(i);
    }
    if (result_.kept) remove_empty_instructions();
    if (result_.kept) check_has_answer();
    if (result_.kept) remove_trailing_turns();
    if (result_.kept) check_targets();
    if (result_.kept) check_order();
    return std::move(result_);
  }

 private:
  void note(Severity severity, Action action, std::string rule, std::string path, std::string found,
            std::string wanted = {}, std::string fix = {}) {
    if (action == Action::changed) result_.changed = true;
    if (action == Action::dropped) result_.kept = false;
    result_.findings.push_back({.rule = std::move(rule),
                                .severity = severity,
                                .action = action,
                                .where = example_.where(),
                                .row = example_.id,
                                .path = std::move(path),
                                .found = std::move(found),
                                .wanted = std::move(wanted),
                                .fix = std::move(fix)});
  }
  void drop(std::string rule, std::string path, std::string found, std::string wanted,
            std::string fix) {
    note(Severity::error, Action::dropped, std::move(rule), std::move(path), std::move(found),
         std::move(wanted), std::move(fix));
  }
  void change(std::string rule, std::string path, std::string found, std::string wanted = {}) {
    note(Severity::info, Action::changed, std::move(rule), std::move(path), std::move(found),
         std::move(wanted));
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

  void check_message(std::size_t i) {
    const std::string path = fmt::format("messages[{}]", i);
    Json& message = example_.messages[i];
    if (!message.is_object()) {
      return drop("wrong_message", path, fmt::format("a JSON {}", message.type_name()),
                  "{\"role\", \"content\"}", "write each message as an object");
    }
    remove_unknown_keys(message, path);
    check_role(message, path);
    if (result_.kept) check_tool_calls(message, path);
    if (result_.kept) check_content(message, path);
    if (result_.kept) check_weight(message, path);
  }

  void remove_unknown_keys(Json& message, const std::string& path) {
    std::vector<std::string> unknown;
    for (const auto& [key, ignored] : message.items()) {
      if (!one_of(kMessageKeys, key)) unknown.push_back(key);
    }
    for (const std::string& key : unknown) {
      message.erase(key);
      note(Severity::warning, Action::changed, "unknown_key", path,
           fmt::format("the key \"{}\", which is left out", quote_for_message(key)),
           "role, content, name, weight, tool_calls or tool_call_id");
    }
  }

  void check_role(Json& message, const std::string& path) {
    const Json role = message.value("role", Json());
    if (!role.is_string()) {
      return drop("no_role", path, "no role", "system, developer, user, assistant or tool",
                  "name who speaks");
    }
    const auto& name = role.get_ref<const std::string&>();
    if (one_of(kRoles, name)) return;
    for (const auto& [alias, meant] : kRoleAliases) {
      if (name != alias) continue;
      message["role"] = meant;
      return change("role_alias", path + ".role",
                    fmt::format("\"{}\" became \"{}\"", alias, meant));
    }
    drop("unknown_role", path + ".role", fmt::format("the role \"{}\"", quote_for_message(name)),
         "system, developer, user, assistant or tool", "rename the role");
  }

  void check_tool_calls(Json& message, const std::string& path) {
    if (!message.contains("tool_calls")) return;
    Json& calls = message["tool_calls"];
    if (calls.is_null() || (calls.is_array() && calls.empty())) {
      message.erase("tool_calls");
      return;
    }
    bool good = calls.is_array() && message["role"] == "assistant";
    for (std::size_t i = 0; good && i < calls.size(); ++i) {
      Json& call = calls[i];
      good = call.is_object() && call.contains("function") && call["function"].is_object() &&
             call["function"].contains("name") && call["function"]["name"].is_string();
      if (!good || !call["function"].contains("arguments")) continue;
      Json& arguments = call["function"]["arguments"];
      if (arguments.is_string()) continue;
      arguments = to_text(arguments);
      change("tool_arguments", fmt::format("{}.tool_calls[{}]", path, i),
             "arguments as an object became JSON in a string");
    }
    if (!good) {
      drop("wrong_tool_calls", path + ".tool_calls",
           "calls that are not {\"function\":{\"name\",\"arguments\"}} of an assistant",
           "the tool calls of the chat format", "mend the tool calls");
    }
  }

  // A list of text parts as one text; nothing when a part is something else (an image).
  static std::optional<std::string> join_parts(const Json& parts) {
    std::string text;
    for (const Json& part : parts) {
      const bool is_text = part.is_object() && part.value("type", Json()) == "text" &&
                           part.contains("text") && part["text"].is_string();
      if (!is_text) return std::nullopt;
      text += part["text"].get_ref<const std::string&>();
    }
    return text;
  }

  void check_content(Json& message, const std::string& message_path) {
    const std::string path = message_path + ".content";
    Json content = message.value("content", Json());
    if (content.is_null() && message.contains("tool_calls")) {
      message["content"] = nullptr;
      return;
    }
    if (content.is_array()) {
      const std::optional<std::string> joined = join_parts(content);
      if (!joined)
        return drop("not_text", path, "parts that are not text", "text alone",
                    "leave out images and sound");
      content = *joined;
      change("content_parts", path, "text parts became one text");
    }
    if (!content.is_string()) {
      return drop("no_content", path,
                  content.is_null() ? "no content" : fmt::format("a JSON {}", content.type_name()),
                  "text", "write what is said");
    }
    CleanText clean = clean_text(content.get_ref<const std::string&>());
    for (const std::string& rule : clean.changes) note_change(rule, path);
    for (const std::string& rule : clean.warnings) note_warning(rule, path);
    const bool may_be_empty = message["role"] == "tool" || message.contains("tool_calls");
    if (clean.text.empty() && !may_be_empty) return check_empty(message, path);
    message["content"] = std::move(clean.text);
  }

  void note_change(const std::string& rule, const std::string& path) {
    const std::string_view what = rule == "byte_order_mark" ? "a byte order mark was removed"
                                  : rule == "nul_bytes"     ? "NUL bytes were removed"
                                  : rule == "line_endings"  ? "line breaks became LF"
                                  : rule == "unicode_nfc"
                                      ? "characters were composed (Unicode NFC)"
                                      : "white space around the text was removed";
    change(rule, path, std::string(what));
  }

  void note_warning(const std::string& rule, const std::string& path) {
    const bool invisible = rule == "invisible_characters";
    note(Severity::warning, Action::kept, rule, path,
         invisible ? "zero-width or direction characters, which are trained on"
                   : "control characters, which are trained on",
         "visible text", "remove them from the source");
  }

  void check_empty(Json& message, const std::string& path) {
    const std::string role = message["role"].get<std::string>();
    if (role == "system" || role == "developer") {
      message["content"] = kNoText;  // remove_empty_instructions() takes it out
      return;
    }
    drop(role == "assistant" ? "empty_answer" : "empty_question", path, "nothing but white space",
         role == "assistant" ? "an answer to learn" : "a question", "write it, or remove the row");
  }

  void check_weight(Json& message, const std::string& message_path) {
    if (!message.contains("weight")) return;
    Json& weight = message["weight"];
    if (weight.is_null()) {
      message.erase("weight");
      return;
    }
    if (!is_zero_or_one(weight)) {
      return drop("wrong_weight", message_path + ".weight", quote_for_message(to_text(weight)),
                  "0 or 1", "set the weight of an assistant message to 0 (context) or 1 (learned)");
    }
    if (message["role"] != "assistant") {
      message.erase("weight");
      return change("weight_of_context", message_path + ".weight",
                    "only assistant messages have a weight; it was removed");
    }
    weight = weight == 0 ? 0 : 1;
  }

  void remove_empty_instructions() {
    Json& messages = example_.messages;
    for (std::size_t i = messages.size(); i-- > 0;) {
      const bool instruction =
          messages[i]["role"] == "system" || messages[i]["role"] == "developer";
      if (!instruction || messages[i]["content"] != kNoText) continue;
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

  Example& example_;
  Normalised result_;
};

}  // namespace

Normalised normalise(Example& example) { return Normaliser(example).run(); }

std::string final_answer(const Example& example) {
  if (!example.messages.is_array()) return {};
  for (std::size_t i = example.messages.size(); i-- > 0;) {
    const Json& message = example.messages[i];
    if (message.value("role", "") != "assistant") continue;
    const auto content = message.find("content");
    return content != message.end() && content->is_string() ? content->get<std::string>()
                                                            : std::string();
  }
  return {};
}

}  // namespace attune::data
