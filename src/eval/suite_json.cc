// A suite as JSON: what a run records of it.
#include "eval/suite.h"

namespace attune::eval {

namespace {

Json shares(const SuiteRequirements& require) {
  Json json = Json::object();
  if (require.format_compliance) json["format_compliance"] = *require.format_compliance;
  if (require.domain_accuracy) json["domain_accuracy"] = *require.domain_accuracy;
  if (require.exact_match) json["exact_match"] = *require.exact_match;
  return json;
}

Json to_json(const SuiteArm& arm) {
  Json json = {{"name", arm.name},
               {"model", arm.model},
               {"instructed", arm.instructed},
               {"shots", arm.shots},
               {"pick", pick_name(arm.pick)}};
  if (!arm.endpoint.empty()) json["endpoint"] = arm.endpoint;
  if (!arm.system.empty()) json["system"] = arm.system;
  if (!arm.prompt.empty()) json["prompt"] = arm.prompt;
  return json;
}

}  // namespace

std::string_view pick_name(Pick pick) {
  for (const auto& [one, name] : kPickNames) {
    if (one == pick) return name;
  }
  return "";
}

Json to_json(const Suite& suite) {
  Json json = {{"name", suite.name}};
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) json[key] = text;
  };
  add("data", suite.data);
  add("map", suite.map);
  if (!suite.tests.empty()) json["tests"] = suite.tests.size();
  add("contract", suite.contract);
  add("examples", suite.examples);
  add("validation", suite.validation);
  if (suite.metric) json["metric"] = metric_name(*suite.metric);
  add("subject", suite.subject);
  json["arms"] = Json::array();
  for (const SuiteArm& arm : suite.arms) json["arms"].push_back(to_json(arm));
  json["temperature"] = suite.temperature;
  json["max_tokens"] = suite.most_tokens;
  json["seed"] = suite.seed;
  json["timed_items"] = suite.timed_items;
  json["max_items"] = suite.most_items;
  json["require"] = shares(suite.require);
  if (suite.consistency.items > 0) {
    json["consistency"] = {{"items", suite.consistency.items},
                           {"samples", suite.consistency.samples},
                           {"temperature", suite.consistency.temperature},
                           {"paraphrases", suite.consistency.paraphrases},
                           {"pass", suite.consistency.pass_is_right ? "right" : "compliant"},
                           {"fields", suite.consistency.fields}};
  }
  return json;
}

}  // namespace attune::eval
