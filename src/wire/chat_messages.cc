#include "wire/chat_messages.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace attune::wire {

namespace {

const std::vector<std::string_view> kRoles = {"developer", "system", "user",
                                              "assistant", "tool",   "function"};

class MessageReader {
 public:
  MessageReader(Fields& message, Json& out, std::set<std::string, std::less<>>& open_calls)
      : message_(message), out_(out), open_calls_(open_calls) {}

  void read() {
    message_.require("role");
    role_ = message_.word("role", kRoles).value_or("");
    out_["role"] = role_;
    if (role_ == "function") {
      message_.fault(unsupported_parameter(
          message_.path_of("role"),
          "Unsupported value: the role 'function' is deprecated; use 'tool' with 'tool_call_id'."));
    }
    if (role_ == "assistant") read_tool_calls();
    read_content();
    if (const auto name = message_.text("name", {1, 256})) out_["name"] = *name;
    if (role_ == "tool") read_tool_call_id();
  }

 private:
  // What an assistant's message may hold beside its content.
  void read_tool_calls() {
    if (const Json* refusal = message_.find("refusal"); refusal != nullptr) {
      if (!refusal->is_string())
        message_.wrong_type(*refusal, message_.path_of("refusal"), "a string");
      if (!failed()) refusal_ = refusal->get<std::string>();
    }
    message_.has("annotations");  // sent back as it came in an answer; says nothing to the model
    for (const std::string_view name : {"audio", "function_call"}) {
      if (message_.find(name) == nullptr) continue;
      message_.fault(unsupported_parameter(
          message_.path_of(name),
          fmt::format("Unsupported parameter: '{}' is not supported by this server.",
                      message_.path_of(name))));
    }
    open_calls_.clear();
    const Json* calls = message_.array("tool_calls", {1, 128});
    if (calls == nullptr) return;
    Json read = Json::array();
    for (std::size_t i = 0; i < calls->size() && !failed(); ++i) {
      Fields call = message_.item("tool_calls", *calls, i);
      const std::string id = call.required_text("id", {1, 256});
      call.require("type");
      call.word("type", {"function"});
      call.require("function");
      std::optional<Fields> function = call.object("function");
      if (!function) return;
      const std::string name = function->required_text("name", {1, 64});
      const std::string arguments = read_string(*function, "arguments");
      open_calls_.insert(id);
      read.push_back({{"id", id},
                      {"type", "function"},
                      {"function", {{"name", name}, {"arguments", arguments}}}});
    }
    out_["tool_calls"] = std::move(read);
  }

  void read_tool_call_id() {
    const std::string id = message_.required_text("tool_call_id", {1, 256});
    out_["tool_call_id"] = id;
    if (failed() || open_calls_.contains(id)) return;
    message_.fault(invalid_value(
        message_.path_of("role"),
        "Invalid parameter: messages with role 'tool' must be a response to a preceding message "
        "with 'tool_calls'."));
  }

  static std::string read_string(Fields& fields, std::string_view name) {
    fields.require(name);
    const Json* value = fields.find(name);
    if (value == nullptr) return {};
    if (!value->is_string()) {
      fields.wrong_type(*value, fields.path_of(name), "a string");
      return {};
    }
    return value->get<std::string>();
  }

  void read_content() {
    const Json* content = message_.find("content");
    const std::string path = message_.path_of("content");
    if (content == nullptr) {
      out_["content"] = nullptr;
      if (role_ != "assistant") {
        message_.require("content");
      } else if (refusal_) {
        out_["content"] = *refusal_;
      } else if (!out_.contains("tool_calls") && !failed()) {
        message_.fault(invalid_value(
            path, fmt::format("Invalid value for '{}': expected a string, got null.", path),
            "invalid_type"));
      }
    } else if (content->is_string()) {
      out_["content"] = *content;
    } else if (content->is_array()) {
      out_["content"] = join_parts(*content, path);
    } else {
      message_.wrong_type(*content, path, "a string or an array of content parts");
    }
  }

  std::string join_parts(const Json& parts, const std::string& path) {
    if (!message_.check_length(static_cast<std::int64_t>(parts.size()), path, {1}, "array"))
      return {};
    std::string text;
    for (std::size_t i = 0; i < parts.size() && !failed(); ++i) {
      Fields part = message_.item("content", parts, i);
      part.require("type");
      const std::string type =
          part.word("type", {"text", "refusal", "image_url", "input_audio", "file"}).value_or("");
      const bool is_refusal = type == "refusal" && role_ == "assistant";
      if (type == "text" || is_refusal) {
        text += read_string(part, type);
      } else if (!failed()) {
        part.fault(unsupported_parameter(
            part.path_of("type"),
            fmt::format("Invalid content type. '{}' is not supported by this server in a message "
                        "of role '{}'; supported types are: 'text'.",
                        type, role_)));
      }
    }
    return text;
  }

  bool failed() const { return message_.failed(); }

  Fields& message_;
  Json& out_;
  std::set<std::string, std::less<>>& open_calls_;  // ids that a tool message may answer
  std::string role_;
  std::optional<std::string> refusal_;
};

}  // namespace

bool is_function_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

Json read_chat_messages(Fields& fields) {
  Json messages = Json::array();
  fields.require("messages");
  const Json* given = fields.array("messages", {1});
  if (given == nullptr) return messages;
  std::set<std::string, std::less<>> open_calls;
  for (std::size_t i = 0; i < given->size() && !fields.failed(); ++i) {
    Fields message = fields.item("messages", *given, i);
    Json out = Json::object();
    MessageReader(message, out, open_calls).read();
    messages.push_back(std::move(out));
  }
  return messages;
}

}  // namespace attune::wire
