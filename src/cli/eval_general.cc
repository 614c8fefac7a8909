// What tuning made a model forget: the same general items, asked as they are of the base and of
// the subject of a run.
#include <algorithm>

#include <fmt/format.h>

#include "cli/eval.h"

namespace attune::cli {

namespace {

// The base of an adapter here; else the model of the first arm that is told the contract.
Result<eval::SuiteArm> base_of(const eval::Suite& suite, const eval::SuiteArm& subject) {
  std::error_code ignored;
  if (std::filesystem::exists(Path(subject.model) / "adapter_config.json", ignored)) {
    ModelOptions options;
    options.adapter = subject.model;
    ATTUNE_TRY_VOID(options.find_base());
    return eval::SuiteArm{.name = "base", .model = options.model, .instructed = false};
  }
  const auto other = std::find_if(suite.arms.begin(), suite.arms.end(), [&](const auto& arm) {
    return arm.instructed && arm.model != subject.model && !arm.model.empty();
  });
  if (other == suite.arms.end()) {
    return bad_input({.where = "general items",
                      .found = fmt::format("no base beside {}", subject.name),
                      .wanted = "an arm of the model that it was tuned from"});
  }
  return eval::SuiteArm{.name = "base",
                        .model = other->model,
                        .endpoint = other->endpoint,
                        .instructed = false,
                        .price = other->price};
}

}  // namespace

Result<std::shared_ptr<const eval::RunRecord>> ask_general(
    ModelShelf& shelf, const eval::Suite& suite, eval::AnswerCache& cache,
    const std::function<AnswerProgress(const std::string& arm)>& progress) {
  const std::string name = eval::subject_of(suite);
  const auto found = std::find_if(suite.arms.begin(), suite.arms.end(),
                                  [&](const auto& arm) { return arm.name == name; });
  ATTUNE_TRY(const eval::SuiteArm base, base_of(suite, *found));
  eval::SuiteArm tuned = base;
  tuned.name = "tuned";
  tuned.model = found->model;
  tuned.endpoint = found->endpoint;
  tuned.price = found->price;

  eval::Suite general{.name = "general", .data = suite.general};
  general.subject = "base";
  general.arms = {base, tuned};
  general.most_tokens = suite.most_tokens;
  general.temperature = suite.temperature;
  general.seed = suite.seed;
  general.timed_items = 0;
  ATTUNE_TRY(const Material material, load_material(general));
  eval::RunRecord record{
      .created = {}, .suite = eval::to_json(general), .subject = "base", .items = {}, .arms = {}};
  ATTUNE_TRY(record.items, items_of(material));
  for (const eval::SuiteArm& arm : general.arms) {
    ATTUNE_TRY(ChatModel* const model, shelf.get(arm));
    ATTUNE_TRY(std::vector<Question> questions, questions_of(material, arm, 0));
    ATTUNE_TRY(eval::ArmResult result,
               ask_arm(*model, material, arm, questions, cache, progress(arm.name)));
    record.arms.push_back(std::move(result));
  }
  return std::shared_ptr<const eval::RunRecord>(
      std::make_shared<eval::RunRecord>(std::move(record)));
}

}  // namespace attune::cli
