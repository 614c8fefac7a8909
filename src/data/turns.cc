#include "data/turns.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "data/clean_text.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 3> kRoleKeys = {"role", "from", "speaker"};
constexpr std::array<std::string_view, 3> kContentKeys = {"content", "value", "text"};

bool is_call_role(std::string_view role) {
  return role == "function_call" || role == "tool_call" || role == "function-call";
}
bool is_result_role(std::string_view role) {
  return role == "observation" || role == "function_response" || role == "tool_response" ||
         role == "function-response";
}

// The first of `names` that the turn has; `asked` alone when it is given.
template <std::size_t Count>
std::string key_of(const Json& turn, const std::string& asked,
                   const std::array<std::string_view, Count>& names) {
  if (!asked.empty()) return turn.contains(asked) ? asked : std::string();
  for (const std::string_view name : names) {
    if (turn.contains(std::string(name))) return std::string(name);
  }
  return {};
}

// The calls of a function_call turn, without ids; nothing when its text is no call.
std::optional<Json> calls_of(const Json& content) {
  Result<Json> parsed = content;
  if (content.is_string()) parsed = parse_json(content.get<std::string>(), "call");
  if (!parsed) return std::nullopt;
  const Json list = parsed->is_array() ? *parsed : Json::array({*parsed});
  Json calls = Json::array();
  for (const Json& call : list) {
    if (!call.is_object() || !call.contains("name") || !call["name"].is_string())
      return std::nullopt;
    Json arguments = call.value("arguments", Json::object());
    if (!arguments.is_string()) arguments = to_text(arguments);
    calls.push_back({{"id", ""},
                     {"type", "function"},
                     {"function", {{"name", call["name"]}, {"arguments", std::move(arguments)}}}});
  }
  if (calls.empty()) return std::nullopt;
  return calls;
}

// Works through the turns of one conversation; remembers the calls that have no result yet.
class TurnReader {
 public:
  explicit TurnReader(const TurnTags& tags) : tags_(tags) {}

  Json read(const Json& turn) {
    if (!turn.is_object()) return turn;
    const std::string role_key = key_of(turn, tags_.role_key, kRoleKeys);
    const std::string content_key = key_of(turn, tags_.content_key, kContentKeys);
    if (role_key.empty() || !turn[role_key].is_string()) return turn;
    const std::string role = meaning_of(turn[role_key].get<std::string>());
    Json message;
    message["role"] = role;
    if (!content_key.empty()) message["content"] = turn[content_key];
    for (const auto& [key, value] : turn.items()) {
      if (key != role_key && key != content_key) message[key] = value;
    }
    read_weight(message);
    if (is_call_role(role) && !content_key.empty()) read_calls(message);
    if (is_result_role(role) || (role == "tool" && role_key != "role")) read_result(message);
    return message;
  }

 private:
  std::string meaning_of(const std::string& role) const {
    for (const auto& [name, meaning] : tags_.roles) {
      if (name == role) return meaning;
    }
    return role;
  }

  static void read_weight(Json& message) {
    for (const char* key : {"train", "training"}) {
      if (!message.contains(key) || !message[key].is_boolean()) continue;
      const bool trained = message[key].get<bool>();
      message.erase(key);
      if (!message.contains("weight")) message["weight"] = trained ? 1 : 0;
    }
  }

  void read_calls(Json& message) {
    std::optional<Json> calls = calls_of(message["content"]);
    if (!calls) return;
    for (Json& call : *calls) {
      call["id"] = fmt::format("call_{}", ++calls_seen_);
      unanswered_.push_back(call["id"].get<std::string>());
    }
    message["role"] = "assistant";
    message["content"] = nullptr;
    message["tool_calls"] = std::move(*calls);
  }

  void read_result(Json& message) {
    message["role"] = "tool";
    if (message.contains("content") && !message["content"].is_string() &&
        !message["content"].is_null())
      message["content"] = to_text(message["content"]);
    if (message.contains("tool_call_id") || unanswered_.empty()) return;
    message["tool_call_id"] = unanswered_.front();
    unanswered_.pop_front();
  }

  const TurnTags& tags_;
  int calls_seen_ = 0;
  std::deque<std::string> unanswered_;
};

}  // namespace

bool is_list_of_turns(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& turn) {
           return turn.is_object() && !key_of(turn, {}, kRoleKeys).empty();
         });
}

Json messages_of_turns(const Json& turns, const TurnTags& tags) {
  TurnReader reader(tags);
  Json messages = Json::array();
  for (const Json& turn : turns) messages.push_back(reader.read(turn));
  return messages;
}

Json tools_of_value(const Json& value) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    if (is_blank(text)) return nullptr;
    Result<Json> parsed = parse_json(text, "tools");
    // What is not JSON stays for the later checks to name.
    return parsed && !parsed->is_string() ? tools_of_value(*parsed) : value;
  }
  if (!value.is_array()) return value;
  if (value.empty()) return nullptr;
  Json tools = Json::array();
  for (const Json& tool : value) {
    const bool bare = tool.is_object() && !tool.contains("function") && !tool.contains("type") &&
                      tool.contains("name");
    tools.push_back(bare ? Json{{"type", "function"}, {"function", tool}} : tool);
  }
  return tools;
}

}  // namespace attune::data
