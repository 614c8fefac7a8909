// Arms side by side on the same items: rates with intervals, paired tests, fields, latency, and the
// items that went worst.
//
//   ATTUNE_TRY(Comparison comparison, compare(items, {zero_shot, few_shot, tuned}, {.contract =
//   &contract}));
//
// Intervals are 95 % ones. Format compliance and exact match: Wilson. Domain accuracy: BCa
// bootstrap over items of the item's share of right fields, so fields of one item count as one
// draw; where all items score the same it is Wilson. Fields: Wilson. Paired: exact McNemar with
// Newcombe's interval for rates; bootstrap of differences for scores. Where items belong together
// (Item::cluster) all of these are cluster-wise instead (intervals.h). Further measures:
// counted_measure.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/adapter_times.h"
#include "eval/arms.h"
#include "eval/counted_measure.h"
#include "eval/criteria.h"
#include "eval/judge_report.h"
#include "eval/measures.h"
#include "eval/score.h"
#include "eval/supplement.h"
#include "metrics/consistency.h"
#include "stats/statistics.h"

namespace attune::eval {

struct FieldAccuracy {
  std::string name;
  std::int64_t n = 0;  // times the field occurs
  stats::Estimate accuracy;
};

struct LatencySummary {
  std::int64_t n = 0;  // answers that were timed
  double median = 0;
  double p95 = 0;
  double mean = 0;
};

// Format compliance at more patient levels (metrics/format_levels.h); only with a JSON Schema.
struct FormatPatience {
  stats::Estimate fenced;   // one ``` fence pair around the answer is forgiven
  stats::Estimate extract;  // so is any text around the first JSON value
  double field = 0;         // mean share of the required fields that are there and valid
};

// Of labels: what a rate of right ones hides when the classes are uneven.
struct LabelSummary {
  std::optional<double> macro_f1;
  std::optional<double> mcc;
};

struct ArmSummary {
  std::string name;
  std::int64_t n = 0;
  stats::Estimate format_compliance;
  stats::Estimate domain_accuracy;
  stats::Estimate exact_match;
  stats::Estimate json_found;
  std::optional<FormatPatience> patience = {};
  std::optional<LabelSummary> labels = {};
  std::vector<MeasureSummary> measures = {};  // those that have a figure
  LatencySummary latency_ms;
  LatencySummary first_token_ms;
  std::optional<metrics::ConsistencyScore> consistency = {};
  std::optional<AdapterOverhead> adapter_overhead = {};
  double prompt_tokens = 0;      // mean per item
  double completion_tokens = 0;  // mean per item
  std::int64_t preferred_terms = 0;
  std::int64_t forbidden_terms = 0;
  std::int64_t failures = 0;  // items without an answer
  std::int64_t cut = 0;       // answers that the limit of their length ended
  std::vector<FieldAccuracy> fields;
};

struct RateComparison {
  stats::PairedCounts counts;  // first = the subject
  stats::Estimate difference;
  double p = 1;  // exact McNemar; with clusters the permutation test of intervals.h
};

struct MeasureDifference {
  std::string name, words;
  bool lower_is_better = false;
  stats::Estimate difference;
};

// The subject (tuned) against another arm; differences are subject minus other.
struct PairedComparison {
  std::string subject;
  std::string other;
  RateComparison format_compliance;
  RateComparison exact_match;
  stats::Estimate domain_accuracy_difference;
  stats::Estimate latency_ms_difference;      // of means
  stats::Estimate first_token_ms_difference;  // Hodges-Lehmann
  std::vector<MeasureDifference> measures = {};
};

struct ExampleAnswer {
  std::string arm;
  std::string text;
  ItemScore score;
};

struct Example {
  std::string id;
  std::string input;
  std::string reference;
  std::vector<ExampleAnswer> answers;  // one an arm
};

// Items that belong together, by a field of their rows.
struct Clusters {
  std::string field;
  std::int64_t n = 0;
};

struct Comparison {
  std::int64_t n = 0;
  std::optional<Clusters> clusters = {};
  Metric metric = Metric::field_accuracy;
  std::string compliance_basis;  // in words: what "compliant" meant here
  std::string subject;
  std::vector<ArmSummary> arms;
  std::vector<PairedComparison> comparisons;
  std::vector<Example> examples;               // spread evenly over the items
  std::vector<Example> worst;                  // the subject's worst items, worst first
  std::vector<std::vector<ItemScore>> scores;  // [arm][item]
  std::optional<JudgeReport> judge = {};
  std::vector<Supplement> supplements = {};  // parts of the report beside these tables
};

struct CompareOptions {
  const grammar::Contract* contract = nullptr;
  MeasurePlan measures = {};
  const Criteria* criteria = nullptr;  // of metric criteria
  std::string cluster = {};            // the field that Item::cluster comes from, for people
  std::string subject = "tuned";       // compared with every other arm, if it is there
  stats::BootstrapOptions bootstrap = {};
  std::int64_t examples = 5;
  std::int64_t worst = 10;
};

// Refused: no items, no arms, two arms of one name, an arm with another number of answers than
// there are items, items that the metric cannot score.
Result<Comparison> compare(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                           const CompareOptions& options);

// The arm of that name, or nullptr.
const ArmSummary* find_arm(const Comparison& comparison, std::string_view name);

// "zero_shot" as people read it: "zero-shot".
std::string display_name(std::string_view arm);

}  // namespace attune::eval
