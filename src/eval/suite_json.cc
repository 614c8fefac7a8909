// A suite as JSON: what a run records of it.
#include "eval/suite.h"

namespace attune::eval {

namespace {

Json shares(const SuiteRequirements& require) {
  Json json = Json::object();
  if (require.format_compliance) json["format_compliance"] = *require.format_compliance;
  if (require.domain_accuracy) json["domain_accuracy"] = *require.domain_accuracy;
  if (require.exact_match) json["exact_match"] = *require.exact_match;
  if (require.judge) json["judge"] = *require.judge;
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
  if (arm.price) json["price"] = to_json(arm.price);
  if (arm.step > 0) json["step"] = arm.step;
  return json;
}

}  // namespace

std::string_view pick_name(Pick pick) {
  for (const auto& [one, name] : kPickNames) {
    if (one == pick) return name;
  }
  return "";
}

const std::string& subject_of(const Suite& suite) {
  return suite.subject.empty() ? suite.arms.back().name : suite.subject;
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
  if (const Json measures = to_json(suite.measures); !measures.empty()) json["metrics"] = measures;
  add("reference", suite.reference);
  add("cluster", suite.cluster);
  add("subject", suite.subject);
  json["arms"] = Json::array();
  for (const SuiteArm& arm : suite.arms) json["arms"].push_back(to_json(arm));
  json["temperature"] = suite.temperature;
  json["max_tokens"] = suite.most_tokens;
  json["seed"] = suite.seed;
  json["timed_items"] = suite.timed_items;
  json["max_items"] = suite.most_items;
  json["require"] = shares(suite.require);
  if (suite.judge) json["judge"] = to_json(suite.judge);
  if (suite.budget) json["budget"] = to_json(suite.budget);
  add("general", suite.general);
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
