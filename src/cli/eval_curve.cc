// attune eval curve: the same task tuned on nested subsets, and what the curve through them says
// about more examples. Runs that are in curve.jsonl are not run again.
#include <algorithm>
#include <ctime>
#include <memory>
#include <numeric>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/random.h"
#include "cli/curve_rows.h"
#include "cli/eval.h"
#include "cli/tune.h"
#include "cli/tune_prompts.h"
#include "eval/curve.h"
#include "grammar/instruction.h"
#include "infer/generator.h"
#include "io/jsonl.h"
#include "io/line_log.h"
#include "io/sha256.h"

namespace attune::cli {

namespace {

struct CurveOptions {
  TuneOptions tune;
  std::vector<std::int64_t> sizes = {0, 25, 50, 100, 200, 400};
  std::int64_t subsets = 1, seeds = 1;
  std::string rule = "epochs";
  std::vector<double> targets = {0.90, 0.95};
  std::int64_t most_items = 300;
  std::vector<std::string> metrics = {};
  bool longest_is_given = false;  // --max-answer-tokens
};

struct RunPlan {
  std::string rule;
  std::int64_t examples, subset, seed;
};

// What the runs share.
struct CurveMaterial {
  const CurveOptions& options;
  const kernels::Context& context;
  const text::ChatFormat& format;
  const CurveRows& rows;
};

// The sizes are cut from one order of the training rows, so that each subset holds the smaller.
std::vector<std::int64_t> subset_rows(const CurveMaterial& material, const RunPlan& plan) {
  std::vector<std::int64_t> rows = material.rows.split.train;
  const RandomStream draws{.seed = material.options.tune.train.seed,
                           .stream = stream_id("cli/eval_curve"),
                           .step = static_cast<std::uint32_t>(plan.subset)};
  for (std::size_t i = rows.size(); i > 1; --i)
    std::swap(rows[i - 1], rows[draws.below(i, static_cast<std::uint64_t>(i))]);
  rows.resize(static_cast<std::size_t>(plan.examples));
  return rows;
}

train::TrainOptions training_of(const CurveMaterial& material, const RunPlan& plan) {
  const CurveOptions& options = material.options;
  train::TrainOptions training = options.tune.train;
  training.seed = static_cast<std::uint64_t>(plan.seed);
  training.keep_best = false;  // no validation rows: each run ends with its last parameters
  if (plan.rule == "steps") {
    const std::int64_t largest = *std::max_element(options.sizes.begin(), options.sizes.end());
    const std::int64_t batch = training.documents_per_step;
    training.max_steps = training.epochs * ((largest + batch - 1) / batch);
    training.epochs = 0;
  }
  return training;
}

Result<eval::ArmResult> answers_of(const CurveMaterial& material, const model::Model& model,
                                   bool tuned) {
  const std::string instruction = !tuned && material.rows.contract
                                      ? grammar::instruction(*material.rows.contract)
                                      : std::string();
  infer::Generator generator(material.context, model, material.format.tokenizer(),
                             material.format.stop_ids(), {});
  std::vector<infer::Request> requests;
  for (const std::int64_t row : material.rows.split.test) {
    const data::Example& example = material.rows.examples[static_cast<std::size_t>(row)];
    const Json own = question_messages(example);
    infer::Request& request = requests.emplace_back();
    ATTUNE_TRY(request.prompt,
               material.format.encode_prompt(
                   tuned ? own : instructed_messages(own, {}, instruction), example.tools));
    request.max_new_tokens = material.options.tune.max_answer_tokens;
  }
  ATTUNE_TRY(const std::vector<infer::Completion> done, generator.run(requests));
  eval::ArmResult result{.name = tuned ? "tuned" : "zero_shot", .answers = {}};
  for (const infer::Completion& one : done) result.answers.push_back({.text = one.text});
  return result;
}

Result<eval::CurveRun> run_one(const CurveMaterial& material, const RunPlan& plan) {
  const TuneOptions& tune = material.options.tune;
  ATTUNE_TRY(model::Model model, tune.model.load());
  eval::CurveRun run{.rule = plan.rule,
                     .examples = plan.examples,
                     .subset = plan.subset,
                     .seed = plan.seed,
                     .errors = {}};
  if (plan.examples > 0) {
    ATTUNE_TRY_VOID(model.add_lora(tune.lora, static_cast<std::uint64_t>(plan.seed)));
    const train::EncodedRows rows =
        train::encode_rows(material.format, material.rows.examples, subset_rows(material, plan));
    ATTUNE_TRY_VOID(rows.check());
    ATTUNE_TRY(train::Trainer trainer,
               train::Trainer::create(material.context, model,
                                      {.train = rows.documents, .validation = {}, .plan = {}},
                                      training_of(material, plan)));
    ATTUNE_TRY(const train::TrainOutcome outcome, trainer.run({}));
    run.steps = outcome.steps;
    run.seconds = outcome.seconds;
  }
  model.arrange_for_answers();
  ATTUNE_TRY(eval::ArmResult answers, answers_of(material, model, plan.examples > 0));
  const grammar::Contract* contract = material.rows.contract ? &*material.rows.contract : nullptr;
  ATTUNE_TRY(const eval::Comparison scored,
             eval::compare(material.rows.items, {std::move(answers)},
                           {.contract = contract,
                            .measures = {.metric = material.rows.measures.metric},
                            .bootstrap = {.resamples = 1}}));
  run.format_compliance = scored.arms.front().format_compliance.value;
  run.domain_accuracy = scored.arms.front().domain_accuracy.value;
  for (const eval::ItemScore& score : scored.scores.front())
    run.errors.push_back(1 - score.accuracy);
  return run;
}

std::vector<RunPlan> plan_runs(const CurveOptions& options) {
  std::vector<RunPlan> plans;
  for (const char* rule : {"epochs", "steps"}) {
    if (options.rule != rule && options.rule != "both") continue;
    for (const std::int64_t size : options.sizes) {
      if (size == 0 && !plans.empty() && plans.front().examples == 0) continue;
      for (std::int64_t subset = 0; subset < (size == 0 ? 1 : options.subsets); ++subset) {
        for (std::int64_t seed = 1; seed <= (size == 0 ? 1 : options.seeds); ++seed)
          plans.push_back({rule, size, subset, seed});
      }
    }
  }
  return plans;
}

// What must be the same for the runs of an earlier call to count.
Json settings_of(const CurveMaterial& material) {
  const TuneOptions& tune = material.options.tune;
  Json settings = {
      {"model", tune.model.model},
      {"dtype", tune.model.dtype},
      {"data", material.rows.fingerprint},
      {"map", tune.data.map},
      {"contract",
       material.rows.contract ? Json(sha256(to_text(material.rows.contract->document()))) : Json()},
      {"max_answer_tokens", tune.max_answer_tokens},
      {"schedule", tune.schedule},
      {"epochs", tune.train.epochs},
      {"batch", tune.train.documents_per_step},
      {"learning_rate", tune.train.learning_rate},
      {"rank", tune.lora.rank},
      {"alpha", tune.lora.alpha},
      {"dropout", tune.lora.dropout},
      {"split_seed", tune.train.seed},
      {"train_rows", material.rows.split.train.size()},
      {"items", material.rows.split.test.size()},
      {"largest", *std::max_element(material.options.sizes.begin(), material.options.sizes.end())}};
  if (const Json measures = eval::to_json(material.rows.measures); !measures.empty())
    settings["measures"] = measures;
  return settings;
}

Result<std::vector<eval::CurveRun>> earlier_runs(LineLog& log, const Json& settings,
                                                 const Path& path) {
  std::vector<eval::CurveRun> runs;
  const std::string head = to_text(Json{{"version", 1}, {"settings", settings}});
  if (log.earlier().empty()) {
    ATTUNE_TRY_VOID(log.append({&head, 1}));
    return runs;
  }
  JsonlReader lines(log.earlier(), path.string());
  ATTUNE_TRY(const std::optional<JsonLine> first, lines.next());
  if (!first || to_text(first->value) != head) {
    return bad_input({.where = path.string(),
                      .found = "runs with other settings",
                      .wanted = to_text(settings),
                      .fix = "give the same options as before, or another --out"});
  }
  while (true) {
    ATTUNE_TRY(const std::optional<JsonLine> line, lines.next());
    if (!line) return runs;
    ATTUNE_TRY(
        eval::CurveRun run,
        eval::curve_run_from_json(line->value, fmt::format("{}:{}", path.string(), line->line)));
    runs.push_back(std::move(run));
  }
}

Result<std::vector<eval::CurveRun>> run_all(const CurveMaterial& material) {
  const Path path = Path(material.options.tune.out) / "curve.jsonl";
  ATTUNE_TRY(LineLog log, LineLog::open(path));
  const Json settings = settings_of(material);
  ATTUNE_TRY(std::vector<eval::CurveRun> runs, earlier_runs(log, settings, path));
  const std::vector<RunPlan> plans = plan_runs(material.options);
  for (std::size_t k = 0; k < plans.size(); ++k) {
    const RunPlan& plan = plans[k];
    const bool done = std::any_of(runs.begin(), runs.end(), [&](const eval::CurveRun& run) {
      return run.examples == plan.examples && run.subset == plan.subset && run.seed == plan.seed &&
             (run.rule == plan.rule || plan.examples == 0);
    });
    if (done) continue;
    ATTUNE_TRY(eval::CurveRun run, run_one(material, plan));
    const std::string line = to_text(eval::to_json(run));
    ATTUNE_TRY_VOID(log.append({&line, 1}));
    if (!material.options.tune.json) {
      fmt::print(
          "{} of {}: {} examples (subset {}, seed {}, {}): {} steps in {:.0f} s, compliance "
          "{:.1f} %, accuracy {:.1f} %\n",
          k + 1, plans.size(), plan.examples, plan.subset, plan.seed, plan.rule, run.steps,
          run.seconds, 100 * run.format_compliance, 100 * run.domain_accuracy);
      std::fflush(stdout);
    }
    runs.push_back(std::move(run));
  }
  // Runs that an earlier call asked for and this one does not.
  std::erase_if(runs, [&](const eval::CurveRun& run) {
    return std::none_of(plans.begin(), plans.end(), [&](const RunPlan& plan) {
      return run.examples == plan.examples && run.subset == plan.subset && run.seed == plan.seed &&
             (run.rule == plan.rule || plan.examples == 0);
    });
  });
  return runs;
}

Result<void> check_sizes(CurveOptions& options, const data::Split& split) {
  std::sort(options.sizes.begin(), options.sizes.end());
  options.sizes.erase(std::unique(options.sizes.begin(), options.sizes.end()), options.sizes.end());
  if (options.sizes.size() < 3) {
    return bad_input({.where = "--sizes",
                      .found = fmt::format("{} sizes", options.sizes.size()),
                      .wanted = "three or more: a curve needs them"});
  }
  if (options.sizes.back() > std::ssize(split.train)) {
    return bad_input({.where = "--sizes",
                      .found = fmt::format("{} examples", options.sizes.back()),
                      .wanted = fmt::format("at most the {} training rows", split.train.size()),
                      .fix = "give more rows or smaller sizes"});
  }
  return {};
}

Result<int> run(CurveOptions options) {
  TuneOptions& tune = options.tune;
  tune.most_train_rows = *std::max_element(options.sizes.begin(), options.sizes.end());
  ATTUNE_TRY(const CurveRows rows,
             read_curve_rows(tune, options.metrics, options.most_items, options.longest_is_given));
  ATTUNE_TRY(tune.train.schedule, train::parse_schedule_kind(tune.schedule));
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(tune.model.model));
  ATTUNE_TRY(const kernels::Context context, tune.model.context());
  ATTUNE_TRY_VOID(check_sizes(options, rows.split));
  ATTUNE_TRY_VOID(ensure_directory(tune.out));
  if (!tune.json && names_suite(tune.data.file)) {
    fmt::print("{} rows to train on, {} to answer\n", rows.split.train.size(), rows.items.size());
  }
  const CurveMaterial material{options, context, format, rows};
  ATTUNE_TRY(const std::vector<eval::CurveRun> runs, run_all(material));
  ATTUNE_TRY(const eval::CurveReport report, eval::report_curve(runs, options.targets));
  const Path out = tune.out;
  const std::string created = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  ATTUNE_TRY_VOID(write_file_atomic(out / "curve.json", to_pretty_text(eval::curve_json(report))));
  ATTUNE_TRY_VOID(write_file_atomic(
      out / "curve.html",
      eval::curve_html(report, Path(tune.data.file).filename().string(), created)));
  if (tune.json) {
    fmt::print("{}\n", to_text(eval::curve_json(report)));
  } else {
    fmt::print("\n{}{}: curve.html, curve.json, curve.jsonl\n", eval::curve_text(report), tune.out);
  }
  return 0;
}

}  // namespace

void add_eval_curve(CLI::App& group, Body& selected) {
  auto o = std::make_shared<CurveOptions>();
  CLI::App* c = group.add_subcommand(
      "curve", "Tune on nested subsets: how many more examples for how much more");
  o->tune.data.declare(*c);
  o->tune.model.declare(*c, false);
  declare_training(*c, o->tune);
  c->remove_option(c->get_option("--max-train"));
  c->remove_option(c->get_option("--max-validation"));
  c->remove_option(c->get_option("--patience"));
  c->add_option("--epochs", o->tune.train.epochs, "Passes over the largest subset")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  c->add_option("--sizes", o->sizes, "Training rows of each run, with commas between; 0: zero-shot")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  c->add_option("--subsets", o->subsets, "Orders of the rows that the subsets are cut from")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{20}))
      ->capture_default_str();
  c->add_option("--seeds", o->seeds, "Trainings of each subset")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{20}))
      ->capture_default_str();
  c->add_option("--equal", o->rule, "What is the same at each size: epochs, steps or both in turn")
      ->check(CLI::IsMember({"epochs", "steps", "both"}))
      ->capture_default_str();
  c->add_option("--goal", o->targets, "Accuracies to find the number of examples for")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  c->add_option("--max-items", o->most_items, "Held-out items that each run answers")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  c->add_option("--metric,--metrics", o->metrics,
                "Measures, with commas between: " + eval::measure_names())
      ->delimiter(',');
  c->add_option("--max-answer-tokens", o->tune.max_answer_tokens, "Longest answer")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  o->tune.out = "out/curve";
  c->add_option("--out", o->tune.out, "Folder; the same command goes on with what is there")
      ->capture_default_str();
  c->add_flag("--json", o->tune.json, "Print curve.json instead of tables");
  c->get_option("file")->description(
      "Examples, or a suite.yaml whose examples are trained on and whose data is answered");
  c->callback([o, c, &selected] {
    o->longest_is_given = c->count("--max-answer-tokens") > 0;
    selected = [o] { return run(*o); };
  });
}

}  // namespace attune::cli
