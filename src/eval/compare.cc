#include "eval/compare.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include <fmt/format.h>

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
Estimate rate(const Scores& scores, Property property) {
  double count = 0;
  for (const ItemScore& score : scores) count += property(score) ? 1 : 0;
  return wilson(count, static_cast<std::int64_t>(scores.size()));
}

std::vector<double> accuracies(const Scores& scores) {
  std::vector<double> values;
  for (const ItemScore& score : scores) values.push_back(score.accuracy);
  return values;
}

Estimate accuracy(const Scores& scores, const BootstrapOptions& bootstrap) {
  const std::vector<double> values = accuracies(scores);
  const Estimate estimate = bootstrap_mean(values, bootstrap);
  if (estimate.low < estimate.high) return estimate;
  return wilson(std::accumulate(values.begin(), values.end(), 0.0),
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
    fields[i].accuracy = wilson(correct[i], fields[i].n);
  return fields;
}

std::vector<double> latencies(const ArmResult& arm) {
  std::vector<double> values;
  for (const Answer& answer : arm.answers) {
    if (answer.latency_ms > 0) values.push_back(answer.latency_ms);
  }
  return values;
}

// Of the items that both arms were timed on.
Estimate latency_difference(const ArmResult& first, const ArmResult& second,
                            const BootstrapOptions& bootstrap) {
  std::vector<double> one, two;
  for (std::size_t i = 0; i < first.answers.size(); ++i) {
    if (first.answers[i].latency_ms <= 0 || second.answers[i].latency_ms <= 0) continue;
    one.push_back(first.answers[i].latency_ms);
    two.push_back(second.answers[i].latency_ms);
  }
  return one.empty() ? Estimate{} : paired_mean_difference(one, two, bootstrap);
}

ArmSummary summarise(const ArmResult& arm, const Scores& scores,
                     const BootstrapOptions& bootstrap) {
  ArmSummary summary;
  summary.name = arm.name;
  summary.n = static_cast<std::int64_t>(scores.size());
  summary.format_compliance = rate(scores, [](const ItemScore& s) { return s.compliant; });
  summary.exact_match = rate(scores, [](const ItemScore& s) { return s.exact; });
  summary.json_found = rate(scores, [](const ItemScore& s) { return s.json_found; });
  summary.domain_accuracy = accuracy(scores, bootstrap);
  const std::vector<double> times = latencies(arm);
  summary.latency_ms = {.n = std::ssize(times),
                        .median = quantile(times, 0.5),
                        .p95 = quantile(times, 0.95),
                        .mean = mean(times)};
  const double n = static_cast<double>(scores.size());
  for (const Answer& answer : arm.answers) {
    summary.prompt_tokens += static_cast<double>(answer.prompt_tokens) / n;
    summary.completion_tokens += static_cast<double>(answer.completion_tokens) / n;
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
  result.difference = paired_rate_difference(result.counts);
  result.p = mcnemar_exact(result.counts.first_only, result.counts.second_only);
  return result;
}

PairedComparison compare_pair(const ArmResult& subject, const Scores& subject_scores,
                              const ArmResult& other, const Scores& other_scores,
                              const BootstrapOptions& bootstrap) {
  PairedComparison pair;
  pair.subject = subject.name;
  pair.other = other.name;
  pair.format_compliance =
      compare_rates(subject_scores, other_scores, [](const ItemScore& s) { return s.compliant; });
  pair.exact_match =
      compare_rates(subject_scores, other_scores, [](const ItemScore& s) { return s.exact; });
  pair.domain_accuracy_difference =
      paired_mean_difference(accuracies(subject_scores), accuracies(other_scores), bootstrap);
  pair.latency_ms_difference = latency_difference(subject, other, bootstrap);
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
  if (options.contract != nullptr && options.contract->is_for_text()) {
    return options.contract->pattern().empty()
               ? "an answer that is not empty, without forbidden terms"
               : "an answer whose whole text matches the contract's pattern, without forbidden "
                 "terms";
  }
  if (options.contract != nullptr) {
    return options.contract->glossary().empty()
               ? "exactly one JSON document that the contract's schema accepts"
               : "exactly one JSON document that the contract's schema accepts, without forbidden "
                 "terms";
  }
  if (metric == Metric::field_accuracy)
    return "exactly one JSON document with the keys and types of the reference (no contract was "
           "given)";
  return "any answer that is not empty (no contract was given)";
}

std::vector<Scores> score_all(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                              const grammar::Contract* contract, Metric& metric) {
  std::vector<std::optional<Json>> references;
  metric = Metric::field_accuracy;
  for (const Item& item : items) {
    references.push_back(json_reference(item.reference));
    if (!references.back())
      metric = Metric::token_f1;  // one text reference makes the whole set text
  }
  std::vector<Scores> scores(arms.size());
  for (std::size_t a = 0; a < arms.size(); ++a) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string& answer = arms[a].answers[i].text;
      scores[a].push_back(metric == Metric::field_accuracy
                              ? score_json(answer, *references[i], contract)
                              : score_text(answer, items[i].reference, contract));
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
  result.scores = score_all(items, arms, options.contract, result.metric);
  result.compliance_basis = describe_basis(options, result.metric);
  std::size_t subject = arms.size();
  for (std::size_t a = 0; a < arms.size(); ++a) {
    if (arms[a].name == options.subject) subject = a;
    result.arms.push_back(summarise(arms[a], result.scores[a], options.bootstrap));
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
