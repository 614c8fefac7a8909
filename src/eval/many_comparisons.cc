#include "eval/many_comparisons.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "eval/words.h"
#include "stats/false_discovery.h"

namespace attune::eval {

namespace {

constexpr std::size_t kMostShown = 20;
constexpr double kFalseDiscoveries = 0.05;

struct One {
  std::string other, measure;
  stats::Estimate difference;
  double p = 1;
  double adjusted = 1;
};

// Whether an item has all of a field's occurrences right; nothing where it has none.
std::optional<bool> field_right(const ItemScore& score, const std::string& name) {
  std::optional<bool> right;
  for (const FieldScore& field : score.fields) {
    if (field.name == name) right = right.value_or(true) && field.correct;
  }
  return right;
}

std::optional<One> compare_field(const std::string& name, const std::vector<ItemScore>& subject,
                                 const std::vector<ItemScore>& other, const Intervals& all) {
  std::vector<double> first, second;
  std::vector<std::int64_t> clusters;
  stats::PairedCounts counts;
  for (std::size_t i = 0; i < subject.size(); ++i) {
    const std::optional<bool> ours = field_right(subject[i], name);
    const std::optional<bool> theirs = field_right(other[i], name);
    if (!ours || !theirs) continue;
    first.push_back(*ours ? 1 : 0);
    second.push_back(*theirs ? 1 : 0);
    if (all.clustered()) clusters.push_back(all.clusters()[i]);
    (*ours ? (*theirs ? counts.both : counts.first_only)
           : (*theirs ? counts.second_only : counts.neither)) += 1;
  }
  if (first.empty()) return std::nullopt;
  const Intervals intervals(std::move(clusters), all.bootstrap());
  return One{.other = {},
             .measure = name,
             .difference = intervals.rate_difference(counts, first, second),
             .p = intervals.rate_p(counts, first, second)};
}

std::vector<One> all_comparisons(const Comparison& comparison, const Intervals& intervals) {
  std::vector<One> all;
  const auto place = [&](const std::string& name) {
    const auto found = std::find_if(comparison.arms.begin(), comparison.arms.end(),
                                    [&](const ArmSummary& arm) { return arm.name == name; });
    return static_cast<std::size_t>(found - comparison.arms.begin());
  };
  for (const PairedComparison& pair : comparison.comparisons) {
    for (const auto& [words, rates] : {std::pair{"format compliance", &pair.format_compliance},
                                       std::pair{"exact match", &pair.exact_match}})
      all.push_back(
          {.other = pair.other, .measure = words, .difference = rates->difference, .p = rates->p});
    const std::size_t subject = place(pair.subject), other = place(pair.other);
    for (const FieldAccuracy& field : comparison.arms[subject].fields) {
      auto one = compare_field(field.name, comparison.scores[subject], comparison.scores[other],
                               intervals);
      if (!one) continue;
      one->other = pair.other;
      all.push_back(*std::move(one));
    }
  }
  return all;
}

}  // namespace

std::optional<Supplement> many_comparisons(const Comparison& comparison,
                                           const Intervals& intervals) {
  std::vector<One> all = all_comparisons(comparison, intervals);
  if (all.size() <= 2) return std::nullopt;
  std::vector<double> p_values;
  for (const One& one : all) p_values.push_back(one.p);
  const std::vector<double> adjusted = stats::benjamini_hochberg_adjusted(p_values);
  Supplement part{.key = "many_comparisons", .title = "Many comparisons", .figures = Json::array()};
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::int64_t kept = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    One& one = all[i];
    one.adjusted = adjusted[i];
    kept += one.adjusted < kFalseDiscoveries ? 1 : 0;
    part.figures.push_back({{"subject", comparison.subject},
                            {"other", one.other},
                            {"measure", one.measure},
                            {"difference", one.difference.value},
                            {"p", one.p},
                            {"p_adjusted", one.adjusted}});
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return all[a].adjusted < all[b].adjusted; });
  part.rows.push_back({"against", "what", "difference", "p", "adjusted"});
  std::erase_if(order, [&](std::size_t i) { return all[i].p >= kFalseDiscoveries; });
  for (std::size_t k = 0; k < std::min(order.size(), kMostShown); ++k) {
    const One& one = all[order[k]];
    part.rows.push_back({display_name(one.other), one.measure, points_interval(one.difference),
                         p_value(one.p), p_value(one.adjusted)});
  }
  if (order.empty()) part.rows.clear();
  if (order.size() > kMostShown)
    part.notes.push_back(fmt::format("and {} more with p < 0.05", order.size() - kMostShown));
  part.notes.push_back(fmt::format(
      "Of {} comparisons {} have p < 0.05, and {} stand when 5 % of the findings may be false "
      "(Benjamini and Hochberg); report.json has all. The verdict has a family of its own",
      all.size(),
      std::count_if(all.begin(), all.end(),
                    [](const One& one) { return one.p < kFalseDiscoveries; }),
      kept));
  return part;
}

}  // namespace attune::eval
