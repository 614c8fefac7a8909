#include "eval/compare.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "eval/arm_summary.h"
#include "eval/many_comparisons.h"
#include "eval/measure_arm.h"
#include "eval/score_items.h"

namespace attune::eval {

namespace {

using Scores = std::vector<ItemScore>;

Result<void> check_input(const std::vector<Item>& items, const std::vector<ArmResult>& arms) {
  const auto refuse = [](std::string found, std::string wanted) {
    return bad_input(
        {.where = "comparison", .found = std::move(found), .wanted = std::move(wanted)});
  };
  if (items.empty()) return refuse("no items", "at least one held-out item");
  if (arms.empty()) return refuse("no arms", "at least one arm");
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (arms[i].answers.size() != items.size()) {
      return refuse(fmt::format("arm {} with {} answers", arms[i].name, arms[i].answers.size()),
                    fmt::format("one answer for each of {} items", items.size()));
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (arms[k].name == arms[i].name)
        return refuse(fmt::format("two arms named {}", arms[i].name), "different names");
    }
  }
  return {};
}

Example example(const Item& item, std::size_t index, const std::vector<ArmResult>& arms,
                const std::vector<Scores>& scores) {
  Example result{.id = item.id, .input = item.input, .reference = item.reference, .answers = {}};
  for (std::size_t a = 0; a < arms.size(); ++a) {
    result.answers.push_back({arms[a].name, arms[a].answers[index].text, scores[a][index]});
  }
  return result;
}

// Non-compliant before compliant, then by accuracy; perfect items are not listed.
std::vector<std::size_t> worst_items(const Scores& scores, std::int64_t most) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!scores[i].compliant || !scores[i].exact) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (scores[a].compliant != scores[b].compliant) return !scores[a].compliant;
    return scores[a].accuracy < scores[b].accuracy;
  });
  if (static_cast<std::int64_t>(order.size()) > most) order.resize(static_cast<std::size_t>(most));
  return order;
}

std::string describe_basis(const CompareOptions& options, Metric metric) {
  if (options.contract == nullptr) {
    if (metric == Metric::field_accuracy)
      return "exactly one JSON document with the keys and types of the reference (no contract was "
             "given)";
    if (metric == Metric::assertions)
      return "an answer that keeps the is-json assertions, or that is not empty where there are "
             "none (no contract was given)";
    if (metric == Metric::tool_calls)
      return "exactly one JSON document that reads as calls (no contract was given)";
    return "any answer that is not empty (no contract was given)";
  }
  if (!options.contract->is_for_text()) {
    return options.contract->glossary().empty()
               ? "exactly one JSON document that the contract's schema accepts"
               : "exactly one JSON document that the contract's schema accepts, without forbidden "
                 "terms";
  }
  return options.contract->pattern().empty()
             ? "an answer that is not empty, without forbidden terms"
             : "an answer whose whole text matches the contract's pattern, without forbidden "
               "terms";
}

// What the measures say of each item alone.
void add_item_measures(const std::vector<CountedMeasure>& measures, Scores& scores) {
  for (const CountedMeasure& measure : measures) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const bool has = std::any_of(scores[i].measures.begin(), scores[i].measures.end(),
                                   [&](const auto& one) { return one.first == measure.name; });
      const auto value = has ? std::nullopt : figure_of(measure, i);
      if (value) scores[i].measures.emplace_back(measure.name, *value);
    }
  }
}

ScoredBy scored_by(const CompareOptions& options) {
  return {.measures = options.measures, .contract = options.contract, .criteria = options.criteria};
}

// The subject against each other arm, and its worst items.
void compare_with_subject(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                          const std::vector<std::vector<CountedMeasure>>& measures,
                          const Intervals& intervals, const CompareOptions& options,
                          Comparison& result) {
  const auto found = std::find_if(
      arms.begin(), arms.end(), [&](const ArmResult& arm) { return arm.name == options.subject; });
  if (found == arms.end()) return;
  const auto subject = static_cast<std::size_t>(found - arms.begin());
  const auto scored = [&](std::size_t a) {
    return ScoredArm{.arm = arms[a], .scores = result.scores[a], .measures = measures[a]};
  };
  for (std::size_t a = 0; a < arms.size(); ++a) {
    if (a != subject)
      result.comparisons.push_back(compare_pair(scored(subject), scored(a), intervals));
  }
  for (const std::size_t i : worst_items(result.scores[subject], options.worst))
    result.worst.push_back(example(items[i], i, arms, result.scores));
}

}  // namespace

Result<Comparison> compare(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                           const CompareOptions& options) {
  ATTUNE_TRY_VOID(check_input(items, arms));
  const ScoredBy by = scored_by(options);
  ATTUNE_TRY_VOID(check_items(items, by));
  const Intervals intervals(clusters_of(items), options.bootstrap);
  Comparison result;
  result.n = std::ssize(items);
  result.subject = options.subject;
  result.metric = metric_of(items, options.measures);
  result.compliance_basis = describe_basis(options, result.metric);
  if (intervals.clustered())
    result.clusters = {options.cluster, count_clusters(intervals.clusters())};
  std::vector<std::vector<CountedMeasure>> measures;
  for (const ArmResult& arm : arms) {
    Scores& scores = result.scores.emplace_back();
    for (std::size_t i = 0; i < items.size(); ++i)
      scores.push_back(score_one(items[i], arm.answers[i], result.metric, by));
    ATTUNE_TRY(std::vector<CountedMeasure> own, measure_arm(items, arm, scores,
                                                            {.plan = options.measures,
                                                             .metric = result.metric,
                                                             .contract = options.contract}));
    add_item_measures(own, scores);
    ArmSummary& summary = result.arms.emplace_back(summarise(arm, scores, own, intervals));
    if (options.contract != nullptr && !options.contract->is_for_text())
      summary.patience = patience_of(arm, *options.contract, intervals);
    if (result.metric == Metric::label) summary.labels = labels_of(items, arm);
    measures.push_back(std::move(own));
  }
  compare_with_subject(items, arms, measures, intervals, options, result);
  if (auto many = many_comparisons(result, intervals))
    result.supplements.push_back(*std::move(many));
  const std::size_t shown =
      std::min(items.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, options.examples)));
  for (std::size_t k = 0; k < shown; ++k) {
    const std::size_t i = k * items.size() / shown;
    result.examples.push_back(example(items[i], i, arms, result.scores));
  }
  return result;
}

const ArmSummary* find_arm(const Comparison& comparison, std::string_view name) {
  for (const ArmSummary& arm : comparison.arms) {
    if (arm.name == name) return &arm;
  }
  return nullptr;
}

std::string display_name(std::string_view arm) {
  std::string name(arm);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

}  // namespace attune::eval
