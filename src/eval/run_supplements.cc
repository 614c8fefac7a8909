#include "eval/run_supplements.h"

#include <algorithm>

#include <fmt/format.h>

#include "eval/svg_plot.h"
#include "eval/words.h"

namespace attune::eval {

namespace {

// "$0.000312": enough digits for the price of one answer.
std::string dollars(double amount) { return fmt::format("${:.3g}", amount); }

const Json* arm_in(const Json& suite, const std::string& name) {
  const auto arms = suite.find("arms");
  if (arms == suite.end() || !arms->is_array()) return nullptr;
  for (const Json& arm : *arms) {
    if (arm.is_object() && arm.value("name", std::string()) == name) return &arm;
  }
  return nullptr;
}

// Dollars for one answer of the arm; nothing where the price says nothing of it.
std::optional<double> cost_of_answer(const Json& price, const ArmSummary& arm) {
  if (price.contains("per_hour")) {
    if (arm.latency_ms.n == 0) return std::nullopt;
    return arm.latency_ms.mean / 3'600'000 * price.value("per_hour", 0.0);
  }
  return (arm.prompt_tokens * price.value("input", 0.0) +
          arm.completion_tokens * price.value("output", 0.0)) /
         1e6;
}

}  // namespace

std::optional<Supplement> steps_supplement(const Json& suite, const Comparison& comparison) {
  std::vector<std::pair<std::int64_t, const ArmSummary*>> steps;
  for (const ArmSummary& arm : comparison.arms) {
    const Json* found = arm_in(suite, arm.name);
    if (found != nullptr && found->value("step", std::int64_t{0}) > 0)
      steps.emplace_back((*found)["step"].get<std::int64_t>(), &arm);
  }
  if (steps.size() < 2) return std::nullopt;
  std::sort(steps.begin(), steps.end());
  Supplement part{.key = "steps", .title = "Checkpoint by checkpoint", .figures = Json::array()};
  part.rows.push_back({"step", "arm", "format compliance",
                       std::string(metric_words(comparison.metric)), "exact match"});
  Curve compliance{.label = "format compliance", .points = {}, .dots = true};
  Curve accuracy{.label = std::string(metric_words(comparison.metric)), .points = {}, .dots = true};
  Curve exact{.label = "exact match", .points = {}, .dots = true};
  for (const auto& [step, arm] : steps) {
    part.rows.push_back(
        {std::to_string(step), display_name(arm->name), percent_interval(arm->format_compliance),
         percent_interval(arm->domain_accuracy), percent_interval(arm->exact_match)});
    compliance.points.push_back({step, arm->format_compliance.value});
    accuracy.points.push_back({step, arm->domain_accuracy.value});
    exact.points.push_back({step, arm->exact_match.value});
    part.figures.push_back({{"step", step},
                            {"arm", arm->name},
                            {"format_compliance", estimate_json(arm->format_compliance)},
                            {"domain_accuracy", estimate_json(arm->domain_accuracy)},
                            {"exact_match", estimate_json(arm->exact_match)}});
  }
  part.drawing = line_plot("Score by step", "share", {compliance, accuracy, exact});
  part.notes.emplace_back(
      "The best of many checkpoints on these items looks better than it is: choose on validation "
      "rows, or measure the chosen one again on others");
  return part;
}

std::optional<Supplement> costs_supplement(const Json& suite, const RunRecord& record,
                                           const Comparison& comparison) {
  Supplement part{.key = "costs", .title = "What an accepted answer costs"};
  part.rows.push_back({"arm", "an answer", "accepted", "an accepted answer"});
  part.figures = Json::array();
  const Intervals intervals(clusters_of(record.items), {});
  for (std::size_t a = 0; a < record.arms.size(); ++a) {
    const ArmSummary& arm = comparison.arms[a];
    const Json* found = arm_in(suite, arm.name);
    if (found == nullptr || !found->contains("price")) continue;
    const std::optional<double> cost = cost_of_answer((*found)["price"], arm);
    if (!cost) continue;
    std::vector<double> accepted;
    for (const ItemScore& score : comparison.scores[a])
      accepted.push_back(score.compliant && score.exact ? 1 : 0);
    const stats::Estimate share = intervals.rate(accepted);
    Json figures = {{"arm", arm.name},
                    {"answer", *cost},
                    {"accepted", estimate_json(share)},
                    {"accepted_answer", nullptr}};
    std::string shown = "none accepted";
    if (share.value > 0) {
      const stats::Estimate each{*cost / share.value, *cost / share.high, *cost / share.low};
      figures["accepted_answer"] = estimate_json(each);
      shown =
          fmt::format("{} [{}, {}]", dollars(each.value), dollars(each.low), dollars(each.high));
    }
    part.figures.push_back(std::move(figures));
    part.rows.push_back({display_name(arm.name), dollars(*cost), percent_interval(share), shown});
  }
  if (part.rows.size() == 1) return std::nullopt;
  part.notes.emplace_back(
      "Accepted: compliant and an exact match. Tokens by their price, or the mean time of an "
      "answer "
      "alone by the price of the machine's hour. Checking, repairs and upkeep are not in it: "
      "attune advise has them");
  return part;
}

Result<Supplement> forgetting_supplement(const RunRecord& general) {
  ATTUNE_TRY(const Comparison comparison, compare_run(general));
  Supplement part{.key = "forgetting",
                  .title = "Forgetting",
                  .rows = {{"measure", "base", "tuned", "forgotten (base - tuned)"}}};
  part.figures = {{"items", comparison.n}};
  if (comparison.comparisons.empty() || comparison.arms.size() != 2) return part;
  const PairedComparison& pair = comparison.comparisons.front();
  const ArmSummary& base = *find_arm(comparison, pair.subject);
  const ArmSummary& tuned = *find_arm(comparison, pair.other);
  const auto add = [&](const char* key, std::string words, const stats::Estimate& before,
                       const stats::Estimate& after, const stats::Estimate& lost) {
    part.rows.push_back({std::move(words), percent_interval(before), percent_interval(after),
                         points_interval(lost)});
    part.figures[key] = {{"base", estimate_json(before)},
                         {"tuned", estimate_json(after)},
                         {"forgetting", estimate_json(lost)}};
  };
  add("domain_accuracy", std::string(metric_words(comparison.metric)), base.domain_accuracy,
      tuned.domain_accuracy, pair.domain_accuracy_difference);
  add("exact_match", "exact match", base.exact_match, tuned.exact_match,
      pair.exact_match.difference);
  const stats::Estimate& lost = pair.domain_accuracy_difference;
  part.notes.push_back(fmt::format(
      "{} general items, asked as they are of both; above 0 the tuned model does worse than its "
      "base: {}",
      comparison.n,
      lost.low == lost.high ? "no item differs, which says little of others"
      : lost.low > 0        ? "it has forgotten something"
      : lost.high < 0
          ? "it does better on them than before"
          : "no forgetting is shown, and up to " + points(lost.high) + " points are not excluded"));
  return part;
}

Result<void> add_supplements(const RunRecord& record, Comparison& comparison) {
  std::vector<Supplement>& parts = comparison.supplements;
  if (record.judge) {
    comparison.judge = judge_report(record.items, record.arms, comparison.subject, *record.judge,
                                    Intervals(clusters_of(record.items), {}));
    parts.push_back(judge_supplement(*comparison.judge));
  }
  if (auto steps = steps_supplement(record.suite, comparison)) parts.push_back(*std::move(steps));
  if (auto costs = costs_supplement(record.suite, record, comparison))
    parts.push_back(*std::move(costs));
  if (record.general) {
    ATTUNE_TRY(Supplement forgetting, forgetting_supplement(*record.general));
    parts.push_back(std::move(forgetting));
  }
  return {};
}

}  // namespace attune::eval
