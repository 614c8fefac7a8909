// From a suite file or options to items and questions.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/eval.h"
#include "cli/tune_prompts.h"
#include "data/prepare.h"
#include "grammar/instruction.h"

namespace attune::cli {

namespace {

bool is_adapter(const std::string& model) {
  std::error_code ignored;
  return std::filesystem::exists(Path(model) / "adapter_config.json", ignored);
}

bool is_tuned(const std::string& model) { return is_adapter(model) || model.starts_with("ft:"); }

// "models/attune-base/" and "out/a/adapter" as labels.
std::string label_of(const std::string& model) {
  const Path path = Path(model).lexically_normal();
  const Path name = path.has_filename() ? path.filename() : path.parent_path().filename();
  if (name != "adapter") return name.string();
  return path.parent_path().filename().string();
}

std::vector<eval::SuiteArm> arms_of(const EvalOptions& options) {
  const auto tuned = std::count_if(options.models.begin(), options.models.end(), is_tuned);
  const auto bases = std::ssize(options.models) - tuned;
  std::vector<eval::SuiteArm> arms;
  for (const std::string& model : options.models) {
    const std::string label = " " + label_of(model);
    if (is_tuned(model)) {
      arms.push_back(
          {.name = tuned == 1 ? "tuned" : "tuned" + label, .model = model, .instructed = false});
      continue;
    }
    const std::string suffix = bases == 1 ? "" : label;
    arms.push_back({.name = "zero_shot" + suffix, .model = model});
    if (options.suite.examples.empty() || options.shots == 0) continue;
    arms.push_back({.name = "few_shot" + suffix, .model = model, .shots = {options.shots}});
    arms.push_back({.name = "few_shot_random" + suffix,
                    .model = model,
                    .shots = {options.shots},
                    .pick = eval::Pick::random});
  }
  // The tuned ones last, as the table reads.
  std::stable_partition(arms.begin(), arms.end(),
                        [](const eval::SuiteArm& arm) { return !is_tuned(arm.model); });
  return arms;
}

// `all`: none may be left out, or the arms would answer easier items than the file has.
Result<std::vector<data::Example>> read_rows(const std::string& path, const std::string& map,
                                             bool all) {
  data::PrepareOptions options;
  options.read.map = map;
  options.read.supervised_only = true;
  options.keep_duplicates = true;
  ATTUNE_TRY(data::Prepared prepared, data::prepare(path, options));
  const std::int64_t dropped = prepared.report.rows_read - prepared.report.rows_kept;
  if (all && dropped > 0) {
    return bad_input({.where = path,
                      .found = fmt::format("{} of {} rows that cannot be used", dropped,
                                           prepared.report.rows_read),
                      .wanted = "held-out rows that all can be asked",
                      .fix = "`attune data check` says which; mend them or take them out"});
  }
  return std::move(prepared.examples);
}

std::string text_of_test(const eval::SuiteTest& test) {
  std::string text;
  for (const auto& [name, value] : test.variables.items())
    text += (text.empty() ? "" : "\n") +
            (value.is_string() ? value.get<std::string>() : to_text(value));
  return text;
}

Json with_system(Json messages, const std::string& system) {
  if (system.empty()) return messages;
  Json all = Json::array({{{"role", "system"}, {"content", system}}});
  for (const Json& message : messages) {
    if (message.value("role", "") != "system") all.push_back(message);
  }
  return all;
}

// An item's own answer must not be among the examples that are shown to it.
Result<void> leave_out_held_out(Material& material) {
  std::set<std::string> held_out;
  for (const data::Example& row : material.rows) held_out.insert(to_text(question_messages(row)));
  std::erase_if(material.examples, [&](const data::Example& one) {
    return held_out.contains(to_text(question_messages(one)));
  });
  if (!material.examples.empty()) return {};
  return bad_input({.where = "examples",
                    .found = "no example that is not a held-out item as well",
                    .wanted = "the training rows"});
}

}  // namespace

Result<eval::Suite> choose_suite(const EvalOptions& options) {
  if (!options.suite_file.empty()) return eval::read_suite(options.suite_file);
  eval::Suite suite = options.suite;
  if (options.models.empty()) {
    return bad_input({.where = "attune eval run",
                      .found = "no suite file and no --models",
                      .wanted = "one of them",
                      .fix = "--models models/attune-base,out/tune/adapter --data test.jsonl"});
  }
  if (suite.name.empty()) suite.name = Path(suite.data).stem().string();
  suite.arms = arms_of(options);
  for (const auto& [metric, name] : eval::kMetricNames) {
    if (options.metric == name) suite.metric = metric;
  }
  if (options.require_format > 0) suite.require.format_compliance = options.require_format;
  if (options.require_accuracy > 0) suite.require.domain_accuracy = options.require_accuracy;
  ATTUNE_TRY_VOID(eval::check_suite(suite, "attune eval run"));
  return suite;
}

Result<Material> load_material(eval::Suite suite) {
  Material material;
  if (!suite.contract.empty()) {
    ATTUNE_TRY(material.contract, grammar::Contract::load(suite.contract));
    material.instruction = grammar::instruction(*material.contract);
  }
  if (!suite.data.empty()) {
    ATTUNE_TRY(material.rows, read_rows(suite.data, suite.map, true));
  }
  const auto most = static_cast<std::size_t>(suite.most_items);
  if (most > 0 && material.rows.size() > most) material.rows.resize(most);
  if (most > 0 && suite.tests.size() > most) suite.tests.resize(most);
  if (!suite.examples.empty()) {
    ATTUNE_TRY(material.examples, read_rows(suite.examples, suite.map, false));
    ATTUNE_TRY_VOID(leave_out_held_out(material));
    std::vector<std::string> questions;
    for (const data::Example& example : material.examples)
      questions.push_back(last_user_text(example));
    material.choice.emplace(questions, suite.seed);
  }
  if (!suite.validation.empty()) {
    ATTUNE_TRY(material.validation, read_rows(suite.validation, suite.map, true));
  }
  material.suite = std::move(suite);
  return material;
}

std::vector<eval::Item> items_of(const Material& material) {
  std::vector<eval::Item> items;
  for (const data::Example& row : material.rows) {
    items.push_back(
        {.id = row.id, .input = last_user_text(row), .reference = data::final_answer(row)});
  }
  for (const eval::SuiteTest& test : material.suite.tests) {
    items.push_back({.id = test.id,
                     .input = text_of_test(test),
                     .reference = test.reference,
                     .assertions = test.assertions});
  }
  return items;
}

Result<std::vector<Question>> questions_of(const Material& material, const eval::SuiteArm& arm,
                                           std::int64_t shots) {
  std::vector<Question> questions;
  const auto add = [&](Json messages, Json tools, std::string text) {
    questions.push_back({.messages = with_system(std::move(messages), arm.system),
                         .tools = std::move(tools),
                         .text = std::move(text),
                         .number = std::ssize(questions),
                         .shots = shots});
  };
  for (const data::Example& row : material.rows)
    add(question_messages(row), row.tools, last_user_text(row));
  for (const eval::SuiteTest& test : material.suite.tests) {
    ATTUNE_TRY(const std::string text,
               eval::fill_template(arm.prompt, test.variables,
                                   fmt::format("arm {}, {}", arm.name, test.id)));
    add(Json::array({{{"role", "user"}, {"content", text}}}), nullptr, text);
  }
  return questions;
}

Json prompt_of(const Material& material, const eval::SuiteArm& arm, const Question& question) {
  std::vector<std::int64_t> chosen;
  if (question.shots > 0) {
    switch (arm.pick) {
      case eval::Pick::similar:
        chosen = material.choice->similar(question.text, question.shots);
        break;
      case eval::Pick::random:
        chosen = material.choice->random(question.number, question.shots);
        break;
      case eval::Pick::spread:
        chosen = material.choice->spread(question.shots);
        break;
    }
  }
  if (!arm.instructed && chosen.empty()) return question.messages;
  std::vector<const data::Example*> shown;
  for (const std::int64_t shot : chosen)
    shown.push_back(&material.examples[static_cast<std::size_t>(shot)]);
  return instructed_messages(question.messages, shown, arm.instructed ? material.instruction : "");
}

}  // namespace attune::cli
