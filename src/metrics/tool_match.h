// Whether the tool calls of an answer are the wanted ones, by the rules of the Berkeley Function
// Calling Leaderboard's tree check (BFCL, for functions described in JSON): the function's name,
// its required parameters, no others than it declares, the type of each value, and for each
// parameter a list of accepted values.
//
//   ATTUNE_TRY(ToolVerdict verdict, match_calls(calls, functions, wanted));
//
// `functions` as BFCL or OpenAI declare them: [{"name", "parameters": {"properties", "required"}}];
// `wanted` one object a call: [{"play": {"artist": ["Adele"], "minutes": [20, ""]}}], where ""
// means that the parameter may be left out. Calls may come in any order. An empty `wanted` means
// that no call is right.
//
// Strings are equal without letter case, spaces and , . / - _ * ^; a whole number may stand for a
// float; a value of the type of the accepted values passes where the declared type differs (a
// variable's name for a number). Types of Java and JavaScript (HashMap, ArrayList) are refused.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::metrics {

struct ToolCall {
  std::string name;
  Json arguments = Json::object();
};

// The calls of an answer: the first JSON value in it as one call or a list of calls, each
// {"name", "arguments": object or its JSON text}, {"function": {"name", "arguments"}} or
// {"play": {...}}; also {"tool_calls": [...]}. Nothing when there is none of these.
std::optional<std::vector<ToolCall>> read_tool_calls(std::string_view answer);

struct ToolVerdict {
  bool ok = false;
  std::string problem;
};

Result<ToolVerdict> match_calls(std::span<const ToolCall> calls, const Json& functions,
                                const Json& wanted);

}  // namespace attune::metrics
