#include "data/normalise_tools.h"

#include <fmt/format.h>

namespace attune::data {

namespace {

bool is_call(const Json& value) {
  return value.is_object() && value.contains("name") && value["name"].is_string();
}

}  // namespace

std::vector<std::size_t> modernise_function_calls(Json& messages) {
  std::vector<std::size_t> changed;
  std::string open;  // the id of the last call without a result
  int calls = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    Json& message = messages[i];
    if (!message.is_object()) continue;
    const Json role = message.value("role", Json());
    if (role == "function") {
      message["role"] = "tool";
      message.erase("name");
      if (!open.empty()) message["tool_call_id"] = open;
      open.clear();
      changed.push_back(i);
    }
    if (role != "assistant" || !message.contains("function_call")) continue;
    if (message.contains("tool_calls")) continue;
    const Json call = message["function_call"];
    message.erase("function_call");
    changed.push_back(i);
    if (!is_call(call)) continue;
    open = fmt::format("call_{}", ++calls);
    Json function = {{"name", call["name"]}, {"arguments", call.value("arguments", Json("{}"))}};
    message["tool_calls"] =
        Json::array({{{"id", open}, {"type", "function"}, {"function", std::move(function)}}});
  }
  return changed;
}

bool make_arguments_canonical(Json& call) {
  Json& arguments = call["function"]["arguments"];
  if (!arguments.is_string()) {
    arguments = to_text(arguments);
    return true;
  }
  const std::string& text = arguments.get_ref<const std::string&>();
  const Result<Json> parsed = parse_json(text, "arguments");
  if (!parsed) return false;
  std::string compact = to_text(*parsed);
  if (compact == text) return false;
  arguments = std::move(compact);
  return true;
}

}  // namespace attune::data
