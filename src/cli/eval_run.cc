// attune eval run: ways of answering side by side on the same held-out items, with the evidence on
// disk. Read run() for the order.
#include <algorithm>
#include <ctime>
#include <map>
#include <memory>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "advise/verdict.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "cli/eval.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/version.h"
#include "eval/report.h"
#include "eval/table.h"
#include "stats/power.h"

namespace attune::cli {

namespace {

constexpr std::size_t kMostValidation = 100;  // rows on which the number of shots is chosen

std::string now_utc() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

// Said before anything is asked: what so many items can prove.
void print_power(std::int64_t items) {
  const double gain = stats::smallest_gain(items);
  if (gain >= 1) {
    fmt::print("{} items: too few to show any difference\n", items);
    return;
  }
  fmt::print(
      "{} items can show a difference of {:.1f} points or more (80 % power, if {:.0f} % of them go "
      "the other way); 2 points take {}\n",
      items, 100 * gain, 100 * stats::kUsualLoss,
      stats::items_needed(stats::discordant_share(0.02), 0.02));
}

// The arm's questions, and the answers to them.
struct AskedArms {
  std::vector<std::vector<Question>> questions;  // [arm][item]
  std::vector<eval::ArmResult> arms;
  std::vector<ChatModel*> models;
  std::map<std::string, std::vector<metrics::ConsistencyItem>> consistency;
  std::map<std::string, eval::AdapterTimes> adapter_times;
  std::optional<eval::JudgeRecord> judge;
  std::shared_ptr<const eval::RunRecord> general;
};

struct Runner {
  const EvalOptions& options;
  Material& material;
  const std::vector<eval::Item>& items;
  eval::AnswerCache& cache;
  Spending& spending;
  ModelShelf shelf;
  StatusLine status;
  std::map<std::string, std::int64_t> answered = {};  // by arm

  // What a budget that is spent turns any phase into.
  Result<void> go_on() const {
    if (!spending.stopped()) return {};
    return environment_failure(
        {.where = "the budget", .found = "spent: " + spending.text(), .wanted = "a larger one"});
  }

  AnswerProgress show(std::string what) {
    return [this, what = std::move(what)](std::size_t done, std::size_t all) {
      status.show(fmt::format("{}: {} of {} answers", what, done, all));
    };
  }

  Result<eval::ArmResult> ask(ChatModel& model, const Material& about, const eval::SuiteArm& arm,
                              std::vector<Question>& questions) {
    auto result = ask_arm(model, about, arm, questions, cache, show(arm.name));
    status.clear();
    if (result && &about == &material) {
      answered[arm.name] = std::count_if(result->answers.begin(), result->answers.end(),
                                         [](const auto& one) { return one.failure.empty(); });
    }
    if (result) ATTUNE_TRY_VOID(go_on());
    return result;
  }

  // The number of shots with the largest sum of compliance and accuracy on the validation rows; the
  // smaller of two that are equal.
  Result<std::int64_t> choose_shots(ChatModel& model, const eval::SuiteArm& arm) {
    if (arm.shots.size() == 1) return arm.shots.front();
    Material about = material;
    about.rows = material.validation;
    if (about.rows.size() > kMostValidation) about.rows.resize(kMostValidation);
    std::vector<std::int64_t> counts = arm.shots;
    std::sort(counts.begin(), counts.end());
    std::int64_t best = 0;
    double best_sum = -1;
    for (const std::int64_t count : counts) {
      ATTUNE_TRY(std::vector<Question> questions, questions_of(about, arm, count));
      ATTUNE_TRY(eval::ArmResult result, ask(model, about, arm, questions));
      ATTUNE_TRY(const std::vector<eval::Item> validation, items_of(about));
      ATTUNE_TRY(const eval::Comparison scored,
                 eval::compare(validation, {std::move(result)},
                               {.contract = material.contract ? &*material.contract : nullptr,
                                .measures = {.metric = material.suite.measures.metric}}));
      const double sum =
          scored.arms.front().format_compliance.value + scored.arms.front().domain_accuracy.value;
      if (!options.json) {
        fmt::print(
            "  {} with {} examples on {} validation rows: compliance {:.1f} %, accuracy {:.1f} %\n",
            arm.name, count, about.rows.size(), 100 * scored.arms.front().format_compliance.value,
            100 * scored.arms.front().domain_accuracy.value);
      }
      if (sum <= best_sum) continue;
      best = count;
      best_sum = sum;
    }
    return best;
  }

  void print_arm(const eval::ArmResult& result, std::int64_t shots, double seconds) const {
    std::int64_t failures = 0;
    double tokens = 0;
    for (const eval::Answer& answer : result.answers) {
      failures += answer.failure.empty() ? 0 : 1;
      tokens += static_cast<double>(answer.prompt_tokens);
    }
    fmt::print("  {}: {} answers in {}, prompts of {:.0f} tokens{}{}\n", result.name,
               std::ssize(result.answers) - failures, duration_text(seconds),
               tokens / static_cast<double>(result.answers.size()),
               shots > 0 ? fmt::format(" with {} examples", shots) : "",
               failures > 0 ? fmt::format("; {} WITHOUT AN ANSWER", failures) : "");
  }

  Result<AskedArms> ask_all() {
    AskedArms asked;
    for (eval::SuiteArm& arm : material.suite.arms) {
      const Stopwatch watch;
      if (arm.model.empty()) {
        ATTUNE_TRY(eval::ArmResult given, given_answers(material, arm));
        asked.arms.push_back(std::move(given));
        continue;
      }
      ATTUNE_TRY(ChatModel* const model, shelf.get(arm));
      ATTUNE_TRY(const std::int64_t shots, choose_shots(*model, arm));
      arm.shots = {shots};
      ATTUNE_TRY(std::vector<Question> questions, questions_of(material, arm, shots));
      ATTUNE_TRY(eval::ArmResult result, ask(*model, material, arm, questions));
      if (!options.json) print_arm(result, shots, watch.seconds());
      if (material.suite.consistency.items > 0) {
        const auto show = [&](std::size_t done, std::size_t all) {
          status.show(fmt::format("{}: asked again {} of {}", arm.name, done, all));
        };
        ATTUNE_TRY(
            asked.consistency[arm.name],
            measure_consistency(*model, material, arm, questions, result, items, cache, show));
        status.clear();
        ATTUNE_TRY_VOID(go_on());
      }
      asked.questions.push_back(std::move(questions));
      asked.arms.push_back(std::move(result));
      asked.models.push_back(model);
    }
    ATTUNE_TRY(asked.judge,
               ask_judge(shelf, material, items, cache, show("the judge"), asked.arms));
    ATTUNE_TRY_VOID(go_on());
    if (!material.suite.general.empty()) {
      const auto of_arm = [&](const std::string& arm) { return show("general items, " + arm); };
      ATTUNE_TRY(asked.general, ask_general(shelf, material.suite, cache, of_arm));
      ATTUNE_TRY_VOID(go_on());
    }
    status.clear();
    if (!asked.models.empty()) {
      time_arms(asked.models, material, asked.questions, asked.arms);
      asked.adapter_times = time_adapters(asked.models, material, asked.questions);
    }
    ATTUNE_TRY_VOID(judge_answers(shelf, material, items, cache, show("criteria"), asked.arms));
    status.clear();
    return asked;
  }
};

Json facts_of(const EvalOptions& options) {
  return {{"program", std::string("attune ") + kVersion},
          {"cpu", cpu_features().brand},
          {"dtype", options.dtype},
          {"threads", options.threads}};
}

Result<void> write_all(const Path& out, const eval::ReportInput& input,
                       const eval::RunRecord& record) {
  if (record.general) {
    ATTUNE_TRY(const eval::Comparison general, eval::compare_run(*record.general));
    ATTUNE_TRY_VOID(ensure_directory(out / eval::kGeneralRun));
    ATTUNE_TRY_VOID(eval::write_run(out / eval::kGeneralRun, *record.general, general));
  }
  ATTUNE_TRY_VOID(eval::write_run(out, record, input.comparison));
  ATTUNE_TRY_VOID(write_file_atomic(out / "report.md", eval::report_markdown(input)));
  ATTUNE_TRY_VOID(write_file_atomic(out / "junit.xml", eval::report_junit(input, record.items)));
  return eval::write_report(out, input);
}

// The same arm of an earlier run on the items of both; its exit code, 0 without a baseline.
Result<int> hold_against_baseline(const EvalOptions& options,
                                  const std::optional<eval::RunRecord>& before,
                                  const eval::RunRecord& record) {
  if (!before) return 0;
  const bool same_arm = std::any_of(before->arms.begin(), before->arms.end(),
                                    [&](const auto& arm) { return arm.name == record.subject; });
  ATTUNE_TRY(const eval::JoinedRuns joined,
             eval::join_runs(*before, same_arm ? record.subject : before->subject, record,
                             record.subject));
  if (options.json) return comparison_code(joined);
  fmt::print("\nagainst {}:\n", options.baseline);
  return print_comparison(joined, false);
}

// Says what a run that its budget stopped has, what it lacks, and what goes on with it.
int stopped_by_budget(const Runner& runner) {
  const EvalOptions& options = runner.options;
  const std::int64_t all = std::ssize(runner.items);
  Json missing = Json::object();
  std::string lacking;
  for (const eval::SuiteArm& arm : runner.material.suite.arms) {
    const auto found = runner.answered.find(arm.name);
    const std::int64_t lacks = all - (found == runner.answered.end() ? 0 : found->second);
    if (lacks <= 0 || arm.model.empty()) continue;
    missing[arm.name] = lacks;
    lacking +=
        fmt::format("{}{} of {} items of {}", lacking.empty() ? "" : ", ", lacks, all, arm.name);
  }
  if (lacking.empty()) lacking = "what is asked after the arms: consistency, judge, general items";
  const std::string command = fmt::format("the same command, with --out {}", options.out);
  if (options.json) {
    fmt::print("{}\n", to_text(Json{{"stopped", "budget"},
                                    {"spent", runner.spending.text()},
                                    {"answers", runner.cache.size()},
                                    {"missing", missing},
                                    {"go_on", command}}));
    return kStoppedByBudget;
  }
  fmt::print(
      "\nStopped by the budget: {}\n  kept: {} answers in {}\n  missing: {}\n  go on with: {}; it "
      "asks only what is missing, with the budget anew\n",
      runner.spending.text(), runner.cache.size(),
      (Path(options.out) / eval::kAnswerCacheName).string(), lacking, command);
  return kStoppedByBudget;
}

Result<int> run(const EvalOptions& options) {
  ATTUNE_TRY(eval::Suite suite, choose_suite(options));
  ATTUNE_TRY(Material material, load_material(std::move(suite)));
  ATTUNE_TRY(const std::vector<eval::Item> items, items_of(material));
  ATTUNE_TRY_VOID(eval::check_items(items, material.scored_by()));
  std::optional<eval::RunRecord> before;  // read now: the same folder may be written to
  if (!options.baseline.empty()) {
    ATTUNE_TRY(before, eval::read_run(options.baseline));
  }
  if (!options.json) {
    const std::vector<std::int64_t> clusters = eval::clusters_of(items);
    print_power(clusters.empty() ? std::ssize(items) : eval::count_clusters(clusters));
  }
  ATTUNE_TRY_VOID(ensure_directory(options.out));
  const Path out = options.out;
  ATTUNE_TRY(eval::AnswerCache cache, eval::AnswerCache::open(out / eval::kAnswerCacheName));
  Spending spending(material.suite.budget);
  Runner runner{options,
                material,
                items,
                cache,
                spending,
                ModelShelf(options, spending),
                StatusLine(!options.json)};
  Result<AskedArms> outcome = runner.ask_all();
  if (!outcome && spending.stopped()) return stopped_by_budget(runner);
  ATTUNE_TRY(AskedArms asked, std::move(outcome));

  eval::RunRecord record{.created = now_utc(),
                         .suite = eval::to_json(material.suite),
                         .contract = material.contract ? material.contract->document() : Json(),
                         .measures = material.suite.measures,
                         .testing_criteria = material.suite.eval.testing_criteria,
                         .cluster = material.suite.cluster,
                         .subject = eval::subject_of(material.suite),
                         .facts = facts_of(options),
                         .items = items,
                         .arms = std::move(asked.arms),
                         .consistency = std::move(asked.consistency),
                         .adapter_times = std::move(asked.adapter_times),
                         .judge = std::move(asked.judge),
                         .general = std::move(asked.general)};
  ATTUNE_TRY(const eval::Comparison comparison, eval::compare_run(record));
  const eval::Verdict verdict = judge_run(comparison, record.suite);
  const eval::ReportInput input{.title = material.suite.name,
                                .created = record.created,
                                .comparison = comparison,
                                .verdict = verdict,
                                .data = {{"items", material.suite.data}, {"n", items.size()}},
                                .model = record.suite};
  ATTUNE_TRY_VOID(write_all(out, input, record));
  if (options.json) {
    fmt::print("{}\n", to_text(eval::report_json(input)));
  } else {
    fmt::print("\n{}\n{}\n{}: report.html, report.md, report.json, results.jsonl, junit.xml\n",
               eval::comparison_table(comparison), eval::verdict_text(verdict), options.out);
  }
  ATTUNE_TRY(const int baseline_code, hold_against_baseline(options, before, record));
  const auto either = [&](int code) { return verdict.exit_code == code || baseline_code == code; };
  return either(1) ? 1 : either(3) ? 3 : 0;
}

void declare_suite(CLI::App& c, EvalOptions& o) {
  CLI::Option* file =
      c.add_option("suite", o.suite_file, "Suite file, YAML or JSON (docs/evaluation.md)");
  CLI::Option_group* own = c.add_option_group("Without a suite file");
  own->excludes(file);
  c.add_option("--data", o.suite.data, "Held-out rows; with an OpenAI eval, its rows");
  own->add_option("--map", o.suite.map, "Which columns make a conversation");
  c.add_option("--models", o.models,
               "Model folders, adapters and names at the endpoint, with commas between; with an "
               "OpenAI eval, in place of its model")
      ->delimiter(',');
  own->add_option("--contract", o.suite.contract, "JSON Schema that every answer must keep");
  own->add_option("--examples", o.suite.examples, "Rows for few-shot prompts: the training rows");
  own->add_option("--shots", o.shots, "Examples in a few-shot prompt")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{64}))
      ->capture_default_str();
  own->add_option("--metric,--metrics", o.metrics,
                  "Measures, with commas between: " + eval::measure_names())
      ->delimiter(',');
  own->add_option("--cluster", o.suite.cluster,
                  "Field that says which rows belong together: intervals draw them as one");
  own->add_option("--subject", o.suite.subject, "The arm that the others are compared with");
  own->add_option("--max-items", o.suite.most_items, "Most items; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  own->add_option("--max-answer-tokens", o.suite.most_tokens, "Longest answer")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  own->add_option("--temperature", o.suite.temperature, "0 takes the likeliest token each time")
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  own->add_option("--seed", o.suite.seed, "Of draws and of random examples")->capture_default_str();
  own->add_option("--timed-items", o.suite.timed_items, "Items answered once more, for latency")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  own->add_option("--consistency", o.suite.consistency.items,
                  "Items asked again in several ways for the consistency score; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  c.add_option("--checkpoints", o.checkpoints,
               "Folder of an attune tune run: each checkpoint of its training is an arm");
  own->add_option("--general", o.suite.general,
                  "General rows that the base and the subject answer: what tuning made it forget");
  own->add_option("--budget-seconds", o.suite.budget.seconds, "Stop asking after so long")
      ->check(CLI::NonNegativeNumber);
  own->add_option("--budget-tokens", o.suite.budget.tokens, "Stop asking after so many tokens")
      ->check(CLI::NonNegativeNumber);
  own->add_option("--require-format", o.require_format, "Bar for format compliance, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  own->add_option("--require-accuracy", o.require_accuracy, "Bar for domain accuracy, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
}

}  // namespace

void add_eval_run(CLI::App& group, Body& selected) {
  auto o = std::make_shared<EvalOptions>();
  CLI::App* c = group.add_subcommand("run", "Answer the same items in several ways and compare");
  declare_suite(*c, *o);
  c->add_option("--out", o->out, "Folder of the run; the same command goes on with what is there")
      ->capture_default_str();
  c->add_option("--baseline", o->baseline, "Folder of an earlier run to hold this one against");
  declare_dtype(*c, o->dtype, true);  // of models on this machine
  c->add_option("--threads", o->threads, "0: every CPU")->capture_default_str();
  c->add_option("--parallel", o->at_once, "Requests under way at an endpoint")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{64}))
      ->capture_default_str();
  o->remote.declare(*c);
  c->add_flag("--json", o->json, "Print report.json instead of tables");
  c->callback([o, &selected] { selected = [o] { return run(*o); }; });
}

}  // namespace attune::cli
