#include "eval/curve.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace attune::eval {

namespace {

constexpr double kPlateauMargin = 0.02;  // "no more gain": within two points

std::map<std::int64_t, std::vector<const CurveRun*>> by_size(
    const std::vector<const CurveRun*>& runs) {
  std::map<std::int64_t, std::vector<const CurveRun*>> sizes;
  for (const CurveRun* run : runs) sizes[run->examples].push_back(run);
  return sizes;
}

CurveSize summarise(std::int64_t examples, const std::vector<const CurveRun*>& runs) {
  CurveSize size{.examples = examples, .runs = std::ssize(runs), .lowest = 1, .fitted = {}};
  for (const CurveRun* run : runs) {
    size.format_compliance += run->format_compliance / static_cast<double>(runs.size());
    size.domain_accuracy += run->domain_accuracy / static_cast<double>(runs.size());
    size.lowest = std::min(size.lowest, run->domain_accuracy);
    size.highest = std::max(size.highest, run->domain_accuracy);
  }
  return size;
}

// 1 - error of each item, mean over the runs.
std::vector<double> item_scores(const std::vector<const CurveRun*>& runs) {
  std::vector<double> scores(runs.front()->errors.size(), 1.0);
  for (const CurveRun* run : runs) {
    for (std::size_t i = 0; i < scores.size(); ++i)
      scores[i] -= run->errors[i] / static_cast<double>(runs.size());
  }
  return scores;
}

Result<RuleCurve> fit(const std::string& rule, const std::vector<const CurveRun*>& runs,
                      const std::vector<double>& targets) {
  RuleCurve result;
  result.rule = rule;
  std::vector<stats::CurvePoint> points;
  for (const CurveRun* run : runs) {
    double failures = 0;
    for (const double error : run->errors) failures += error;
    points.push_back({.examples = run->examples,
                      .failures = failures,
                      .items = std::ssize(run->errors),
                      .item_errors = run->errors});
  }
  ATTUNE_TRY(result.curve, stats::fit_learning_curve(std::move(points)));
  const auto sizes = by_size(runs);
  for (const auto& [examples, of_size] : sizes) {
    CurveSize& size = result.sizes.emplace_back(summarise(examples, of_size));
    ATTUNE_TRY(size.fitted, stats::score_at(result.curve, static_cast<double>(examples)));
  }
  result.limit = stats::score_limit(result.curve);
  for (const double target : targets)
    result.targets.push_back({target, stats::examples_for(result.curve, target)});
  const auto largest = std::prev(sizes.end());
  result.plateau = stats::tost_paired_means(
      item_scores(largest->second), item_scores(std::prev(largest)->second), kPlateauMargin);
  result.stop = stats::stop_rule(result.curve, result.plateau);
  return result;
}

std::vector<double> numbers(const Json& list) {
  std::vector<double> values;
  for (const Json& value : list) values.push_back(value.is_number() ? value.get<double>() : NAN);
  return values;
}

}  // namespace

Json to_json(const CurveRun& run) {
  return {{"rule", run.rule},
          {"examples", run.examples},
          {"subset", run.subset},
          {"seed", run.seed},
          {"steps", run.steps},
          {"seconds", run.seconds},
          {"format_compliance", run.format_compliance},
          {"domain_accuracy", run.domain_accuracy},
          {"errors", run.errors}};
}

Result<CurveRun> curve_run_from_json(const Json& json, std::string_view where) {
  const auto broken = [&] {
    return bad_input({.where = std::string(where),
                      .found = to_text(json).substr(0, 80),
                      .wanted = "a run of a learning curve",
                      .fix = "restore the file, or choose another --out"});
  };
  if (!json.is_object()) return broken();
  for (const char* key : {"examples", "subset", "seed"}) {
    if (!json.contains(key) || !json[key].is_number_integer()) return broken();
  }
  for (const char* key : {"steps", "seconds", "format_compliance", "domain_accuracy"}) {
    if (json.contains(key) && !json[key].is_number()) return broken();
  }
  if (!json.contains("errors") || !json["errors"].is_array() || !json.contains("rule") ||
      !json["rule"].is_string())
    return broken();
  CurveRun run{.rule = json["rule"].get<std::string>(),
               .examples = json["examples"].get<std::int64_t>(),
               .subset = json["subset"].get<std::int64_t>(),
               .seed = json["seed"].get<std::int64_t>(),
               .steps = json.value("steps", std::int64_t{0}),
               .seconds = json.value("seconds", 0.0),
               .format_compliance = json.value("format_compliance", 0.0),
               .domain_accuracy = json.value("domain_accuracy", 0.0),
               .errors = numbers(json["errors"])};
  const bool good = std::all_of(run.errors.begin(), run.errors.end(),
                                [](double error) { return error >= 0 && error <= 1; });
  if (!good) return broken();
  return run;
}

Result<CurveReport> report_curve(const std::vector<CurveRun>& runs,
                                 const std::vector<double>& targets) {
  CurveReport report;
  std::map<std::string, std::vector<const CurveRun*>> rules;
  for (const CurveRun& run : runs) {
    // The untuned base belongs to both rules.
    if (run.examples > 0) rules[run.rule].push_back(&run);
  }
  for (auto& [rule, of_rule] : rules) {
    for (const CurveRun& run : runs) {
      if (run.examples == 0) of_rule.push_back(&run);
    }
    ATTUNE_TRY(RuleCurve curve, fit(rule, of_rule, targets));
    report.rules.push_back(std::move(curve));
  }
  return report;
}

}  // namespace attune::eval
