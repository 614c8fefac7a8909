// From a suite file or options to items and questions.
#include <algorithm>

#include <fmt/format.h>

#include "cli/eval.h"
#include "cli/tune_prompts.h"
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

Json with_system(Json messages, const std::string& system) {
  if (system.empty()) return messages;
  Json all = Json::array({{{"role", "system"}, {"content", system}}});
  for (const Json& message : messages) {
    if (message.value("role", "") != "system") all.push_back(message);
  }
  return all;
}

// What the command line adds to an OpenAI eval: rows, and models in place of its own.
Result<eval::Suite> complete_eval(eval::Suite suite, const EvalOptions& options) {
  if (!options.checkpoints.empty()) {
    return bad_input({.where = options.suite_file,
                      .found = "--checkpoints, and an OpenAI eval",
                      .wanted = "--models, or a suite with checkpoints"});
  }
  if (!options.suite.data.empty()) {
    suite.data = options.suite.data;
    suite.eval.content = nullptr;
  }
  if (!options.models.empty()) {
    if (suite.eval.input_messages.is_null()) {
      return bad_input({.where = options.suite_file,
                        .found = "--models, and no input_messages",
                        .wanted = "what the models are asked",
                        .fix = "give the eval a data_source of type completions"});
    }
    EvalOptions plain;
    plain.models = options.models;
    suite.arms = arms_of(plain);
  }
  ATTUNE_TRY_VOID(eval::check_suite(suite, options.suite_file));
  return suite;
}

}  // namespace

Result<eval::Suite> choose_suite(const EvalOptions& options) {
  if (!options.suite_file.empty()) {
    ATTUNE_TRY(eval::Suite read, eval::read_suite(options.suite_file));
    if (read.eval) return complete_eval(std::move(read), options);
    if (options.models.empty() && options.suite.data.empty()) {
      ATTUNE_TRY_VOID(expand_checkpoints(options.checkpoints, options.out, read));
      ATTUNE_TRY_VOID(eval::check_suite(read, options.suite_file));
      return read;
    }
    return bad_input({.where = "attune eval run",
                      .found = "a suite file, and --data or --models",
                      .wanted = "either",
                      .fix = "write them into the file"});
  }
  eval::Suite suite = options.suite;
  if (options.models.empty() && options.checkpoints.empty()) {
    return bad_input({.where = "attune eval run",
                      .found = "no suite file and no --models",
                      .wanted = "one of them",
                      .fix = "--models models/attune-base,out/tune/adapter --data test.jsonl"});
  }
  if (suite.name.empty()) suite.name = Path(suite.data).stem().string();
  suite.arms = arms_of(options);
  ATTUNE_TRY_VOID(expand_checkpoints(options.checkpoints, options.out, suite));
  if (!options.metrics.empty()) {
    ATTUNE_TRY(suite.measures, eval::read_measures(Json(options.metrics), "--metrics"));
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
  if (suite.eval) {
    ATTUNE_TRY(material.criteria, eval::Criteria::prepare(suite.eval.testing_criteria, suite.name));
    ATTUNE_TRY(material.rows, eval_rows(suite));
  } else if (!suite.data.empty()) {
    ATTUNE_TRY(material.rows, read_rows(suite, suite.data, true));
  }
  const auto most = static_cast<std::size_t>(suite.most_items);
  if (most > 0 && material.rows.size() > most) material.rows.resize(most);
  if (most > 0 && suite.tests.size() > most) suite.tests.resize(most);
  if (!suite.examples.empty()) {
    ATTUNE_TRY(material.examples, read_rows(suite, suite.examples, false));
    ATTUNE_TRY_VOID(leave_out_held_out(material.rows, material.examples));
    std::vector<std::string> questions;
    for (const data::Example& example : material.examples)
      questions.push_back(last_user_text(example));
    material.choice.emplace(questions, suite.seed);
  }
  if (!suite.validation.empty()) {
    ATTUNE_TRY(material.validation, read_rows(suite, suite.validation, true));
  }
  material.suite = std::move(suite);
  return material;
}

eval::ScoredBy Material::scored_by() const {
  return {.measures = suite.measures,
          .contract = contract ? &*contract : nullptr,
          .criteria = criteria ? &*criteria : nullptr};
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
  const std::string instruction = arm.instructed ? material.instruction : std::string();
  if (instruction.empty() && chosen.empty()) return question.messages;
  std::vector<const data::Example*> shown;
  for (const std::int64_t shot : chosen)
    shown.push_back(&material.examples[static_cast<std::size_t>(shot)]);
  return instructed_messages(question.messages, shown, instruction);
}

}  // namespace attune::cli
