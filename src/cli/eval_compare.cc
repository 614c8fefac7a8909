// attune eval compare: one arm of two runs on the items of both.
#include <array>

#include <fmt/format.h>

#include "cli/eval.h"
#include "eval/report.h"
#include "eval/table.h"
#include "eval/words.h"
#include "stats/equivalence.h"

namespace attune::cli {

namespace {

constexpr double kMargin = 0.02;     // two points: what "the same" means
constexpr std::int64_t kFewest = 6;  // below, not even a sign test can reach p < 0.05

enum class Change { better, worse, same, unknown };

// From the interval of after - before, and an equivalence test that has shown "the same" or not.
// The test takes items as independent: where they belong together, the interval must lie within the
// margin instead.
Change change_of(const stats::Estimate& difference, const stats::Equivalence& same,
                 bool clustered) {
  const bool within = difference.low > -kMargin && difference.high < kMargin;
  if (clustered ? within : same.verdict == stats::EquivalenceVerdict::equivalent)
    return Change::same;
  if (difference.low > 0) return Change::better;
  if (difference.high < 0) return Change::worse;
  return Change::unknown;
}

std::string_view words(Change change) {
  switch (change) {
    case Change::better:
      return "better";
    case Change::worse:
      return "WORSE";
    case Change::same:
      return "the same within 2 points";
    case Change::unknown:
      break;
  }
  return "too few items to tell";
}

struct Judged {
  std::string_view measure;
  stats::Estimate difference;
  Change change = Change::unknown;
};

std::vector<double> accuracies(const std::vector<eval::ItemScore>& scores) {
  std::vector<double> values;
  for (const eval::ItemScore& score : scores) values.push_back(score.accuracy);
  return values;
}

std::array<Judged, 2> judge(const eval::Comparison& comparison) {
  const eval::PairedComparison& pair = comparison.comparisons.front();
  const bool clustered = comparison.clusters.has_value();
  const stats::Equivalence format =
      stats::tost_paired_rates(pair.format_compliance.counts, kMargin);
  const stats::Equivalence domain = stats::tost_paired_means(
      accuracies(comparison.scores[1]), accuracies(comparison.scores[0]), kMargin);
  std::array<Judged, 2> judged = {
      Judged{"format compliance", pair.format_compliance.difference,
             change_of(pair.format_compliance.difference, format, clustered)},
      Judged{"domain accuracy", pair.domain_accuracy_difference,
             change_of(pair.domain_accuracy_difference, domain, clustered)}};
  for (Judged& one : judged) {
    if ((clustered ? comparison.clusters->n : comparison.n) < kFewest) one.change = Change::unknown;
  }
  return judged;
}

int exit_code_of(const std::array<Judged, 2>& judged) {
  const auto any = [&](Change change) {
    return judged[0].change == change || judged[1].change == change;
  };
  if (any(Change::worse)) return 1;
  return any(Change::unknown) ? 3 : 0;
}

struct CompareOptions {
  std::string before, after, before_arm, after_arm;
  bool json = false;
};

Result<int> compare(const CompareOptions& options) {
  ATTUNE_TRY(const eval::RunRecord before, eval::read_run(options.before));
  ATTUNE_TRY(const eval::RunRecord after, eval::read_run(options.after));
  const auto arm = [](const std::string& asked, const eval::RunRecord& run) {
    return asked.empty() ? run.subject : asked;
  };
  const std::string new_arm = arm(options.after_arm, after);
  ATTUNE_TRY(const eval::JoinedRuns joined,
             eval::join_runs(before, arm(options.before_arm, before), after, new_arm));
  return print_comparison(joined, options.json);
}

}  // namespace

Result<int> print_comparison(const eval::JoinedRuns& joined, bool json) {
  ATTUNE_TRY(const eval::Comparison comparison, eval::compare_run(joined.record));
  const std::array<Judged, 2> judged = judge(comparison);
  const int code = exit_code_of(judged);
  if (json) {
    Json changes = Json::object();
    for (const Judged& one : judged) {
      changes[std::string(one.measure)] = {{"difference", one.difference.value},
                                           {"low", one.difference.low},
                                           {"high", one.difference.high},
                                           {"change", words(one.change)}};
    }
    const Json report = eval::report_json({.title = "comparison",
                                           .created = joined.record.created,
                                           .comparison = comparison,
                                           .verdict = {}});
    fmt::print("{}\n", to_text(Json{{"items", comparison.n},
                                    {"only_before", joined.only_before},
                                    {"only_after", joined.only_after},
                                    {"changes", changes},
                                    {"arms", report["arms"]},
                                    {"comparisons", report["comparisons"]},
                                    {"exit_code", code}}));
    return code;
  }
  fmt::print("{}", eval::comparison_table(comparison));
  if (joined.only_before > 0 || joined.only_after > 0)
    fmt::print("left out: {} items of the first run alone, {} of the second alone\n",
               joined.only_before, joined.only_after);
  for (const Judged& one : judged)
    fmt::print("{}: {} ({})\n", one.measure, words(one.change),
               eval::points_interval(one.difference));
  return code;
}

Result<int> comparison_code(const eval::JoinedRuns& joined) {
  ATTUNE_TRY(const eval::Comparison comparison, eval::compare_run(joined.record));
  return exit_code_of(judge(comparison));
}

void add_eval_compare(CLI::App& group, Body& selected) {
  auto o = std::make_shared<CompareOptions>();
  CLI::App* c = group.add_subcommand("compare", "One arm of two runs, on the items of both");
  c->add_option("before", o->before, "Folder of the first run")->required();
  c->add_option("after", o->after, "Folder of the second")->required();
  c->add_option("--arm", o->after_arm, "Arm of the second run; its subject otherwise");
  c->add_option("--before-arm", o->before_arm, "Arm of the first run; its subject otherwise");
  c->add_flag("--json", o->json, "Print one JSON object");
  c->callback([o, &selected] { selected = [o] { return compare(*o); }; });
}

}  // namespace attune::cli
