// attune advise: prompt, retrieve, constrain, fine-tune or do nothing, with the money.
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "advise/advice.h"
#include "advise/answers.h"
#include "advise/page.h"
#include "cli/command.h"
#include "io/file.h"
#include "io/yaml.h"

namespace attune::cli {

namespace {

struct AdviseOptions {
  std::string file, report, log, rows, prices, html;
  std::vector<std::string> set;
  advise::DrawOptions draws;
  bool json = false, print_template = false;
};

constexpr std::size_t kEveryText = std::numeric_limits<std::size_t>::max();

Result<advise::RequestLog> read_log(const std::string& path,
                                    std::size_t texts_to_keep = advise::kTextsToKeep) {
  ATTUNE_TRY(const MappedFile file, MappedFile::open(path));
  return advise::read_request_log(file.text(), path, texts_to_keep);
}

// What is measured comes first; what was given wins over it; then the report, as it is held against
// today's rework and prompt; and last what is held against the rework that it found.
Result<advise::Evidence> gather(const AdviseOptions& options, std::chrono::sys_days today,
                                advise::Inputs& inputs) {
  advise::Evidence evidence;
  if (!options.log.empty()) {
    ATTUNE_TRY(const advise::RequestLog log, read_log(options.log));
    evidence.log = advise::measure_log(log);
    advise::apply_log(*evidence.log, inputs);
  }
  if (!options.rows.empty()) {
    ATTUNE_TRY(const advise::RequestLog rows, read_log(options.rows, kEveryText));
    evidence.rows = advise::measure_log(rows);
    ATTUNE_TRY(evidence.rows_with_personal_data, advise::count_rows_with_personal_data(rows));
    advise::apply_rows(*evidence.rows, evidence.rows_with_personal_data, inputs);
  }
  advise::Answers answers;
  if (!options.file.empty()) {
    ATTUNE_TRY(const Json document, read_yaml(options.file));
    ATTUNE_TRY_VOID(answers.read(document, options.file));
  }
  for (const std::string& assignment : options.set) ATTUNE_TRY_VOID(answers.set(assignment));
  if (const std::optional<std::string> model = answers.model()) {
    advise::PriceList list = advise::PriceList::built_in(today);
    if (!options.prices.empty()) {
      ATTUNE_TRY(list, advise::PriceList::load(options.prices, today));
    }
    ATTUNE_TRY(evidence.prices, advise::apply_prices(list, *model, inputs));
  } else if (!options.prices.empty()) {
    return bad_input({.where = "--prices",
                      .found = "no model is named",
                      .wanted = "the model whose prices to take",
                      .fix = "add --set model=NAME"});
  }
  ATTUNE_TRY_VOID(answers.apply(today, inputs));
  if (!options.report.empty()) {
    ATTUNE_TRY(const Json report, read_json(options.report));
    ATTUNE_TRY(evidence.report, advise::apply_report(report, options.report, inputs));
    ATTUNE_TRY_VOID(answers.apply_rework_after(inputs));
  }
  return evidence;
}

Result<int> run(const AdviseOptions& options) {
  if (options.print_template) {
    fmt::print("{}", advise::answers_template());
    return 0;
  }
  const std::chrono::sys_days today = advise::today();
  advise::Inputs inputs;
  ATTUNE_TRY(advise::Evidence evidence, gather(options, today, inputs));
  const advise::Advice advice =
      advise::make_advice(inputs, {.today = today, .draws = options.draws}, std::move(evidence));
  if (!options.html.empty())
    ATTUNE_TRY_VOID(write_file_atomic(options.html, advise::advice_html(advice)));
  if (options.json) {
    fmt::print("{}\n", to_text(advise::advice_json(advice)));
  } else {
    fmt::print("{}", advise::advice_text(advice));
  }
  return advice.exit_code();
}

}  // namespace

void add_advise(CLI::App& app, Body& selected) {
  auto o = std::make_shared<AdviseOptions>();
  CLI::App* c = app.add_subcommand(
      "advise",
      "Prompt, retrieve (RAG), constrain, fine-tune or do nothing: the verdict with its money "
      "(exit 0: decided, 3: inconclusive)");
  c->add_option("FILE", o->file, "Answers as YAML or JSON; --template prints one to fill in");
  c->add_option("--set", o->set, "One answer: NAME=VALUE or NAME=LOW..HIGH; may be repeated")
      ->allow_extra_args(false);
  c->add_option("--report", o->report, "report.json of attune tune: what tuning gains, measured");
  c->add_option("--log", o->log, "Requests with their answers, JSONL (docs/advise.md)");
  c->add_option("--rows", o->rows,
                "Training rows, JSONL: their count, facts to be learned by heart, personal data");
  c->add_option("--prices", o->prices, "A price list of your own (docs/curation.md)");
  c->add_option("--draws", o->draws.count, "Draws from the intervals")
      ->check(CLI::Range(std::int64_t{100}, std::int64_t{1'000'000}))
      ->capture_default_str();
  c->add_option("--seed", o->draws.seed, "Of the draws")->capture_default_str();
  c->add_option("--html", o->html, "Write the page as one HTML file too");
  c->add_flag("--json", o->json, "Print one JSON object");
  c->add_flag("--template", o->print_template, "Print every input with its default, as YAML");
  c->callback([o, &selected] { selected = [o] { return run(*o); }; });
}

}  // namespace attune::cli
