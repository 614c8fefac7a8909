#include "eval/compare.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "metrics/format_levels.h"
#include "metrics/label_report.h"
#include "stats/hodges_lehmann.h"

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

template <typename Property>
stats::Estimate rate(const Scores& scores, Property property) {
  double count = 0;
  for (const ItemScore& score : scores) count += property(score) ? 1 : 0;
  return stats::wilson(count, static_cast<std::int64_t>(scores.size()));
}

std::vector<double> accuracies(const Scores& scores) {
  std::vector<double> values;
  for (const ItemScore& score : scores) values.push_back(score.accuracy);
  return values;
}

stats::Estimate accuracy(const Scores& scores, const stats::BootstrapOptions& bootstrap) {
  const std::vector<double> values = accuracies(scores);
  const stats::Estimate estimate = stats::bootstrap_mean(values, bootstrap);
  if (estimate.low < estimate.high) return estimate;
  return stats::wilson(std::accumulate(values.begin(), values.end(), 0.0),
                       static_cast<std::int64_t>(values.size()));
}

// In the order in which the fields first occur.
std::vector<FieldAccuracy> field_accuracies(const Scores& scores) {
  std::vector<FieldAccuracy> fields;
  std::map<std::string, std::size_t> place;
  std::vector<double> correct;
  for (const ItemScore& score : scores) {
    for (const FieldScore& field : score.fields) {
      const auto [found, is_new] = place.emplace(field.name, fields.size());
      if (is_new) {
        fields.push_back({.name = field.name, .n = 0, .accuracy = {}});
        correct.push_back(0);
      }
      ++fields[found->second].n;
      correct[found->second] += field.correct ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < fields.size(); ++i)
    fields[i].accuracy = stats::wilson(correct[i], fields[i].n);
  return fields;
}

LatencySummary summarise_times(const ArmResult& arm, double Answer::*time) {
  std::vector<double> values;
  for (const Answer& answer : arm.answers) {
    if (answer.*time > 0) values.push_back(answer.*time);
  }
  return {.n = std::ssize(values),
          .median = stats::quantile(values, 0.5),
          .p95 = stats::quantile(values, 0.95),
          .mean = stats::mean(values)};
}

// Of the items that both arms were timed on.
std::pair<std::vector<double>, std::vector<double>> timed_pairs(const ArmResult& first,
                                                                const ArmResult& second,
                                                                double Answer::*time) {
  std::vector<double> one, two;
  for (std::size_t i = 0; i < first.answers.size(); ++i) {
    if (first.answers[i].*time <= 0 || second.answers[i].*time <= 0) continue;
    one.push_back(first.answers[i].*time);
    two.push_back(second.answers[i].*time);
  }
  return {std::move(one), std::move(two)};
}

stats::Estimate latency_difference(const ArmResult& first, const ArmResult& second,
                                   const stats::BootstrapOptions& bootstrap) {
  const auto [one, two] = timed_pairs(first, second, &Answer::latency_ms);
  return one.empty() ? stats::Estimate{} : stats::paired_mean_difference(one, two, bootstrap);
}

stats::Estimate first_token_difference(const ArmResult& first, const ArmResult& second) {
  const auto [one, two] = timed_pairs(first, second, &Answer::first_token_ms);
  return one.empty() ? stats::Estimate{} : stats::hodges_lehmann(one, two).difference;
}

FormatPatience patience_of(const ArmResult& arm, const grammar::Contract& contract) {
  const metrics::Format format = metrics::JsonFormat{contract.schema()};
  metrics::FormatTotals totals;
  for (const Answer& answer : arm.answers) totals.add(metrics::check_format(format, answer.text));
  return {.fenced = stats::wilson(static_cast<double>(totals.fenced), totals.answers),
          .extract = stats::wilson(static_cast<double>(totals.extract), totals.answers),
          .field = totals.with_fields > 0
                       ? totals.field_sum / static_cast<double>(totals.with_fields)
                       : 0};
}

// Answers outside the labels of the references are one label, "(other)".
LabelSummary labels_of(const std::vector<Item>& items, const ArmResult& arm) {
  std::vector<std::string> wanted, given;
  for (const Item& item : items)
    wanted.push_back(ascii_lower(collapsed_white_space(item.reference)));
  const std::set<std::string> known(wanted.begin(), wanted.end());
  for (const Answer& answer : arm.answers) {
    const std::string label = ascii_lower(collapsed_white_space(answer.text));
    given.push_back(known.contains(label) ? label : "(other)");
  }
  const metrics::LabelReport report = metrics::label_report(wanted, given);
  return {.macro_f1 = report.macro_f1, .mcc = report.mcc};
}

ArmSummary summarise(const ArmResult& arm, const Scores& scores,
                     const stats::BootstrapOptions& bootstrap) {
  ArmSummary summary;
  summary.name = arm.name;
  summary.n = static_cast<std::int64_t>(scores.size());
  summary.format_compliance = rate(scores, [](const ItemScore& s) { return s.compliant; });
  summary.exact_match = rate(scores, [](const ItemScore& s) { return s.exact; });
  summary.json_found = rate(scores, [](const ItemScore& s) { return s.json_found; });
  summary.domain_accuracy = accuracy(scores, bootstrap);
  summary.latency_ms = summarise_times(arm, &Answer::latency_ms);
  summary.first_token_ms = summarise_times(arm, &Answer::first_token_ms);
  const double n = static_cast<double>(scores.size());
  for (const Answer& answer : arm.answers) {
    summary.prompt_tokens += static_cast<double>(answer.prompt_tokens) / n;
    summary.completion_tokens += static_cast<double>(answer.completion_tokens) / n;
    summary.failures += answer.failure.empty() ? 0 : 1;
    summary.cut += answer.cut ? 1 : 0;
  }
  for (const ItemScore& score : scores) {
    summary.preferred_terms += score.preferred_terms;
    summary.forbidden_terms += score.forbidden_terms;
  }
  summary.fields = field_accuracies(scores);
  return summary;
}

template <typename Property>
RateComparison compare_rates(const Scores& first, const Scores& second, Property property) {
  RateComparison result;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const bool one = property(first[i]);
    const bool two = property(second[i]);
    if (one && two) ++result.counts.both;
    if (one && !two) ++result.counts.first_only;
    if (!one && two) ++result.counts.second_only;
    if (!one && !two) ++result.counts.neither;
  }
  result.difference = stats::paired_rate_difference(result.counts);
  result.p = stats::mcnemar_exact(result.counts.first_only, result.counts.second_only);
  return result;
}

PairedComparison compare_pair(const ArmResult& subject, const Scores& subject_scores,
                              const ArmResult& other, const Scores& other_scores,
                              const stats::BootstrapOptions& bootstrap) {
  PairedComparison pair;
  pair.subject = subject.name;
  pair.other = other.name;
  pair.format_compliance =
      compare_rates(subject_scores, other_scores, [](const ItemScore& s) { return s.compliant; });
  pair.exact_match =
      compare_rates(subject_scores, other_scores, [](const ItemScore& s) { return s.exact; });
  pair.domain_accuracy_difference = stats::paired_mean_difference(
      accuracies(subject_scores), accuracies(other_scores), bootstrap);
  pair.latency_ms_difference = latency_difference(subject, other, bootstrap);
  pair.first_token_ms_difference = first_token_difference(subject, other);
  return pair;
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

// JSON references are scored by field; one text reference makes the whole set text.
Metric metric_of(const std::vector<Item>& items) {
  const auto has = [&](auto property) { return std::any_of(items.begin(), items.end(), property); };
  if (has([](const Item& item) { return !item.assertions.empty(); })) return Metric::assertions;
  const bool text = has([](const Item& item) { return !json_reference(item.reference); });
  return text ? Metric::token_f1 : Metric::field_accuracy;
}

Result<void> check_references(const std::vector<Item>& items, Metric metric) {
  for (const Item& item : items) {
    if (metric == Metric::field_accuracy && !json_reference(item.reference)) {
      return bad_input({.where = item.id,
                        .found = "a reference that is not a JSON object or list",
                        .wanted = "one for each item, to score fields",
                        .fix = "score as text: metric token_f1 or label"});
    }
    if (metric == Metric::assertions && item.assertions.empty()) {
      return bad_input(
          {.where = item.id, .found = "no assertions", .wanted = "one for each item at least"});
    }
  }
  return {};
}

ItemScore score_item(const Item& item, const Answer& answer, Metric metric,
                     const grammar::Contract* contract) {
  switch (metric) {
    case Metric::field_accuracy:
      return score_json(answer.text, *json_reference(item.reference), contract);
    case Metric::label:
      return score_label(answer.text, item.reference, contract);
    case Metric::assertions:
      return score_assertions(answer.text, item.assertions, contract);
    case Metric::token_f1:
      break;
  }
  return score_text(answer.text, item.reference, contract);
}

std::vector<Scores> score_all(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                              const grammar::Contract* contract, Metric metric) {
  std::vector<Scores> scores(arms.size());
  for (std::size_t a = 0; a < arms.size(); ++a) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Answer& answer = arms[a].answers[i];
      ItemScore& score = scores[a].emplace_back(score_item(items[i], answer, metric, contract));
      if (answer.failure.empty()) continue;
      score.compliant = score.exact = score.json_found = false;  // whatever "" would be worth
      score.accuracy = 0;
      for (FieldScore& field : score.fields) field.correct = false;
      score.violations = {"no answer: " + answer.failure};
    }
  }
  return scores;
}

}  // namespace

Result<Comparison> compare(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                           const CompareOptions& options) {
  ATTUNE_TRY_VOID(check_input(items, arms));
  Comparison result;
  result.n = static_cast<std::int64_t>(items.size());
  result.subject = options.subject;
  result.metric = options.metric ? *options.metric : metric_of(items);
  ATTUNE_TRY_VOID(check_references(items, result.metric));
  result.scores = score_all(items, arms, options.contract, result.metric);
  result.compliance_basis = describe_basis(options, result.metric);
  std::size_t subject = arms.size();
  for (std::size_t a = 0; a < arms.size(); ++a) {
    if (arms[a].name == options.subject) subject = a;
    ArmSummary& summary =
        result.arms.emplace_back(summarise(arms[a], result.scores[a], options.bootstrap));
    if (options.contract != nullptr && !options.contract->is_for_text())
      summary.patience = patience_of(arms[a], *options.contract);
    if (result.metric == Metric::label) summary.labels = labels_of(items, arms[a]);
  }
  if (subject < arms.size()) {
    for (std::size_t a = 0; a < arms.size(); ++a) {
      if (a == subject) continue;
      result.comparisons.push_back(compare_pair(arms[subject], result.scores[subject], arms[a],
                                                result.scores[a], options.bootstrap));
    }
    for (std::size_t i : worst_items(result.scores[subject], options.worst)) {
      result.worst.push_back(example(items[i], i, arms, result.scores));
    }
  }
  const std::size_t shown =
      std::min(items.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, options.examples)));
  for (std::size_t k = 0; k < shown; ++k) {
    const std::size_t i = k * items.size() / shown;
    result.examples.push_back(example(items[i], i, arms, result.scores));
  }
  return result;
}

Result<void> check_items(const std::vector<Item>& items, std::optional<Metric> metric) {
  return check_references(items, metric ? *metric : metric_of(items));
}

ItemScore score_one(const Item& item, const Answer& answer, std::optional<Metric> metric,
                    const grammar::Contract* contract) {
  return score_item(item, answer, metric ? *metric : metric_of({item}), contract);
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
