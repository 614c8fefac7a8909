#include "data/normalise_message.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "data/normalise_tools.h"
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

template <std::size_t Count>
bool one_of(const std::array<std::string_view, Count>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_zero_or_one(const Json& value) { return value.is_number() && (value == 0 || value == 1); }

// The role that a name of another format means, in any case; empty when it means none.
std::string_view meaning_of(std::string_view name) {
  std::string word(name);
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& [alias, meant] : kRoleAliases) {
    if (word == alias) return meant;
  }
  const auto* const known = std::find(kRoles.begin(), kRoles.end(), word);
  return known == kRoles.end() ? std::string_view() : *known;
}

class MessageNormaliser {
 public:
  MessageNormaliser(const NormaliserSet& rules, RowNotes& notes) : rules_(rules), notes_(notes) {}

  void run(Json& message, const std::string& path) {
    if (!message.is_object()) {
      return notes_.drop("wrong_message", path, fmt::format("a JSON {}", message.type_name()),
                         "{\"role\", \"content\"}", "write each message as an object");
    }
    remove_unknown_keys(message, path);
    check_role(message, path);
    if (notes_.kept()) check_tool_calls(message, path);
    if (notes_.kept()) check_content(message, path);
    if (notes_.kept()) check_weight(message, path);
  }

 private:
  void remove_unknown_keys(Json& message, const std::string& path) {
    std::vector<std::string> unknown;
    for (const auto& [key, ignored] : message.items()) {
      if (!one_of(kMessageKeys, key)) unknown.push_back(key);
    }
    for (const std::string& key : unknown) {
      message.erase(key);
      notes_.note(Severity::warning, Action::changed, "unknown_key", path,
                  fmt::format("the key \"{}\", which is left out", quote_for_message(key)),
                  "role, content, name, weight, tool_calls or tool_call_id");
    }
  }

  void check_role(Json& message, const std::string& path) {
    const Json role = message.value("role", Json());
    if (!role.is_string()) {
      return notes_.drop("no_role", path, "no role", "system, developer, user, assistant or tool",
                         "name who speaks");
    }
    const auto& name = role.get_ref<const std::string&>();
    if (one_of(kRoles, name)) return;
    if (const std::string_view meant = meaning_of(name);
        !meant.empty() && rules_.has(Normaliser::role_alias)) {
      const std::string before = name;
      message["role"] = meant;
      return notes_.change("role_alias", path + ".role",
                           fmt::format("\"{}\" became \"{}\"", before, meant));
    }
    notes_.drop("unknown_role", path + ".role",
                fmt::format("the role \"{}\"", quote_for_message(name)),
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
      const bool text = call["function"]["arguments"].is_string();
      if (text && !rules_.has(Normaliser::tool_arguments)) continue;
      if (!make_arguments_canonical(call)) continue;
      notes_.change("tool_arguments", fmt::format("{}.tool_calls[{}]", path, i),
                    text ? "the JSON of the arguments was written compactly"
                         : "arguments as an object became JSON in a string");
    }
    if (!good) {
      notes_.drop("wrong_tool_calls", path + ".tool_calls",
                  "calls that are not {\"function\":{\"name\",\"arguments\"}} of an assistant",
                  "the tool calls of the chat format", "mend the tool calls");
    }
  }

  // Parts may say whether they are trained on; only a whole message can.
  bool read_part_weights(Json& message, const std::string& path) {
    std::optional<bool> all;
    for (const Json& part : message["content"]) {
      if (!part.is_object()) return true;
      const Json said = part.contains("train") ? part["train"] : part.value("weight", Json());
      if (said.is_null()) continue;
      const bool trained = said == true || (said.is_number() && said != 0);
      if (all && *all != trained) {
        notes_.drop("partly_trained", path, "parts of one message, some trained on and some not",
                    "messages that are trained on as a whole",
                    "divide the message, or use the segments format");
        return false;
      }
      all = trained;
    }
    if (all && message["role"] == "assistant" && !message.contains("weight"))
      message["weight"] = *all ? 1 : 0;
    return true;
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
      if (!read_part_weights(message, path)) return;
      const std::optional<std::string> joined = join_parts(content);
      if (!joined)
        return notes_.drop("not_text", path, "parts that are not text", "text alone",
                           "leave out images and sound");
      content = *joined;
      notes_.change("content_parts", path, "text parts became one text");
    }
    if (!content.is_string()) {
      return notes_.drop(
          "no_content", path,
          content.is_null() ? "no content" : fmt::format("a JSON {}", content.type_name()), "text",
          "write what is said");
    }
    CleanText clean = clean_text(content.get_ref<const std::string&>(), rules_);
    for (const std::string& rule : clean.changes) notes_.note_change(rule, path);
    for (const std::string& rule : clean.warnings) notes_.note_warning(rule, path);
    const bool may_be_empty = message["role"] == "tool" || message.contains("tool_calls");
    if (clean.text.empty() && !may_be_empty) return check_empty(message, path);
    message["content"] = std::move(clean.text);
  }

  void check_empty(Json& message, const std::string& path) {
    const std::string role = message["role"].get<std::string>();
    if (role == "system" || role == "developer") {
      message["content"] = "";  // remove_empty_instructions() takes it out
      return;
    }
    notes_.drop(
        role == "assistant" ? "empty_answer" : "empty_question", path, "nothing but white space",
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
      return notes_.drop("wrong_weight", message_path + ".weight",
                         quote_for_message(to_text(weight)), "0 or 1",
                         "set the weight of an assistant message to 0 (context) or 1 (learned)");
    }
    if (message["role"] != "assistant") {
      message.erase("weight");
      return notes_.change("weight_of_context", message_path + ".weight",
                           "only assistant messages have a weight; it was removed");
    }
    weight = weight == 0 ? 0 : 1;
  }

  const NormaliserSet& rules_;
  RowNotes& notes_;
};

}  // namespace

void RowNotes::note_change(const std::string& rule, const std::string& path) {
  for (const NormaliserEntry& entry : normaliser_entries()) {
    if (entry.name == rule) return change(rule, path, std::string(entry.done));
  }
}

void RowNotes::note_warning(const std::string& rule, const std::string& path) {
  const bool invisible = rule == "invisible_characters";
  note(Severity::warning, Action::kept, rule, path,
       invisible ? "zero-width or direction characters, which are trained on"
                 : "control characters, which are trained on",
       "visible text", "remove them from the source");
}

void make_message_strict(Json& message, const std::string& path, const NormaliserSet& rules,
                         RowNotes& notes) {
  MessageNormaliser(rules, notes).run(message, path);
}

}  // namespace attune::data
