#include "wire/training_example.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/chat_messages.h"
#include "wire/fields.h"

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

const Json* member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

bool is_absent(const Json* value) { return value == nullptr || value->is_null(); }

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

std::string text_member(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::string wrong_type(std::string_view field, const Json& value, std::string_view wanted) {
  return fmt::format("Field '{}' must be {}, not {}", field, wanted, kind_of(value));
}

std::string missing(std::string_view field) {
  return fmt::format("Field '{}' is missing in value", field);
}

// One conversation: the messages of a chat example, or an output list of a preference example.
class ConversationCheck {
 public:
  ConversationCheck(const FaultReceiver& fault, std::string path, std::string noun)
      : fault_(fault), path_(std::move(path)), noun_(std::move(noun)) {}

  void check(const Json& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) check_message(messages[i], i);
  }

  bool has_system = false, has_user = false, has_assistant = false, has_trained = false;
  std::string last_role;

 private:
  void report(std::string_view kind, std::string message, const std::string& at = {}) {
    fault_(kind, place_, std::move(message), here_ + at);
  }

  void check_message(const Json& message, std::size_t index) {
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
    check_weight(message);
    check_name(message);
    const bool calls = check_tool_calls(message);
    check_content(message, calls);
    if (last_role == "tool") check_tool_call_id(message);
    note_role(message);
  }

  void check_keys(const Json& message) {
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

  bool check_role(const Json& message) {
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

  void check_weight(const Json& message) {
    const Json* weight = member(message, "weight");
    if (is_absent(weight)) return;
    if (last_role != "assistant") {
      report("invalid_weight", "Field 'weight' is for assistant messages only", ".weight");
    } else if (!weight->is_number() || (*weight != 0 && *weight != 1)) {
      report("invalid_weight",
             fmt::format("Field 'weight' must be 0 or 1, not {}",
                         quote_for_message(attune::to_text(*weight), 24)),
             ".weight");
    }
  }

  void check_name(const Json& message) {
    const Json* name = member(message, "name");
    if (!is_absent(name) && !name->is_string()) {
      report("invalid_name", wrong_type("name", *name, "a string"), ".name");
    }
  }

  // True when the message has calls, also faulty ones: then its content may be missing.
  bool check_tool_calls(const Json& message) {
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
    open_calls_.clear();
    for (std::size_t i = 0; i < calls->size(); ++i) {
      check_tool_call((*calls)[i], fmt::format(".tool_calls[{}]", i), i + 1);
    }
    return true;
  }

  void check_tool_call(const Json& call, const std::string& at, std::size_t number) {
    const auto wrong = [&](const std::string& what, const std::string& deeper) {
      report("invalid_tool_calls", fmt::format("Tool call {}: {}", number, what), at + deeper);
    };
    if (!call.is_object())
      return wrong(fmt::format("must be an object, not {}", kind_of(call)), "");
    const std::string id = text_member(call, "id");
    if (id.empty()) wrong("Field 'id' must be a string that is not empty", ".id");
    if (!id.empty() && !open_calls_.insert(id).second) wrong("Field 'id' is used twice", ".id");
    if (text_member(call, "type") != "function") wrong("Field 'type' must be 'function'", ".type");
    const Json* function = member(call, "function");
    if (function == nullptr || !function->is_object()) {
      return wrong("Field 'function' must be an object", ".function");
    }
    if (!is_function_name(text_member(*function, "name"))) {
      wrong("Field 'function.name' must be 1 to 64 of a-z, A-Z, 0-9, '_' and '-'",
            ".function.name");
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

  void check_tool_call_id(const Json& message) {
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

  void check_content(const Json& message, bool has_calls) {
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

  bool read_parts(const Json& parts, std::string& text) {
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

  void note_role(const Json& message) {
    has_system = has_system || last_role == "system" || last_role == "developer";
    has_user = has_user || last_role == "user";
    if (last_role == "assistant") {
      has_assistant = true;
      const Json* weight = member(message, "weight");
      has_trained = has_trained || is_absent(weight) || *weight != 0;
    } else if (last_role != "tool") {
      open_calls_.clear();
    }
  }

  const FaultReceiver& fault_;
  const std::string path_;  // "messages"
  const std::string noun_;  // "message"
  std::string place_;       // "message 2"
  std::string here_;        // "messages[1]"
  std::set<std::string, std::less<>> open_calls_;
};

void check_tools(const Json& example, const FaultReceiver& fault) {
  const Json* tools = member(example, "tools");
  if (is_absent(tools)) return;
  if (!tools->is_array())
    return fault("invalid_tools", "", wrong_type("tools", *tools, "an array"), "tools");
  for (std::size_t i = 0; i < tools->size(); ++i) {
    const Json& tool = (*tools)[i];
    const std::string place = fmt::format("tool {}", i + 1);
    const std::string path = fmt::format("tools[{}]", i);
    const Json* function = tool.is_object() ? member(tool, "function") : nullptr;
    if (function == nullptr || !function->is_object() || text_member(tool, "type") != "function") {
      fault("invalid_tools", place,
            "A tool must be {\"type\": \"function\", \"function\": {\"name\", ...}}", path);
      continue;
    }
    if (!is_function_name(text_member(*function, "name"))) {
      fault("invalid_tools", place,
            "Field 'function.name' must be 1 to 64 of a-z, A-Z, 0-9, '_' and '-'",
            path + ".function.name");
    }
    const Json* parameters = member(*function, "parameters");
    if (!is_absent(parameters) && !parameters->is_object()) {
      fault("invalid_tools", place, wrong_type("function.parameters", *parameters, "an object"),
            path + ".function.parameters");
    }
  }
}

void check_other_keys(const Json& example, const FaultReceiver& fault) {
  const Json* parallel = member(example, "parallel_tool_calls");
  if (!is_absent(parallel) && !parallel->is_boolean()) {
    fault("invalid_parallel_tool_calls", "",
          wrong_type("parallel_tool_calls", *parallel, "a boolean"), "parallel_tool_calls");
  }
  if (!is_absent(member(example, "functions"))) {
    fault("unsupported_functions", "",
          "Field 'functions' is deprecated and not supported; use 'tools'", "functions");
  }
}

// The list of messages under `key`, or a null pointer after its fault.
const Json* messages_of(const Json& object, const char* key, const std::string& path,
                        const FaultReceiver& fault) {
  const Json* messages = member(object, key);
  if (is_absent(messages)) {
    fault("missing_messages_list", "", missing(path), path);
  } else if (!messages->is_array()) {
    fault("missing_messages_list", "", wrong_type(path, *messages, "an array"), path);
  } else if (messages->empty()) {
    fault("missing_messages_list", "", fmt::format("Field '{}' must not be empty", path), path);
  } else {
    return messages;
  }
  return nullptr;
}

}  // namespace

TrainingFormat format_of(const Json& example) {
  if (example.contains("messages")) return TrainingFormat::chat;
  for (const char* key : {"preferred_output", "non_preferred_output", "preferred_completion",
                          "non_preferred_completion"}) {
    if (example.contains(key)) return TrainingFormat::preference;
  }
  if (example.contains("prompt") && example.contains("completion")) {
    return TrainingFormat::prompt_completion;
  }
  return TrainingFormat::unknown;
}

ExampleFacts check_chat_example(const Json& example, const FaultReceiver& fault) {
  const Json* messages = messages_of(example, "messages", "messages", fault);
  ConversationCheck conversation(fault, "messages", "message");
  if (messages != nullptr) {
    conversation.check(*messages);
    if (!conversation.has_assistant) {
      fault("example_missing_assistant_message", "",
            "There is no assistant message, so nothing to learn", "messages");
    } else if (!conversation.has_trained) {
      fault("example_without_trained_message", "",
            "Every assistant message has weight 0, so nothing to learn", "messages");
    } else if (conversation.last_role != "assistant" && !conversation.last_role.empty()) {
      fault("last_message_not_assistant", "", "The last message must be from the assistant",
            fmt::format("messages[{}]", messages->size() - 1));
    }
  }
  check_tools(example, fault);
  check_other_keys(example, fault);
  return {.has_system_message = conversation.has_system, .has_user_message = conversation.has_user};
}

void check_prompt_completion(const Json& example, const FaultReceiver& fault) {
  for (const char* key : {"prompt", "completion"}) {
    const Json* value = member(example, key);
    if (is_absent(value)) {
      fault(fmt::format("missing_{}", key), "", missing(key), key);
    } else if (!value->is_string()) {
      fault(fmt::format("missing_{}", key), "", wrong_type(key, *value, "a string"), key);
    } else if (std::string_view(key) == "completion" &&
               is_blank(value->get_ref<const std::string&>())) {
      fault("missing_completion", "", "Field 'completion' must not be empty", key);
    }
  }
}

void check_preference(const Json& example, const FaultReceiver& fault) {
  const Json* input = member(example, "input");
  if (input == nullptr || !input->is_object()) {
    fault("missing_input", "",
          input == nullptr ? missing("input") : wrong_type("input", *input, "an object"), "input");
  } else {
    ConversationCheck conversation(fault, "input.messages", "input message");
    if (const Json* messages = messages_of(*input, "messages", "input.messages", fault)) {
      conversation.check(*messages);
    }
    check_tools(*input, fault);
    check_other_keys(*input, fault);
  }
  for (const std::string_view side : {"preferred", "non_preferred"}) {
    const std::string older = fmt::format("{}_completion", side);
    const std::string name = example.contains(older) ? older : fmt::format("{}_output", side);
    const Json* output = messages_of(example, name.c_str(), name, fault);
    if (output == nullptr) continue;
    ConversationCheck conversation(fault, name, fmt::format("{} message", name));
    conversation.check(*output);
    if (!conversation.has_assistant) {
      fault("example_missing_assistant_message", "",
            fmt::format("There is no assistant message in '{}'", name), name);
    }
    if (conversation.has_user || conversation.has_system) {
      fault("unrecognized_role", "",
            fmt::format("Field '{}' may hold only assistant and tool messages", name), name);
    }
  }
}

}  // namespace attune::wire
