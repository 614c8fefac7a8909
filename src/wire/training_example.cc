#include "wire/training_example.h"

#include <fmt/format.h>

#include "wire/chat_messages.h"
#include "wire/training_conversation.h"
#include "wire/training_values.h"

namespace attune::wire {

namespace {

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
