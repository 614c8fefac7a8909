#include "metrics/tool_match.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "grammar/canonical.h"
#include "metrics/assignment.h"
#include "metrics/json_part.h"

namespace attune::metrics {

namespace {

enum class ValueType { string, integer, real, boolean, list, object, null };

ValueType type_of(const Json& value) {
  if (value.is_string()) return ValueType::string;
  if (value.is_boolean()) return ValueType::boolean;
  if (value.is_number_integer()) return ValueType::integer;
  if (value.is_number()) return ValueType::real;
  if (value.is_array()) return ValueType::list;
  return value.is_object() ? ValueType::object : ValueType::null;
}

// The declared type; "any" is taken as text, as BFCL does.
Result<ValueType> declared_type(const Json& schema, std::string_view where) {
  constexpr std::array<std::pair<std::string_view, ValueType>, 10> kTypes{{
      {"string", ValueType::string},
      {"any", ValueType::string},
      {"integer", ValueType::integer},
      {"float", ValueType::real},
      {"number", ValueType::real},
      {"boolean", ValueType::boolean},
      {"array", ValueType::list},
      {"tuple", ValueType::list},
      {"dict", ValueType::object},
      {"object", ValueType::object},
  }};
  const bool named = schema.is_object() && schema.contains("type") && schema["type"].is_string();
  const std::string name = named ? schema["type"].get<std::string>() : "";
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  return bad_input({.where = std::string(where),
                    .found = named ? fmt::format("the type \"{}\"", name) : "no type",
                    .wanted = "string, integer, float, number, boolean, array, tuple, dict, object "
                              "or any"});
}

bool may_be_left_out(const Json& accepted) {
  return std::find(accepted.begin(), accepted.end(), Json("")) != accepted.end();
}

// The type of the first accepted value that is not "".
std::optional<ValueType> accepted_type(const Json& accepted) {
  for (const Json& value : accepted) {
    if (value != Json("")) return type_of(value);
  }
  return std::nullopt;
}

std::string standard_text(std::string_view text) {
  std::string standard;
  for (char c : ascii_lower(text)) {
    if (std::string_view(" ,./-_*^").find(c) != std::string_view::npos) continue;
    standard += c == '\'' ? '"' : c;
  }
  return standard;
}

// Strings by their standard text; what lies deeper in lists exactly.
bool loosely_equal(const Json& value, const Json& accepted) {
  if (value.is_string() && accepted.is_string()) {
    return standard_text(value.get_ref<const std::string&>()) ==
           standard_text(accepted.get_ref<const std::string&>());
  }
  return grammar::same_value(value, accepted);
}

bool list_is(const Json& value, const Json& accepted) {
  if (!accepted.is_array()) return value.empty() && accepted == Json("");
  return std::equal(value.begin(), value.end(), accepted.begin(), accepted.end(), loosely_equal);
}

// `accepted` maps each key to its accepted values.
bool object_is(const Json& value, const Json& accepted) {
  if (!accepted.is_object() || !value.is_object()) return false;
  for (const auto& [key, member] : value.items()) {
    const auto values = accepted.find(key);
    if (values == accepted.end() ||
        std::none_of(values->begin(), values->end(),
                     [&](const Json& one) { return loosely_equal(member, one); })) {
      return false;
    }
  }
  for (const auto& [key, values] : accepted.items()) {
    if (!value.contains(key) && !may_be_left_out(values)) return false;
  }
  return true;
}

bool list_of_objects_is(const Json& value, const Json& accepted) {
  if (!accepted.is_array()) return value.empty() && accepted == Json("");
  return std::equal(value.begin(), value.end(), accepted.begin(), accepted.end(), object_is);
}

// Each element has the declared type of elements, or that of the elements of one accepted list.
bool elements_fit(const Json& value, ValueType declared, const Json& accepted) {
  return std::any_of(accepted.begin(), accepted.end(), [&](const Json& list) {
    if (!list.is_array()) return true;
    const std::optional<ValueType> type = accepted_type(list);
    return std::all_of(value.begin(), value.end(), [&](const Json& element) {
      return type_of(element) == declared || type_of(element) == type;
    });
  });
}

// What is wrong with the value of one parameter; "" when it is right.
Result<std::string> check_value(const std::string& name, const Json& value, const Json& schema,
                                const Json& accepted) {
  ATTUNE_TRY(const ValueType declared, declared_type(schema, name));
  std::optional<ValueType> element;
  if (declared == ValueType::list && schema.contains("items")) {
    ATTUNE_TRY(element, declared_type(schema["items"], name + "[]"));
  }
  const std::optional<ValueType> type = accepted_type(accepted);
  const bool whole_for_real = declared == ValueType::real && value.is_number_integer();
  const ValueType given = whole_for_real ? ValueType::real : type_of(value);
  bool variable = type && *type != declared;
  if (given != declared || (element && !elements_fit(value, *element, accepted))) {
    if (!type || given != *type) {
      return fmt::format("\"{}\" has the wrong type: {}", name, grammar::excerpt(value));
    }
    variable = true;
  }
  const bool right = std::any_of(accepted.begin(), accepted.end(), [&](const Json& one) {
    if (variable) return grammar::same_value(value, one);
    if (declared == ValueType::object) return object_is(value, one);
    if (declared == ValueType::list) {
      return element == ValueType::object ? list_of_objects_is(value, one) : list_is(value, one);
    }
    return loosely_equal(value, one);
  });
  if (right) return std::string();
  return fmt::format("\"{}\" is {}; accepted {}", name, grammar::excerpt(value),
                     grammar::excerpt(accepted));
}

const Json* find_function(const Json& functions, const std::string& name) {
  for (const Json& function : functions) {
    const Json& described =
        function.is_object() && function.contains("function") ? function["function"] : function;
    if (described.is_object() && described.contains("name") && described["name"] == Json(name)) {
      return &described;
    }
  }
  return nullptr;
}

// `accepted` maps each parameter to its accepted values.
Result<std::string> check_call(const ToolCall& call, const std::string& name, const Json& function,
                               const Json& accepted) {
  if (call.name != name) return fmt::format("{} is called; wanted {}", call.name, name);
  static const Json nothing = Json::object();
  const Json& parameters = function.contains("parameters") ? function["parameters"] : nothing;
  const Json& properties = parameters.contains("properties") ? parameters["properties"] : nothing;
  if (parameters.contains("required")) {
    for (const Json& required : parameters["required"]) {
      if (required.is_string() && !call.arguments.contains(required.get<std::string>())) {
        return fmt::format("{} lacks the required \"{}\"", name, required.get<std::string>());
      }
    }
  }
  for (const auto& [parameter, value] : call.arguments.items()) {
    if (!properties.contains(parameter) || !accepted.contains(parameter)) {
      return fmt::format("{} has no \"{}\"", name, parameter);
    }
    ATTUNE_TRY(std::string problem,
               check_value(parameter, value, properties[parameter], accepted[parameter]));
    if (!problem.empty()) return problem;
  }
  for (const auto& [parameter, values] : accepted.items()) {
    if (!call.arguments.contains(parameter) && !may_be_left_out(values)) {
      return fmt::format("{} lacks \"{}\"", name, parameter);
    }
  }
  return std::string();
}

std::optional<ToolCall> read_call(const Json& value) {
  if (!value.is_object() || value.empty()) return std::nullopt;
  if (value.contains("function")) return read_call(value["function"]);
  if (value.contains("name") && value["name"].is_string()) {
    ToolCall call{.name = value["name"]};
    for (const char* key : {"arguments", "parameters"}) {
      if (!value.contains(key)) continue;
      const Json& arguments = value[key];
      if (arguments.is_object()) call.arguments = arguments;
      if (!arguments.is_string()) continue;
      Result<Json> parsed = parse_json(arguments.get_ref<const std::string&>(), "arguments");
      if (!parsed || !parsed->is_object()) return std::nullopt;
      call.arguments = *std::move(parsed);
    }
    return call;
  }
  if (value.size() == 1 && value.begin()->is_object()) {
    return ToolCall{.name = value.begin().key(), .arguments = *value.begin()};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<ToolCall>> read_tool_calls(std::string_view answer) {
  const std::optional<JsonPart> part = find_json_part(answer);
  if (!part) return std::nullopt;
  const bool wrapped = part->value.is_object() && part->value.contains("tool_calls");
  const Json& value = wrapped ? part->value["tool_calls"] : part->value;
  std::vector<ToolCall> calls;
  for (const Json& one : value.is_array() ? value : Json::array({value})) {
    std::optional<ToolCall> call = read_call(one);
    if (!call) return std::nullopt;
    calls.push_back(*std::move(call));
  }
  return calls;
}

Result<ToolVerdict> match_calls(std::span<const ToolCall> calls, const Json& functions,
                                const Json& wanted) {
  if (calls.size() != wanted.size()) {
    return ToolVerdict{false, fmt::format("{} calls; wanted {}", calls.size(), wanted.size())};
  }
  ToolVerdict verdict;
  std::vector<double> fits;
  for (const Json& one : wanted) {
    const std::string name =
        one.is_object() && one.size() == 1 && one.begin()->is_object() ? one.begin().key() : "";
    const Json* function = find_function(functions, name);
    if (function == nullptr) {
      return bad_input({.where = "wanted calls",
                        .found = grammar::excerpt(one),
                        .wanted = "one declared function with its accepted arguments"});
    }
    for (const ToolCall& call : calls) {
      ATTUNE_TRY(std::string problem, check_call(call, name, *function, *one.begin()));
      fits.push_back(problem.empty() ? 1 : 0);
      if (verdict.problem.empty()) verdict.problem = std::move(problem);
    }
  }
  const auto pairs = best_assignment(fits, wanted.size(), calls.size());
  verdict.ok = true;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    verdict.ok = verdict.ok && pairs[i] && fits[i * calls.size() + *pairs[i]] > 0;
  }
  if (verdict.ok) verdict.problem.clear();
  return verdict;
}

}  // namespace attune::metrics
