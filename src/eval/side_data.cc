#include "eval/side_data.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "eval/score_calls.h"
#include "metrics/ifeval.h"

namespace attune::eval {

namespace {

Failure no_field(const Json& columns, const std::string& name, std::string_view where) {
  std::vector<std::string> known;
  if (columns.is_object()) {
    for (const auto& [column, value] : columns.items()) known.push_back(column);
  }
  return bad_input({.where = std::string(where),
                    .found = fmt::format("no field \"{}\"", name),
                    .wanted = fmt::format("it among the columns ({}) or in \"metadata\"",
                                          fmt::join(known, ", "))});
}

// A cell of a table holds JSON as text.
Result<Json> field_json(const Json& columns, const std::string& name, std::string_view where) {
  const Json* value = find_field(columns, name);
  if (value == nullptr) return no_field(columns, name, where);
  if (!value->is_string()) return *value;
  return parse_json(value->get_ref<const std::string&>(), fmt::format("{}: {}", where, name));
}

std::string option(const Json& options, const char* name, std::string_view otherwise = "") {
  return options.value(name, std::string(otherwise));
}

Result<void> add_calls(const Json& options, const Json& columns, const Json& tools,
                       const Item& item, std::string_view where, Json& side) {
  const std::string functions = option(options, "functions"),
                    accepted = option(options, "accepted");
  side["functions"] = tools;
  if (!functions.empty()) {
    ATTUNE_TRY(side["functions"], field_json(columns, functions, where));
  }
  if (!side["functions"].is_array()) {
    return bad_input({.where = std::string(where),
                      .found = "no declared functions",
                      .wanted = "the row's tools, or the field that has them",
                      .fix = "metrics: [{tool_calls: {functions: FIELD}}]"});
  }
  Json wanted;
  if (!accepted.empty()) {
    ATTUNE_TRY(wanted, field_json(columns, accepted, where));
  } else {
    ATTUNE_TRY(wanted, parse_json(item.reference, fmt::format("{}: reference", where)));
  }
  ATTUNE_TRY(side["accepted"], accepted_calls(wanted, where));
  return check_calls(side["functions"], side["accepted"], where);
}

Result<void> add_instructions(const Json& options, const Json& columns, const Item& item,
                              std::string_view where, Json& side) {
  Json& prompt = side["instructions"] = {{"key", 0}, {"prompt", item.input}};
  ATTUNE_TRY(prompt["instruction_id_list"],
             field_json(columns, option(options, "instructions", "instruction_id_list"), where));
  ATTUNE_TRY(prompt["kwargs"], field_json(columns, option(options, "kwargs", "kwargs"), where));
  ATTUNE_TRY(const metrics::IfevalPrompt read, metrics::read_ifeval_prompt(prompt, where));
  if (!read.instructions.empty()) return {};
  return bad_input({.where = std::string(where),
                    .found = "no instructions",
                    .wanted = "one for each item at least"});
}

}  // namespace

const Json* find_field(const Json& columns, const std::string& name) {
  if (!columns.is_object()) return nullptr;
  if (const auto found = columns.find(name); found != columns.end()) return &*found;
  const auto metadata = columns.find("metadata");
  if (metadata == columns.end() || !metadata->is_object()) return nullptr;
  const auto found = metadata->find(name);
  return found == metadata->end() ? nullptr : &*found;
}

Result<std::string> field_text(const Json& columns, const std::string& name,
                               std::string_view where) {
  const Json* value = find_field(columns, name);
  if (value == nullptr || value->is_null()) return no_field(columns, name, where);
  if (value->is_string()) return value->get<std::string>();
  const bool texts =
      value->is_array() &&
      std::all_of(value->begin(), value->end(), [](const Json& one) { return one.is_string(); });
  if (!texts) return to_text(*value);
  return fmt::format("{}", fmt::join(value->get<std::vector<std::string>>(), "\n"));
}

Result<Json> side_of(const MeasurePlan& plan, const Json& columns, const Json& tools,
                     const Item& item, std::string_view where) {
  Json side;
  if (plan.metric == Metric::tool_calls)
    ATTUNE_TRY_VOID(add_calls(plan.metric_options, columns, tools, item, where, side));
  if (plan.metric == Metric::ifeval)
    ATTUNE_TRY_VOID(add_instructions(plan.metric_options, columns, item, where, side));
  for (const BesideSpec& spec : plan.beside) {
    const std::string context =
        spec.options.contains("context") ? option(spec.options, "context") : std::string();
    if (context.empty()) continue;
    ATTUNE_TRY(std::string text, field_text(columns, context, where));
    side["context"][std::string(beside_name(spec.beside))] = std::move(text);
  }
  return side;
}

}  // namespace attune::eval
