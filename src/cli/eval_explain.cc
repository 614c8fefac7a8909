// attune eval explain: why the subject of a run fails, and which rows to write next.
#include <fmt/format.h>

#include "cli/eval.h"
#include "cli/tune_prompts.h"
#include "data/prepare.h"
#include "eval/curve.h"
#include "eval/explain.h"
#include "eval/words.h"
#include "io/jsonl.h"

namespace attune::cli {

namespace {

struct ExplainCommand {
  std::string run, examples, map, curve;
  eval::ExplainOptions options;
  bool json = false;
};

Result<std::vector<eval::TrainingRow>> training_rows(const ExplainCommand& command) {
  std::vector<eval::TrainingRow> rows;
  if (command.examples.empty()) return rows;
  data::PrepareOptions options;
  options.read.map = command.map;
  options.read.supervised_only = true;
  ATTUNE_TRY(const data::Prepared prepared, data::prepare(command.examples, options));
  for (const data::Example& row : prepared.examples)
    rows.push_back({row.id, last_user_text(row), data::final_answer(row)});
  return rows;
}

// What so many rows more are worth, by the curve of `attune eval curve`.
Result<std::string> predicted_gain(const ExplainCommand& command, std::int64_t have) {
  const Path path = Path(command.curve) / "curve.jsonl";
  ATTUNE_TRY(const std::string text, read_file(path));
  std::vector<eval::CurveRun> runs;
  for (const JsonLine& line : parse_jsonl(text, path.string()).rows) {
    if (line.value.is_object() && line.value.contains("settings")) continue;
    ATTUNE_TRY(eval::CurveRun run, eval::curve_run_from_json(
                                       line.value, fmt::format("{}:{}", path.string(), line.line)));
    runs.push_back(std::move(run));
  }
  ATTUNE_TRY(const eval::CurveReport report, eval::report_curve(runs, {}));
  std::string out;
  for (const eval::RuleCurve& rule : report.rules) {
    const auto more = have + command.options.next_rows;
    ATTUNE_TRY(const stats::Estimate now, stats::score_at(rule.curve, static_cast<double>(have)));
    ATTUNE_TRY(const stats::Estimate then, stats::score_at(rule.curve, static_cast<double>(more)));
    out += fmt::format(
        "by the learning curve (equal {}), {} rows of any kind bring domain accuracy from {} to "
        "{}; "
        "rows that aim at failures should do better: write them, tune again, and let `attune eval "
        "compare` say\n",
        rule.rule, command.options.next_rows, eval::percent_interval(now),
        eval::percent_interval(then));
  }
  return out;
}

Result<int> explain_run(const ExplainCommand& command) {
  ATTUNE_TRY(const eval::RunRecord record, eval::read_run(command.run));
  ATTUNE_TRY(const eval::Comparison comparison, eval::compare_run(record));
  ATTUNE_TRY(const std::vector<eval::TrainingRow> rows, training_rows(command));
  const eval::Explanation why = eval::explain(record, comparison, rows, command.options);
  const Path next = Path(command.run) / "next_rows.jsonl";
  ATTUNE_TRY_VOID(write_file_atomic(next, eval::next_rows_jsonl(why)));
  std::string gain;
  if (!command.curve.empty()) {
    const Result<std::string> predicted = predicted_gain(command, std::ssize(rows));
    gain = predicted ? *predicted : "no gain is predicted: " + predicted.error().message() + "\n";
  }
  if (command.json) {
    Json json = eval::to_json(why);
    json["predicted_gain"] = gain;
    fmt::print("{}\n", to_text(json));
  } else {
    fmt::print("{}{}{}: the rows to write, with blanks\n", eval::explanation_text(why), gain,
               next.string());
  }
  return 0;
}

}  // namespace

void add_eval_explain(CLI::App& group, Body& selected) {
  auto o = std::make_shared<ExplainCommand>();
  CLI::App* c =
      group.add_subcommand("explain", "Why the subject of a run fails, and the rows to write next");
  c->add_option("run", o->run, "Folder of the run")->required();
  c->add_option("--examples", o->examples, "The training rows, to find those most like a failure");
  c->add_option("--map", o->map, "Which of their columns make a conversation");
  c->add_option("--rows", o->options.next_rows, "Rows to write next")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000}))
      ->capture_default_str();
  c->add_option("--curve", o->curve, "Folder of `attune eval curve`: what so many rows are worth")
      ->needs(c->get_option("--examples"));
  c->add_flag("--json", o->json, "Print one JSON object");
  c->callback([o, &selected] { selected = [o] { return explain_run(*o); }; });
}

}  // namespace attune::cli
