#include "eval/measures.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "metrics/field_f1.h"

namespace attune::eval {

namespace {

std::optional<Metric> metric_named(std::string_view name) {
  for (const auto& [metric, known] : kMetricNames) {
    if (name == known) return metric;
  }
  return std::nullopt;
}

std::optional<Beside> beside_named(std::string_view name) {
  for (const auto& [beside, known] : kBesideNames) {
    if (name == known) return beside;
  }
  return std::nullopt;
}

// Options whose values are names of fields.
std::vector<std::string_view> field_options(std::string_view name) {
  if (name == "tool_calls") return {"accepted", "functions"};
  if (name == "ifeval") return {"instructions", "kwargs"};
  if (name == "faithfulness" || name == "terminology") return {"context"};
  return {};
}

Result<void> check_options(const std::string& name, const Json& options, std::string_view where) {
  if (!options.is_object()) {
    return bad_input({.where = fmt::format("{}: {}", where, name),
                      .found = to_text(options).substr(0, 80),
                      .wanted = "options with their values"});
  }
  if (name == "field_f1") {
    const auto rules = metrics::read_field_rules(options, fmt::format("{}: {}", where, name));
    if (!rules) return Failure(rules.error());
    return {};
  }
  const std::vector<std::string_view> known = field_options(name);
  for (const auto& [option, value] : options.items()) {
    if (std::find(known.begin(), known.end(), option) == known.end()) {
      return bad_input({.where = fmt::format("{}: {}", where, name),
                        .found = fmt::format("the option \"{}\"", option),
                        .wanted = known.empty() ? std::string("none")
                                                : fmt::format("{}", fmt::join(known, ", "))});
    }
    if (!value.is_string()) {
      return bad_input({.where = fmt::format("{}: {}: {}", where, name, option),
                        .found = to_text(value).substr(0, 80),
                        .wanted = "the name of a column"});
    }
  }
  return {};
}

Result<void> add_measure(const std::string& name, const Json& options, std::string_view where,
                         MeasurePlan& plan) {
  ATTUNE_TRY_VOID(check_options(name, options, where));
  if (const auto metric = metric_named(name)) {
    if (plan.metric) {
      return bad_input({.where = std::string(where),
                        .found = fmt::format("{} and {}", metric_name(*plan.metric), name),
                        .wanted = "one of them: both say what domain accuracy is",
                        .fix = "make a second suite for the other"});
    }
    plan.metric = metric;
    plan.metric_options = options;
    return {};
  }
  const auto beside = beside_named(name);
  const bool twice =
      beside && std::any_of(plan.beside.begin(), plan.beside.end(),
                            [&](const BesideSpec& spec) { return spec.beside == *beside; });
  if (!beside || twice) {
    return bad_input({.where = std::string(where),
                      .found = twice ? name + " twice" : name,
                      .wanted = twice ? "it once" : "one of " + measure_names()});
  }
  plan.beside.push_back({.beside = *beside, .options = options});
  return {};
}

}  // namespace

std::string_view beside_name(Beside beside) {
  for (const auto& [one, name] : kBesideNames) {
    if (one == beside) return name;
  }
  return "";
}

Result<MeasurePlan> read_measures(const Json& document, std::string_view where) {
  MeasurePlan plan;
  for (const Json& one : document.is_array() ? document : Json::array({document})) {
    if (one.is_string()) {
      ATTUNE_TRY_VOID(add_measure(one.get<std::string>(), Json::object(), where, plan));
      continue;
    }
    if (!one.is_object() || one.size() != 1) {
      return bad_input({.where = std::string(where),
                        .found = to_text(one).substr(0, 80),
                        .wanted = "a name, or one name with its options: {faithfulness: {context: "
                                  "abstract}}"});
    }
    const Json options = one.begin()->is_null() ? Json::object() : *one.begin();
    ATTUNE_TRY_VOID(add_measure(one.begin().key(), options, where, plan));
  }
  return plan;
}

Json to_json(const MeasurePlan& plan) {
  Json list = Json::array();
  const auto add = [&](std::string_view name, const Json& options) {
    if (options.empty())
      list.push_back(name);
    else
      list.push_back({{std::string(name), options}});
  };
  if (plan.metric) add(metric_name(*plan.metric), plan.metric_options);
  for (const BesideSpec& spec : plan.beside) add(beside_name(spec.beside), spec.options);
  return list;
}

std::string measure_names() {
  std::vector<std::string_view> names;
  for (const auto& [metric, name] : kMetricNames) names.push_back(name);
  for (const auto& [beside, name] : kBesideNames) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace attune::eval
