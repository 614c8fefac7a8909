// attune eval verify: every figure of a run, its verdict too, once more from its raw answers.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "advise/verdict.h"
#include "cli/eval.h"
#include "eval/report.h"
#include "io/jsonl.h"

namespace attune::cli {

namespace {

// The first figure that differs, as a path: "arms/0/domain_accuracy/value".
std::optional<std::string> first_difference(const Json& one, const Json& two,
                                            const std::string& path) {
  constexpr double kRounding = 1e-12;
  if (one.is_number() && two.is_number()) {
    const double a = one.get<double>(), b = two.get<double>();
    if (std::abs(a - b) <= kRounding * std::max(1.0, std::abs(a))) return std::nullopt;
    return fmt::format("{}: {} in the report, {} from the answers", path, a, b);
  }
  if (one.type() != two.type() || one.size() != two.size())
    return fmt::format("{}: {} in the report, {} from the answers", path,
                       to_text(one).substr(0, 60), to_text(two).substr(0, 60));
  if (!one.is_structured()) {
    if (one == two) return std::nullopt;
    return fmt::format("{}: {} in the report, {} from the answers", path, to_text(one),
                       to_text(two));
  }
  for (const auto& [key, member] : one.items()) {
    const bool has = one.is_array() || two.contains(key);
    if (!has) return fmt::format("{}/{}: only in the report", path, key);
    const Json& other = one.is_array() ? two[std::stoul(key)] : two[key];
    if (auto found = first_difference(member, other, path + "/" + key)) return found;
  }
  return std::nullopt;
}

// The scores that results.jsonl has beside the answers.
Result<std::optional<std::string>> changed_score(const Path& folder, const eval::RunRecord& record,
                                                 const eval::Comparison& comparison) {
  ATTUNE_TRY(const std::string text, read_file(folder / "results.jsonl"));
  JsonlReader lines(text, "results.jsonl");
  for (std::size_t i = 0; i < record.items.size(); ++i) {
    ATTUNE_TRY(const std::optional<JsonLine> line, lines.next());
    const Json again = eval::result_json(record, comparison, i);
    const std::string place = fmt::format("results.jsonl:{}", line ? line->line : 0);
    for (const eval::ArmResult& arm : record.arms) {
      const Json& answer = line->value["answers"][arm.name];
      const Json said = answer.value("scores", Json());
      const Json& scores = again["answers"][arm.name]["scores"];
      if (auto found = first_difference(said, scores, place + "/" + arm.name))
        return std::optional(std::move(*found));
    }
  }
  return std::optional<std::string>();
}

Result<int> verify(const std::string& folder) {
  ATTUNE_TRY(const eval::RunRecord record, eval::read_run(folder));
  ATTUNE_TRY(const Json report, read_json(Path(folder) / "report.json"));
  ATTUNE_TRY(const eval::Comparison comparison, eval::compare_run(record));
  const eval::Verdict verdict = judge_run(comparison, record.suite);
  const Json again =
      eval::report_json({.title = "", .created = "", .comparison = comparison, .verdict = verdict});
  const auto broken = [&](const std::string& difference) {
    fmt::print("{}: NOT what the answers give\n  {}\n", folder, difference);
    return 1;
  };
  std::vector<std::string> parts{"items", "metric",      "clusters", "compliance_basis",
                                 "arms",  "comparisons", "verdict",  "examples",
                                 "worst"};
  for (const eval::Supplement& one : comparison.supplements) parts.push_back(one.key);
  for (const std::string& part : parts) {
    const Json missing;
    const Json& said = report.is_object() && report.contains(part) ? report[part] : missing;
    if (const auto difference = first_difference(said, again[part], part))
      return broken(*difference);
  }
  const auto about_the_run = {"version", "title", "created", "training", "data", "model"};
  for (const auto& [key, value] : report.items()) {
    const bool known = again.contains(key) || std::find(about_the_run.begin(), about_the_run.end(),
                                                        key) != about_the_run.end();
    if (!known) return broken(key + ": only in the report");
  }
  ATTUNE_TRY(std::optional<std::string> score, changed_score(folder, record, comparison));
  if (!score && record.general) {
    ATTUNE_TRY(const eval::Comparison general, eval::compare_run(*record.general));
    ATTUNE_TRY(score, changed_score(Path(folder) / eval::kGeneralRun, *record.general, general));
  }
  if (score) return broken(*score);
  fmt::print(
      "{}: every figure of report.json, the verdict and every score follow from the answers in "
      "results.jsonl ({} items, {} arms)\n",
      folder, comparison.n, comparison.arms.size());
  return 0;
}

// Arms that are not told the contract are tuned ones.
std::vector<std::string> tuned_arms(const Json& suite) {
  std::vector<std::string> tuned;
  for (const Json& arm : suite.value("arms", Json::array())) {
    if (!arm.value("instructed", true)) tuned.push_back(arm.value("name", std::string()));
  }
  return tuned;
}

}  // namespace

eval::Verdict judge_run(const eval::Comparison& comparison, const Json& suite) {
  const Json require = suite.value("require", Json::object());
  const auto bar = [&](const char* name) -> std::optional<double> {
    if (!require.contains(name) || !require[name].is_number()) return std::nullopt;
    return require[name].get<double>();
  };
  const advise::Requirements bars{.format_compliance = bar("format_compliance"),
                                  .domain_accuracy = bar("domain_accuracy"),
                                  .exact_match = bar("exact_match")};
  const std::vector<std::string> tuned = tuned_arms(suite);
  const auto is_tuned = [&](const std::string& arm) {
    return std::find(tuned.begin(), tuned.end(), arm) != tuned.end();
  };
  // Another tuned arm is no prompting to hold the subject against.
  eval::Comparison held = comparison;
  std::erase_if(held.arms, [&](const eval::ArmSummary& one) {
    return one.name != comparison.subject && is_tuned(one.name);
  });
  eval::Verdict verdict = is_tuned(comparison.subject) && held.arms.size() > 1
                              ? advise::decide(held, bars)
                              : advise::check_bars(comparison, bars);
  if (comparison.judge) apply_judge(*comparison.judge, bar("judge"), verdict);
  return verdict;
}

void add_eval_verify(CLI::App& group, Body& selected) {
  auto folder = std::make_shared<std::string>();
  CLI::App* c = group.add_subcommand("verify", "Compute every figure of a run's report again");
  c->add_option("run", *folder, "Folder of the run")->required();
  c->callback([folder, &selected] { selected = [folder] { return verify(*folder); }; });
}

}  // namespace attune::cli
