#include "eval/score_calls.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "grammar/canonical.h"
#include "metrics/tool_match.h"

namespace attune::eval {

namespace {

// BFCL's form of one call: a function's name with lists of accepted values.
bool is_accepted_form(const Json& call) {
  if (!call.is_object() || call.size() != 1 || !call.begin()->is_object()) return false;
  const Json& arguments = *call.begin();
  return std::all_of(arguments.begin(), arguments.end(),
                     [](const Json& values) { return values.is_array(); });
}

// The members of an object have lists of accepted values in turn.
Json only(const Json& value) {
  if (value.is_object()) {
    Json object = Json::object();
    for (const auto& [key, member] : value.items()) object[key] = Json::array({member});
    return object;
  }
  if (!value.is_array()) return value;
  Json list = Json::array();
  for (const Json& element : value) list.push_back(element.is_object() ? only(element) : element);
  return list;
}

Failure no_calls(const Json& found, std::string_view where) {
  return bad_input({.where = std::string(where),
                    .found = grammar::excerpt(found, 80),
                    .wanted = "calls: [{\"name\", \"arguments\"}], or accepted ones: "
                              "[{\"name\": {\"argument\": [values]}}]"});
}

std::string names_of(const std::vector<std::string>& names) {
  return names.empty() ? "(no call)" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Result<Json> accepted_calls(const Json& wanted, std::string_view where) {
  const bool wrapped = wanted.is_object() && wanted.contains("tool_calls");
  const Json& value = wrapped ? wanted["tool_calls"] : wanted;
  const Json list = value.is_array() ? value : Json::array({value});
  if (std::all_of(list.begin(), list.end(), is_accepted_form)) return list;
  const auto calls = metrics::read_tool_calls(to_text(list));
  if (!calls) return no_calls(wanted, where);
  Json accepted = Json::array();
  for (const metrics::ToolCall& call : *calls) {
    Json arguments = Json::object();
    for (const auto& [name, argument] : call.arguments.items())
      arguments[name] = Json::array({only(argument)});
    accepted.push_back({{call.name, std::move(arguments)}});
  }
  return accepted;
}

Result<void> check_calls(const Json& functions, const Json& accepted, std::string_view where) {
  std::vector<metrics::ToolCall> calls;
  for (const Json& one : accepted) {
    metrics::ToolCall& call = calls.emplace_back();
    call.name = one.begin().key();
    for (const auto& [name, values] : one.begin()->items()) {
      if (!values.empty() && values.front() != Json("")) call.arguments[name] = values.front();
    }
  }
  const auto verdict = metrics::match_calls(calls, functions, accepted);
  if (verdict) return {};
  Error error = verdict.error();
  error.where = fmt::format("{}: {}", where, error.where);
  return Failure(std::move(error));
}

ItemScore score_calls(std::string_view answer, const Json& functions, const Json& accepted,
                      const grammar::Contract* contract) {
  ItemScore score = score_text(answer, "", contract);
  const auto calls = metrics::read_tool_calls(answer);
  if (contract == nullptr) {
    const auto whole = json_reference(answer);
    score.compliant = whole && calls;
    score.violations.clear();
    if (!score.compliant)
      score.violations.push_back("the answer is not one JSON document with calls");
  }
  std::vector<std::string> wanted, found;
  for (const Json& one : accepted) wanted.push_back(one.begin().key());
  std::string problem = "no call";
  bool right = false;
  if (calls) {
    for (const metrics::ToolCall& call : *calls) found.push_back(call.name);
    const auto verdict = metrics::match_calls(*calls, functions, accepted);
    right = verdict && verdict->ok;
    problem = verdict ? verdict->problem : verdict.error().message();
  }
  std::sort(wanted.begin(), wanted.end());
  std::sort(found.begin(), found.end());
  score.fields = {{.name = "function",
                   .correct = calls && wanted == found,
                   .wanted = names_of(wanted),
                   .found = names_of(found)},
                  {.name = "arguments",
                   .correct = right,
                   .wanted = grammar::excerpt(accepted, 200),
                   .found = right ? "accepted" : problem}};
  score.exact = right;
  score.accuracy = right ? 1 : 0;
  return score;
}

}  // namespace attune::eval
