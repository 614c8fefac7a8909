#include "data/check_tools.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "data/mapping.h"

namespace attune::data {

namespace {

// The nested {"function":{...}} of a tool or call, or the value itself where it is flat.
JsonRef function_of(JsonRef value) {
  const JsonRef nested = value.find("function");
  return nested.is_object() ? nested : value;
}

bool is_given(JsonRef value) { return value.exists() && !value.is_null(); }

}  // namespace

const grammar::JsonSchema* ToolCheck::schema_of(JsonRef parameters, RowReporter& reporter) {
  if (!parameters.is_object() || parameters.size() == 0) return nullptr;
  const auto known = schemas_.find(parameters.text());
  if (known != schemas_.end()) return known->second ? &*known->second : nullptr;
  constexpr std::size_t kMostSchemas = 10000;
  if (schemas_.size() >= kMostSchemas) schemas_.clear();
  Result<grammar::JsonSchema> compiled =
      grammar::JsonSchema::compile(to_json(parameters), "parameters", {.assert_formats = false});
  if (!compiled) {
    reporter.warning(
        "D021", parameters,
        {.found = fmt::format("the parameter schema cannot be used: {}", compiled.error().found),
         .wanted = "a JSON Schema",
         .fix = "mend it; arguments of this tool are not checked"});
  }
  auto& entry = schemas_[std::string(parameters.text())];
  if (compiled) entry = std::move(*compiled);
  return entry ? &*entry : nullptr;
}

ToolCheck::Tools ToolCheck::read_tools(JsonRef tools, RowReporter& reporter) {
  Tools declared;
  if (!is_given(tools)) return declared;
  if (!tools.is_array()) {
    reporter.error("D021", tools,
                   {.found = fmt::format("tools are a JSON {}", json_type_name(tools.type())),
                    .wanted = "a list of {\"type\":\"function\",\"function\":{...}}",
                    .fix = "mend the tools of this row"});
    return declared;
  }
  for (JsonRef tool = tools.first(); tool.exists(); tool = tool.next()) {
    const JsonRef function = function_of(tool);
    const JsonRef name = function.find("name");
    if (!name.is_string() || name.string().empty()) {
      reporter.error("D021", tool,
                     {.found = "a tool without a name",
                      .wanted = "{\"type\":\"function\",\"function\":{\"name\",\"parameters\"}}",
                      .fix = "name it"});
      continue;
    }
    Tool entry{.at = tool, .parameters = schema_of(function.find("parameters"), reporter)};
    const auto [ignored, fresh] = declared.emplace(std::string(name.string()), entry);
    if (!fresh) {
      reporter.warning("D021", name,
                       {.found = fmt::format("the tool \"{}\" is declared twice",
                                             quote_for_message(name.string())),
                        .wanted = "each tool once",
                        .fix = "remove one"});
    }
  }
  return declared;
}

void ToolCheck::check_arguments(JsonRef arguments, const Tool* tool, RowReporter& reporter) {
  constexpr std::string_view kWanted = "a JSON object, or one written in a string";
  Json value;
  if (arguments.is_string()) {
    Result<Json> parsed = parse_json(arguments.string(), "arguments");
    if (!parsed) {
      reporter.error("D021", arguments,
                     {.found = fmt::format("arguments that are not JSON: {}", parsed.error().found),
                      .wanted = std::string(kWanted),
                      .fix = "mend the arguments"});
      return;
    }
    value = std::move(*parsed);
  } else {
    value = to_json(arguments);
  }
  if (!value.is_object()) {
    reporter.error("D021", arguments,
                   {.found = fmt::format("the arguments are a JSON {}", value.type_name()),
                    .wanted = std::string(kWanted),
                    .fix = "mend the arguments"});
    return;
  }
  if (tool == nullptr || tool->parameters == nullptr) return;
  for (const grammar::Violation& violation : tool->parameters->validate(value)) {
    reporter.error("D021", arguments,
                   {.found = fmt::format("arguments {}: {}",
                                         violation.path.empty() ? "as a whole" : violation.path,
                                         violation.found),
                    .wanted = fmt::format("{} ({} of the tool's parameters)", violation.wanted,
                                          violation.keyword),
                    .fix = "mend the call, or the declaration of the tool"});
  }
}

void ToolCheck::check_call(JsonRef call, const Tools& tools, bool declared, RowReporter& reporter) {
  const JsonRef function = function_of(call);
  const JsonRef name = function.find("name");
  if (!name.is_string() || name.string().empty()) {
    reporter.error(
        "D021", call,
        {.found = "a tool call without a name",
         .wanted = "{\"id\",\"type\":\"function\",\"function\":{\"name\",\"arguments\"}}",
         .fix = "mend the tool call"});
    return;
  }
  const auto tool = tools.find(name.string());
  if (declared && tool == tools.end()) {
    Json names = Json::object();
    for (const auto& [known, ignored] : tools) names[known] = nullptr;
    reporter.error(
        "D021", name,
        {.found = fmt::format("\"{}\" is not declared in tools{}", quote_for_message(name.string()),
                              suggest_column(name.string(), names)),
         .wanted = tools.empty() ? "the tools that the row declares"
                                 : fmt::format("one of {}", list_columns(names)),
         .fix = "correct the name, or declare the tool"});
  }
  const JsonRef arguments = function.find("arguments");
  if (!is_given(arguments)) {
    reporter.error("D021", call,
                   {.found = "a tool call without arguments",
                    .wanted = "\"arguments\": \"{}\" where there are none",
                    .fix = "write them"});
    return;
  }
  check_arguments(arguments, tool == tools.end() ? nullptr : &tool->second, reporter);
}

void ToolCheck::check(JsonRef messages, JsonRef tools, RowReporter& reporter) {
  if (!messages.is_array()) return;
  const Tools declared = read_tools(tools, reporter);
  std::vector<std::pair<std::string_view, JsonRef>> open;  // ids of calls without a result yet
  bool any_call = false;
  const auto close_turn = [&] {
    for (const auto& [id, call] : open) {
      reporter.error("D021", call,
                     {.found = fmt::format("the call \"{}\" has no result", quote_for_message(id)),
                      .wanted = "a tool message with its tool_call_id before the next turn",
                      .fix = "add the result, or remove the call"});
    }
    open.clear();
  };
  for (JsonRef message = messages.first(); message.exists(); message = message.next()) {
    const std::string_view role = message.find("role").string();
    const JsonRef calls = message.find("tool_calls");
    if (role == "tool") {
      const JsonRef id = message.find("tool_call_id");
      const auto answered = std::find_if(open.begin(), open.end(), [&](const auto& call) {
        return id.is_string() && call.first == id.string();
      });
      if (answered != open.end()) {
        open.erase(answered);
      } else if (id.is_string()) {
        reporter.error(
            "D021", id,
            {.found = fmt::format("a tool result for \"{}\", which no call before it has",
                                  quote_for_message(id.string())),
             .wanted = "the id of a call of the assistant's turn before",
             .fix = "correct the id, or remove the message"});
      } else if (!any_call) {
        reporter.error("D021", message,
                       {.found = "a tool result without a tool call before it",
                        .wanted = "the assistant's call first",
                        .fix = "add the call, or remove the message"});
      }
      continue;
    }
    close_turn();
    if (const JsonRef call = message.find("function_call"); call.is_object()) {
      any_call = true;
      check_call(call, declared, is_given(tools), reporter);
    }
    if (!calls.is_array()) {
      if (is_given(calls))
        reporter.error(
            "D021", calls,
            {.found = fmt::format("tool_calls are a JSON {}", json_type_name(calls.type())),
             .wanted = "a list of calls",
             .fix = "mend the tool calls"});
      continue;
    }
    if (calls.size() > 0 && role != "assistant") {
      reporter.error("D021", calls,
                     {.found = fmt::format("tool calls of a {} message", quote_for_message(role)),
                      .wanted = "calls of an assistant alone",
                      .fix = "correct the role, or remove the calls"});
    }
    for (JsonRef call = calls.first(); call.exists(); call = call.next()) {
      any_call = true;
      check_call(call, declared, is_given(tools), reporter);
      if (const JsonRef id = call.find("id"); id.is_string()) open.emplace_back(id.string(), call);
    }
    // Calls of the last message are what is to be learned: nobody has answered them yet.
    if (!message.next().exists()) open.clear();
  }
  close_turn();
  if (any_call && !is_given(tools)) {
    reporter.warning("D021", messages,
                     {.found = "tool calls, but the row declares no tools",
                      .wanted = "the tools that the model will be given at inference",
                      .fix = "add \"tools\" to the row"});
  }
}

}  // namespace attune::data
