#include "eval/suite.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/yaml.h"

namespace attune::eval {

namespace {

constexpr std::int64_t kMostShots = 64;
constexpr std::int64_t kLongestAnswer = 1 << 20;

// Reads the members of one object; the first fault is kept, and unknown keys are one.
class Members {
 public:
  Members(const Json& object, std::string where, std::initializer_list<std::string_view> known)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) {
      fail("", to_text(object).substr(0, 80), "keys with values");
      return;
    }
    for (const auto& [key, value] : object.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail("", fmt::format("the key \"{}\"", key),
             fmt::format("one of {}", fmt::join(known, ", ")));
    }
  }

  const Json* find(const char* key) const {
    if (fault_ || !object_.contains(key) || object_[key].is_null()) return nullptr;
    return &object_[key];
  }

  void text(const char* key, std::string& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_string()) return fail(key, to_text(*value), "a text");
    out = value->get<std::string>();
  }

  void flag(const char* key, bool& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_boolean()) return fail(key, to_text(*value), "true or false");
    out = value->get<bool>();
  }

  void integer(const char* key, std::int64_t least, std::int64_t most, std::int64_t& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const bool fits = value->is_number_integer() && value->get<std::int64_t>() >= least &&
                      value->get<std::int64_t>() <= most;
    if (!fits)
      return fail(key, to_text(*value), fmt::format("a whole number from {} to {}", least, most));
    out = value->get<std::int64_t>();
  }

  void number(const char* key, double least, double most, double& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const bool fits =
        value->is_number() && value->get<double>() >= least && value->get<double>() <= most;
    if (!fits)
      return fail(key, to_text(*value), fmt::format("a number from {} to {}", least, most));
    out = value->get<double>();
  }

  void share(const char* key, std::optional<double>& out) {
    if (find(key) != nullptr) number(key, 0, 1, out.emplace());
  }

  template <typename Names, typename Value>
  void choice(const char* key, const Names& names, Value& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    std::vector<std::string_view> known;
    for (const auto& [one, name] : names) {
      known.push_back(name);
      if (value->is_string() && value->get_ref<const std::string&>() == name) {
        out = one;
        return;
      }
    }
    fail(key, to_text(*value), fmt::format("one of {}", fmt::join(known, ", ")));
  }

  void fail(std::string_view key, std::string found, std::string wanted) {
    if (fault_) return;
    fault_ = {.where = key.empty() ? where_ : fmt::format("{}: {}", where_, key),
              .found = std::move(found),
              .wanted = std::move(wanted)};
  }

  Result<void> result() const {
    if (fault_) return bad_input(*fault_);
    return {};
  }

 private:
  const Json& object_;
  std::string where_;
  std::optional<ErrorParts> fault_;
};

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
                  {"name", "model", "endpoint", "instructed", "shots", "pick", "system", "prompt"});
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
                  {"format_compliance", "domain_accuracy", "exact_match"});
  members.share("format_compliance", require.format_compliance);
  members.share("domain_accuracy", require.domain_accuracy);
  members.share("exact_match", require.exact_match);
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
  Members members(document, where,
                  {"name", "data", "map", "tests", "defaultTest", "contract", "examples",
                   "validation", "metric", "subject", "arms", "temperature", "max_tokens", "seed",
                   "timed_items", "max_items", "require", "consistency"});
  members.text("name", suite.name);
  members.text("data", suite.data);
  members.text("map", suite.map);
  members.text("contract", suite.contract);
  members.text("examples", suite.examples);
  members.text("validation", suite.validation);
  if (members.find("metric") != nullptr)
    members.choice("metric", kMetricNames, suite.metric.emplace());
  members.text("subject", suite.subject);
  members.number("temperature", 0, 2, suite.temperature);
  members.integer("max_tokens", 1, kLongestAnswer, suite.most_tokens);
  std::int64_t seed = 1;
  members.integer("seed", 0, INT64_MAX, seed);
  suite.seed = static_cast<std::uint64_t>(seed);
  members.integer("timed_items", 0, kLongestAnswer, suite.timed_items);
  members.integer("max_items", 0, INT64_MAX, suite.most_items);
  const Json* require = members.find("require");
  const Json* consistency = members.find("consistency");
  ATTUNE_TRY_VOID(members.result());
  if (require != nullptr) ATTUNE_TRY_VOID(read_requirements(*require, where, suite.require));
  if (consistency != nullptr)
    ATTUNE_TRY_VOID(read_consistency(*consistency, where, suite.consistency));
  ATTUNE_TRY_VOID(read_tests(document, where, suite));
  ATTUNE_TRY_VOID(read_arms(document, where, folder, suite));
  for (std::string* path : {&suite.data, &suite.contract, &suite.examples, &suite.validation})
    *path = in_folder(*path, folder);
  if (suite.name.empty()) suite.name = Path(where).stem().string();
  ATTUNE_TRY_VOID(check_suite(suite, where));
  return suite;
}

Result<Suite> read_suite(const Path& path) {
  ATTUNE_TRY(const Json document, read_yaml(path));
  return suite_from_json(document, path.string(), path.parent_path());
}

Result<void> check_suite(const Suite& suite, std::string_view where) {
  const auto refuse = [&](std::string found, std::string wanted, std::string fix = {}) {
    return bad_input({.where = std::string(where),
                      .found = std::move(found),
                      .wanted = std::move(wanted),
                      .fix = std::move(fix)});
  };
  if (suite.data.empty() && suite.tests.empty())
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
  return {};
}

}  // namespace attune::eval
