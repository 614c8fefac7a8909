#include "eval/suite_extras.h"

#include <algorithm>

#include <fmt/format.h>

#include "eval/members.h"
#include "eval/suite.h"

namespace attune::eval {

namespace {

constexpr double kMost = 1e15;

void amount(Members& members, const char* key, std::optional<double>& out) {
  if (members.find(key) != nullptr) members.number(key, 0, kMost, out.emplace());
}

void put(Json& json, const char* key, const std::optional<double>& value) {
  if (value) json[key] = *value;
}

}  // namespace

Result<Budget> read_budget(const Json& document, const std::string& where) {
  Budget budget;
  Members members(document, where, {"seconds", "tokens", "dollars"});
  amount(members, "seconds", budget.seconds);
  amount(members, "tokens", budget.tokens);
  amount(members, "dollars", budget.dollars);
  if (!budget) members.fail("", "no limit", "seconds, tokens or dollars");
  ATTUNE_TRY_VOID(members.result());
  return budget;
}

Json to_json(const Budget& budget) {
  Json json = Json::object();
  put(json, "seconds", budget.seconds);
  put(json, "tokens", budget.tokens);
  put(json, "dollars", budget.dollars);
  return json;
}

double ArmPrice::of(std::int64_t prompt_tokens, std::int64_t completion_tokens,
                    double seconds) const {
  return (static_cast<double>(prompt_tokens) * input.value_or(0) +
          static_cast<double>(completion_tokens) * output.value_or(0)) /
             1e6 +
         seconds / 3600 * per_hour.value_or(0);
}

Result<ArmPrice> read_price(const Json& document, const std::string& where) {
  ArmPrice price;
  Members members(document, where, {"input", "output", "per_hour"});
  amount(members, "input", price.input);
  amount(members, "output", price.output);
  amount(members, "per_hour", price.per_hour);
  if (!price || (price.per_hour && (price.input || price.output)))
    members.fail("", to_text(document).substr(0, 80),
                 "input and output ($ for 1M tokens), or per_hour ($ for the machine)");
  ATTUNE_TRY_VOID(members.result());
  return price;
}

Json to_json(const ArmPrice& price) {
  Json json = Json::object();
  put(json, "input", price.input);
  put(json, "output", price.output);
  put(json, "per_hour", price.per_hour);
  return json;
}

Result<CheckpointChoice> read_checkpoints(const Json& document, const std::string& where) {
  CheckpointChoice choice;
  choice.all = document == "all";
  if (choice.all) return choice;
  for (const Json& one : document.is_array() ? document : Json::array({document})) {
    const bool step = one.is_number_integer() && one.get<std::int64_t>() > 0;
    if (!step) {
      return bad_input({.where = where,
                        .found = to_text(document).substr(0, 80),
                        .wanted = "all, or steps such as [100, 200]"});
    }
    choice.steps.push_back(one.get<std::int64_t>());
  }
  if (choice.steps.empty())
    return bad_input({.where = where, .found = "[]", .wanted = "all, or steps"});
  return choice;
}

Result<void> check_extras(const Suite& suite, std::string_view where) {
  const auto refuse = [&](std::string found, std::string wanted, std::string fix = {}) {
    return bad_input({.where = std::string(where),
                      .found = std::move(found),
                      .wanted = std::move(wanted),
                      .fix = std::move(fix)});
  };
  const bool rubrics = std::any_of(suite.tests.begin(), suite.tests.end(), [](const auto& test) {
    return std::any_of(test.assertions.begin(), test.assertions.end(), asks_judge);
  });
  if (rubrics && !suite.judge)
    return refuse("an llm-rubric, and no judge", "judge: {model: ...}",
                  "without a judge it is not evaluated here");
  if (rubrics && suite.consistency.items > 0)
    return refuse("an llm-rubric, and consistency", "either",
                  "the judge is not asked about answers to other wordings");
  if (suite.judge && suite.judge.rubric.empty() && !rubrics)
    return refuse("a judge without a rubric", "rubric: what a good answer is");
  if (suite.judge && suite.judge.mode == JudgeMode::pairwise && suite.arms.size() < 2)
    return refuse("a pairwise judge, and one arm", "two arms or more");
  if (suite.require.judge && (suite.judge.labels.empty() || suite.judge.rubric.empty() ||
                              suite.judge.mode == JudgeMode::pairwise))
    return refuse("a bar for the judge's figure", "a judge of mode pass or score with labels",
                  "without labels by people a judge decides nothing");
  if (!suite.budget.dollars) return {};
  for (const SuiteArm& arm : suite.arms) {
    if (!arm.price && !arm.model.empty())
      return refuse(fmt::format("a budget in dollars, and no price in arm {}", arm.name),
                    "price: {input, output} or {per_hour}");
  }
  if (suite.judge && !suite.judge.price)
    return refuse("a budget in dollars, and no price of the judge", "judge: {price: ...}");
  return {};
}

}  // namespace attune::eval
