#include "eval/arm_summary.h"

#include <map>
#include <set>

#include "base/ascii.h"
#include "metrics/format_levels.h"
#include "metrics/label_report.h"
#include "stats/hodges_lehmann.h"

namespace attune::eval {

namespace {

using Scores = std::vector<ItemScore>;

// 1 for the items that have the property.
template <typename Property>
std::vector<double> which(const Scores& scores, Property property) {
  std::vector<double> values;
  for (const ItemScore& score : scores) values.push_back(property(score) ? 1 : 0);
  return values;
}

bool is_compliant(const ItemScore& score) { return score.compliant; }
bool is_exact(const ItemScore& score) { return score.exact; }
bool has_json(const ItemScore& score) { return score.json_found; }

std::vector<double> accuracies(const Scores& scores) {
  std::vector<double> values;
  for (const ItemScore& score : scores) values.push_back(score.accuracy);
  return values;
}

// In the order in which the fields first occur.
std::vector<FieldAccuracy> field_accuracies(const Scores& scores, const Intervals& intervals) {
  struct Occurrences {
    std::string name;
    std::vector<double> correct;
    std::vector<std::size_t> items;
  };
  std::vector<Occurrences> occurrences;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (const FieldScore& field : scores[i].fields) {
      const auto [place, is_new] = places.emplace(field.name, occurrences.size());
      if (is_new) occurrences.push_back({.name = field.name, .correct = {}, .items = {}});
      occurrences[place->second].correct.push_back(field.correct ? 1 : 0);
      occurrences[place->second].items.push_back(i);
    }
  }
  std::vector<FieldAccuracy> fields;
  for (const Occurrences& one : occurrences) {
    fields.push_back({.name = one.name,
                      .n = std::ssize(one.items),
                      .accuracy = intervals.rate_of(one.correct, one.items)});
  }
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

// The items that both arms were timed on.
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

RateComparison compare_rates(std::span<const double> first, std::span<const double> second,
                             const Intervals& intervals) {
  RateComparison result;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const bool one = first[i] > 0, two = second[i] > 0;
    if (one && two) ++result.counts.both;
    if (one && !two) ++result.counts.first_only;
    if (!one && two) ++result.counts.second_only;
    if (!one && !two) ++result.counts.neither;
  }
  result.difference = intervals.rate_difference(result.counts, first, second);
  result.p = intervals.rate_p(result.counts, first, second);
  return result;
}

}  // namespace

FormatPatience patience_of(const ArmResult& arm, const grammar::Contract& contract,
                           const Intervals& intervals) {
  const metrics::Format format = metrics::JsonFormat{contract.schema()};
  metrics::FormatTotals totals;
  std::vector<double> fenced, extract;
  for (const Answer& answer : arm.answers) {
    const metrics::FormatLevels levels = metrics::check_format(format, answer.text);
    totals.add(levels);
    fenced.push_back(levels.fenced ? 1 : 0);
    extract.push_back(levels.extract ? 1 : 0);
  }
  return {.fenced = intervals.rate(fenced),
          .extract = intervals.rate(extract),
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
                     const std::vector<CountedMeasure>& measures, const Intervals& intervals) {
  ArmSummary summary;
  summary.name = arm.name;
  summary.n = std::ssize(scores);
  summary.format_compliance = intervals.rate(which(scores, is_compliant));
  summary.exact_match = intervals.rate(which(scores, is_exact));
  summary.json_found = intervals.rate(which(scores, has_json));
  summary.domain_accuracy = intervals.mean(accuracies(scores));
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
  summary.fields = field_accuracies(scores, intervals);
  for (const CountedMeasure& measure : measures) {
    if (auto one = eval::summarise(measure, intervals)) summary.measures.push_back(*std::move(one));
  }
  return summary;
}

PairedComparison compare_pair(const ScoredArm& subject, const ScoredArm& other,
                              const Intervals& intervals) {
  PairedComparison pair;
  pair.subject = subject.arm.name;
  pair.other = other.arm.name;
  pair.format_compliance = compare_rates(which(subject.scores, is_compliant),
                                         which(other.scores, is_compliant), intervals);
  pair.exact_match =
      compare_rates(which(subject.scores, is_exact), which(other.scores, is_exact), intervals);
  pair.domain_accuracy_difference =
      intervals.mean_difference(accuracies(subject.scores), accuracies(other.scores));
  pair.latency_ms_difference = latency_difference(subject.arm, other.arm, intervals.bootstrap());
  pair.first_token_ms_difference = first_token_difference(subject.arm, other.arm);
  for (std::size_t k = 0; k < subject.measures.size(); ++k) {
    const CountedMeasure& measure = subject.measures[k];
    if (const auto difference = measure_difference(measure, other.measures[k], intervals)) {
      pair.measures.push_back({.name = measure.name,
                               .words = measure.words,
                               .lower_is_better = measure.lower_is_better,
                               .difference = *difference});
    }
  }
  return pair;
}

}  // namespace attune::eval
