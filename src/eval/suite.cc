#include "eval/suite.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "eval/eval_object.h"
#include "eval/members.h"
#include "io/yaml.h"

namespace attune::eval {

namespace {

constexpr std::int64_t kMostShots = 64;
constexpr std::int64_t kLongestAnswer = 1 << 20;

// RFC 6901: "~" stands only before 0 or 1.
bool is_json_pointer(std::string_view text) {
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return text.starts_with('/');
}

std::string in_folder(const std::string& path, const Path& folder) {
  return path.empty() || Path(path).is_absolute() ? path
                                                  : (folder / path).lexically_normal().string();
}

// A model that is there as a folder is one; anything else is a name at an endpoint.
std::string model_place(const std::string& model, const Path& folder) {
  std::error_code ignored;
  const std::string beside = in_folder(model, folder);
  if (std::filesystem::is_directory(beside, ignored)) return beside;
  return model;
}

void read_shots(Members& members, SuiteArm& arm) {
  const Json* value = members.find("shots");
  if (value == nullptr) return;
  arm.shots.clear();
  for (const Json& one : value->is_array() ? *value : Json::array({*value})) {
    const bool fits = one.is_number_integer() && one.get<std::int64_t>() >= 0 &&
                      one.get<std::int64_t>() <= kMostShots;
    if (!fits)
      return members.fail("shots", to_text(*value),
                          fmt::format("numbers from 0 to {}", kMostShots));
    arm.shots.push_back(one.get<std::int64_t>());
  }
  if (arm.shots.empty()) members.fail("shots", "[]", "a number, or several");
}

Result<SuiteArm> read_arm(const Json& document, const std::string& where, const Path& folder) {
  SuiteArm arm;
  Members members(document, where,
                  {"name", "model", "endpoint", "instructed", "shots", "pick", "system", "prompt",
                   "price", "checkpoints"});
  members.text("name", arm.name);
  members.text("model", arm.model);
  members.text("endpoint", arm.endpoint);
  members.flag("instructed", arm.instructed);
  read_shots(members, arm);
  members.choice("pick", kPickNames, arm.pick);
  members.text("system", arm.system);
  members.text("prompt", arm.prompt);
  if (arm.name.empty()) members.fail("name", "none", "a name for the table");
  if (arm.model.empty())
    members.fail("model", "none", "a model folder, an adapter or a model's name");
  ATTUNE_TRY_VOID(members.result());
  if (const Json* price = members.find("price")) {
    ATTUNE_TRY(arm.price, read_price(*price, where + ": price"));
  }
  if (const Json* checkpoints = members.find("checkpoints")) {
    ATTUNE_TRY(arm.checkpoints, read_checkpoints(*checkpoints, where + ": checkpoints"));
  }
  if (arm.endpoint.empty()) arm.model = model_place(arm.model, folder);
  return arm;
}

Result<SuiteTest> read_test(const Json& document, const Json& default_test, std::string where,
                            std::size_t number) {
  SuiteTest test;
  Members members(document, where, {"description", "vars", "assert", "reference"});
  members.text("description", test.id);
  members.text("reference", test.reference);
  if (default_test.contains("vars")) test.variables = default_test["vars"];
  if (const Json* variables = members.find("vars")) {
    if (variables->is_object()) {
      test.variables.update(*variables);
    } else {
      members.fail("vars", to_text(*variables), "names with values");
    }
  }
  ATTUNE_TRY_VOID(members.result());
  if (test.id.empty()) test.id = fmt::format("test {}", number);
  for (const Json* source : {&default_test, &document}) {
    if (!source->is_object() || !source->contains("assert")) continue;
    const Json& list = (*source)["assert"];
    if (!list.is_array()) {
      return bad_input(
          {.where = where + ": assert", .found = to_text(list).substr(0, 80), .wanted = "a list"});
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      ATTUNE_TRY(Assertion assertion,
                 read_assertion(list[i], test.variables, fmt::format("{}: assert[{}]", where, i)));
      test.assertions.push_back(std::move(assertion));
    }
  }
  return test;
}

Result<void> read_tests(const Json& document, const std::string& where, Suite& suite) {
  if (!document.contains("tests")) return {};
  const Json& tests = document["tests"];
  const Json none = Json::object();
  const Json& default_test = document.contains("defaultTest") ? document["defaultTest"] : none;
  Members defaults(default_test, where + ": defaultTest", {"vars", "assert"});
  const Json* shared = defaults.find("vars");
  if (shared != nullptr && !shared->is_object())
    defaults.fail("vars", to_text(*shared), "names with values");
  ATTUNE_TRY_VOID(defaults.result());
  if (!tests.is_array()) {
    return bad_input({.where = where + ": tests",
                      .found = to_text(tests).substr(0, 80),
                      .wanted = "a list of tests",
                      .fix = "for a file of rows use data: FILE"});
  }
  for (std::size_t i = 0; i < tests.size(); ++i) {
    ATTUNE_TRY(SuiteTest test,
               read_test(tests[i], default_test, fmt::format("{}: tests[{}]", where, i), i + 1));
    suite.tests.push_back(std::move(test));
  }
  return {};
}

Result<void> read_requirements(const Json& document, const std::string& where,
                               SuiteRequirements& require) {
  Members members(document, where + ": require",
                  {"format_compliance", "domain_accuracy", "exact_match", "judge"});
  members.share("format_compliance", require.format_compliance);
  members.share("domain_accuracy", require.domain_accuracy);
  members.share("exact_match", require.exact_match);
  members.share("judge", require.judge);
  return members.result();
}

Result<void> read_consistency(const Json& document, const std::string& where,
                              ConsistencyPlan& plan) {
  Members members(document, where + ": consistency",
                  {"items", "samples", "temperature", "paraphrases", "pass", "fields"});
  members.integer("items", 0, kLongestAnswer, plan.items);
  members.integer("samples", 2, 100, plan.samples);
  members.number("temperature", 0, 2, plan.temperature);
  members.integer("paraphrases", 1, 20, plan.paraphrases);
  constexpr std::array kPassNames = {std::pair{false, std::string_view("compliant")},
                                     std::pair{true, std::string_view("right")}};
  members.choice("pass", kPassNames, plan.pass_is_right);
  if (const Json* fields = members.find("fields")) {
    for (const Json& field : fields->is_array() ? *fields : Json::array({*fields})) {
      if (!field.is_string() || !is_json_pointer(field.get_ref<const std::string&>()))
        members.fail("fields", to_text(*fields), "JSON pointers such as /category");
      else
        plan.fields.push_back(field.get<std::string>());
    }
  }
  return members.result();
}

Result<void> read_arms(const Json& document, const std::string& where, const Path& folder,
                       Suite& suite) {
  const Json arms = document.value("arms", Json::array());
  if (!arms.is_array()) {
    return bad_input(
        {.where = where + ": arms", .found = to_text(arms).substr(0, 80), .wanted = "a list"});
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    ATTUNE_TRY(SuiteArm arm, read_arm(arms[i], fmt::format("{}: arms[{}]", where, i), folder));
    suite.arms.push_back(std::move(arm));
  }
  return {};
}

}  // namespace

Result<Suite> suite_from_json(const Json& document, std::string_view where_view,
                              const Path& folder) {
  const std::string where(where_view);
  Suite suite;
  Members members(
      document, where,
      {"name",      "data",       "map",         "tests",      "defaultTest", "contract",
       "examples",  "validation", "metric",      "metrics",    "reference",   "cluster",
       "subject",   "arms",       "temperature", "max_tokens", "seed",        "timed_items",
       "max_items", "require",    "consistency", "judge",      "budget",      "general"});
  members.text("name", suite.name);
  members.text("data", suite.data);
  members.text("map", suite.map);
  members.text("contract", suite.contract);
  members.text("examples", suite.examples);
  members.text("validation", suite.validation);
  members.text("reference", suite.reference);
  members.text("cluster", suite.cluster);
  members.text("subject", suite.subject);
  members.text("general", suite.general);
  members.number("temperature", 0, 2, suite.temperature);
  members.integer("max_tokens", 1, kLongestAnswer, suite.most_tokens);
  std::int64_t seed = 1;
  members.integer("seed", 0, INT64_MAX, seed);
  suite.seed = static_cast<std::uint64_t>(seed);
  members.integer("timed_items", 0, kLongestAnswer, suite.timed_items);
  members.integer("max_items", 0, INT64_MAX, suite.most_items);
  if (members.find("metric") != nullptr && members.find("metrics") != nullptr)
    members.fail("metric", "metric and metrics", "one of them");
  const bool several = members.find("metrics") != nullptr;
  const Json* measures = members.find(several ? "metrics" : "metric");
  const Json* require = members.find("require");
  const Json* consistency = members.find("consistency");
  const Json* judge = members.find("judge");
  const Json* budget = members.find("budget");
  ATTUNE_TRY_VOID(members.result());
  if (measures != nullptr) {
    ATTUNE_TRY(
        suite.measures,
        read_measures(*measures, fmt::format("{}: {}", where, several ? "metrics" : "metric")));
  }
  if (require != nullptr) ATTUNE_TRY_VOID(read_requirements(*require, where, suite.require));
  if (consistency != nullptr)
    ATTUNE_TRY_VOID(read_consistency(*consistency, where, suite.consistency));
  if (judge != nullptr) {
    ATTUNE_TRY(suite.judge, read_judge_plan(*judge, where + ": judge"));
    if (suite.judge.endpoint.empty()) suite.judge.model = model_place(suite.judge.model, folder);
  }
  if (budget != nullptr) {
    ATTUNE_TRY(suite.budget, read_budget(*budget, where + ": budget"));
  }
  ATTUNE_TRY_VOID(read_tests(document, where, suite));
  ATTUNE_TRY_VOID(read_arms(document, where, folder, suite));
  for (std::string* path : {&suite.data, &suite.contract, &suite.examples, &suite.validation,
                            &suite.judge.labels, &suite.general})
    *path = in_folder(*path, folder);
  if (suite.name.empty()) suite.name = Path(where).stem().string();
  ATTUNE_TRY_VOID(check_suite(suite, where));
  return suite;
}

Result<Suite> read_suite(const Path& path) {
  ATTUNE_TRY(const Json document, read_yaml(path));
  if (is_eval_object(document)) return suite_of_eval(document, path.string(), path.parent_path());
  return suite_from_json(document, path.string(), path.parent_path());
}

Result<void> check_suite(const Suite& suite, std::string_view where) {
  const auto refuse = [&](std::string found, std::string wanted, std::string fix = {}) {
    return bad_input({.where = std::string(where),
                      .found = std::move(found),
                      .wanted = std::move(wanted),
                      .fix = std::move(fix)});
  };
  if (suite.data.empty() && suite.tests.empty() && suite.eval.content.is_null())
    return refuse("no items", "data: FILE, or tests: [...]");
  if (!suite.data.empty() && !suite.tests.empty()) return refuse("data and tests", "one of them");
  if (suite.arms.empty())
    return refuse("no arms", "at least one way of answering", "add arms: [{name, model}]");
  std::set<std::string_view> names;
  for (const SuiteArm& arm : suite.arms) {
    if (!names.insert(arm.name).second)
      return refuse(fmt::format("two arms named {}", arm.name), "different names");
    const bool shown = *std::max_element(arm.shots.begin(), arm.shots.end()) > 0;
    if (shown && suite.examples.empty())
      return refuse(fmt::format("shots in arm {}, and no examples", arm.name), "examples: FILE");
    if (arm.shots.size() > 1 && suite.validation.empty())
      return refuse(fmt::format("several numbers of shots in arm {}", arm.name),
                    "validation: FILE to choose on", "or one number");
    if (arm.shots.size() > 1 && !suite.tests.empty())
      return refuse(fmt::format("several numbers of shots in arm {}, and tests", arm.name),
                    "one number", "choosing needs rows of data and of validation");
    if (!suite.tests.empty() && arm.prompt.empty())
      return refuse(fmt::format("tests with variables, and arm {} without a prompt", arm.name),
                    "prompt: a template such as \"Summarise: {{text}}\"");
    if (suite.tests.empty() && !arm.prompt.empty())
      return refuse(fmt::format("a prompt in arm {}, and rows of data", arm.name),
                    "tests with variables", "rows bring their own messages; system: adds to them");
  }
  if (!suite.subject.empty() && !names.contains(suite.subject))
    return refuse(fmt::format("subject: {}", suite.subject), "the name of an arm");
  return check_extras(suite, where);
}

}  // namespace attune::eval
