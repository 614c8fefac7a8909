#include "wire/training_conversation.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/chat_messages.h"
#include "wire/training_values.h"

namespace attune::wire {

namespace {

constexpr std::array<std::string_view, 5> kRoles = {"system", "developer", "user", "assistant",
                                                    "tool"};
constexpr std::array<std::string_view, 6> kMessageKeys = {"role",   "content",    "name",
                                                          "weight", "tool_calls", "tool_call_id"};
// What an API's answer carries beside these; fine while it is null.
constexpr std::array<std::string_view, 5> kEmptyKeys = {"refusal", "audio", "annotations",
                                                        "function_call", "reasoning_content"};

template <std::size_t Count>
bool one_of(const std::array<std::string_view, Count>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

void ConversationCheck::report(std::string_view kind, std::string message, const std::string& at) {
  fault_(kind, place_, std::move(message), here_ + at);
}

void ConversationCheck::check_message(const Json& message, std::size_t index) {
  place_ = fmt::format("{} {}", noun_, index + 1);
  here_ = fmt::format("{}[{}]", path_, index);
  last_role.clear();
  if (!message.is_object()) {
    report("message_not_object",
           fmt::format("A message must be an object, not {}", kind_of(message)));
    return;
  }
  check_keys(message);
  if (!check_role(message)) return;
  if (last_role != "tool") open_calls_.clear();
  check_weight(message);
  check_name(message);
  const bool calls = check_tool_calls(message);
  check_content(message, calls);
  if (last_role == "tool") check_tool_call_id(message);
  note_role(message);
}

void ConversationCheck::check_keys(const Json& message) {
  for (const auto& [key, value] : message.items()) {
    if (one_of(kMessageKeys, key) || (one_of(kEmptyKeys, key) && value.is_null())) continue;
    const std::string shown = quote_for_message(key);
    if (key == "function_call") {
      report("unsupported_function_call",
             "Field 'function_call' is deprecated and not supported; use 'tool_calls'",
             ".function_call");
    } else {
      report("message_unrecognized_key", fmt::format("Key '{}' is not recognized", shown),
             "." + shown);
    }
  }
}

bool ConversationCheck::check_role(const Json& message) {
  const Json* role = member(message, "role");
  if (is_absent(role)) {
    report("message_missing_key", "Discriminator 'role' is missing in value", ".role");
    return false;
  }
  if (!role->is_string()) {
    report("unrecognized_role", wrong_type("role", *role, "a string"), ".role");
    return false;
  }
  const auto& name = role->get_ref<const std::string&>();
  if (!one_of(kRoles, name)) {
    report("unrecognized_role",
           fmt::format("No match for discriminator 'role' and value '{}' (allowed values: "
                       "'system', 'developer', 'user', 'assistant', 'tool')",
                       quote_for_message(name)),
           ".role");
    return false;
  }
  last_role = name;
  return true;
}

void ConversationCheck::check_weight(const Json& message) {
  const Json* weight = member(message, "weight");
  if (is_absent(weight)) return;
  if (last_role != "assistant") {
    report("invalid_weight", "Field 'weight' is for assistant messages only", ".weight");
  } else if (!weight->is_number() || (*weight != 0 && *weight != 1)) {
    report("invalid_weight",
           fmt::format("Field 'weight' must be 0 or 1, not {}",
                       quote_for_message(to_text(*weight), 24)),
           ".weight");
  }
}

void ConversationCheck::check_name(const Json& message) {
  const Json* name = member(message, "name");
  if (!is_absent(name) && !name->is_string()) {
    report("invalid_name", wrong_type("name", *name, "a string"), ".name");
  }
}

bool ConversationCheck::check_tool_calls(const Json& message) {
  const Json* calls = member(message, "tool_calls");
  if (is_absent(calls)) return false;
  if (last_role != "assistant") {
    report("invalid_tool_calls", "Field 'tool_calls' is for assistant messages only",
           ".tool_calls");
    return false;
  }
  if (!calls->is_array() || calls->empty()) {
    report("invalid_tool_calls",
           calls->is_array() ? std::string("Field 'tool_calls' must not be an empty array")
                             : wrong_type("tool_calls", *calls, "an array"),
           ".tool_calls");
    return false;
  }
  for (std::size_t i = 0; i < calls->size(); ++i) {
    check_tool_call((*calls)[i], fmt::format(".tool_calls[{}]", i), i + 1);
  }
  return true;
}

void ConversationCheck::check_tool_call(const Json& call, const std::string& at,
                                        std::size_t number) {
  const auto wrong = [&](const std::string& what, const std::string& deeper) {
    report("invalid_tool_calls", fmt::format("Tool call {}: {}", number, what), at + deeper);
  };
  if (!call.is_object()) return wrong(fmt::format("must be an object, not {}", kind_of(call)), "");
  const std::string id = text_member(call, "id");
  if (id.empty()) wrong("Field 'id' must be a string that is not empty", ".id");
  if (!id.empty() && !open_calls_.insert(id).second) wrong("Field 'id' is used twice", ".id");
  if (text_member(call, "type") != "function") wrong("Field 'type' must be 'function'", ".type");
  const Json* function = member(call, "function");
  if (function == nullptr || !function->is_object()) {
    return wrong("Field 'function' must be an object", ".function");
  }
  if (!is_function_name(text_member(*function, "name"))) {
    wrong("Field 'function.name' must be 1 to 64 of a-z, A-Z, 0-9, '_' and '-'", ".function.name");
  }
  const Json* arguments = member(*function, "arguments");
  if (arguments == nullptr || !arguments->is_string()) {
    return wrong("Field 'function.arguments' must be a string that holds a JSON object",
                 ".function.arguments");
  }
  const Result<Json> parsed = parse_json(arguments->get_ref<const std::string&>(), "arguments");
  if (!parsed || !parsed->is_object()) {
    wrong(fmt::format("Field 'function.arguments' is not a JSON object: {}",
                      parsed ? std::string(kind_of(*parsed)) : parsed.error().found),
          ".function.arguments");
  }
}

void ConversationCheck::check_tool_call_id(const Json& message) {
  const Json* id = member(message, "tool_call_id");
  if (id == nullptr || !id->is_string()) {
    report("message_missing_key",
           is_absent(id) ? missing("tool_call_id") : wrong_type("tool_call_id", *id, "a string"),
           ".tool_call_id");
  } else if (!open_calls_.contains(id->get_ref<const std::string&>())) {
    report("unknown_tool_call_id",
           "A message with role 'tool' must answer one of the preceding 'tool_calls'",
           ".tool_call_id");
  }
}

void ConversationCheck::check_content(const Json& message, bool has_calls) {
  const Json* content = member(message, "content");
  if (is_absent(content)) {
    if (!has_calls) report("missing_content", missing("content"), ".content");
    return;
  }
  std::string text;
  if (content->is_string()) {
    text = content->get<std::string>();
  } else if (!content->is_array() || content->empty()) {
    report("missing_content",
           content->is_array()
               ? std::string("Field 'content' must not be an empty array")
               : wrong_type("content", *content, "a string or an array of text parts"),
           ".content");
    return;
  } else if (!read_parts(*content, text)) {
    return;
  }
  const bool needs_words = (last_role == "assistant" && !has_calls) || last_role == "user";
  if (needs_words && is_blank(text)) {
    report("missing_content", "Field 'content' must not be empty", ".content");
  }
}

bool ConversationCheck::read_parts(const Json& parts, std::string& text) {
  bool good = true;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string at = fmt::format(".content[{}]", i);
    const Json& part = parts[i];
    const std::string type = part.is_object() ? text_member(part, "type") : std::string();
    if (type == "text" && part.contains("text") && part["text"].is_string()) {
      text += part["text"].get_ref<const std::string&>();
      continue;
    }
    good = false;
    const bool known = type == "image_url" || type == "input_audio" || type == "file";
    report(known ? "unsupported_content" : "missing_content",
           known ? fmt::format("Content part {} is of type '{}'; only text can be trained on",
                               i + 1, type)
                 : fmt::format("Content part {} must be {{\"type\": \"text\", \"text\": string}}",
                               i + 1),
           at);
  }
  return good;
}

void ConversationCheck::note_role(const Json& message) {
  has_system = has_system || last_role == "system" || last_role == "developer";
  has_user = has_user || last_role == "user";
  if (last_role == "assistant") {
    has_assistant = true;
    const Json* weight = member(message, "weight");
    has_trained = has_trained || is_absent(weight) || *weight != 0;
  }
}

}  // namespace attune::wire
