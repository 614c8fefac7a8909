// attune tune: raw examples in, a tuned adapter and the evidence out. Read run() for the loop.
#include "cli/tune.h"

#include <ctime>
#include <memory>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "advise/verdict.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "eval/report.h"
#include "eval/table.h"

namespace attune::cli {

namespace {

Result<void> write_part(const std::vector<data::Example>& examples,
                        const std::vector<std::int64_t>& rows, const Path& path) {
  std::string text;
  for (const std::int64_t row : rows) {
    text += data::strict_row(examples[static_cast<std::size_t>(row)]) + "\n";
  }
  return write_file_atomic(path, text);
}

Result<data::Split> split_rows(const std::vector<data::Example>& examples,
                               const TuneOptions& options) {
  data::SplitOptions split_options;
  split_options.most_train_rows = options.most_train_rows;
  split_options.seed = options.train.seed;
  ATTUNE_TRY(data::Split split, data::split_examples(examples, split_options));
  if (split.train.empty() || split.test.empty()) {
    return bad_input({.where = options.data.file,
                      .found = fmt::format("{} training and {} test rows", split.train.size(),
                                           split.test.size()),
                      .wanted = "rows for both",
                      .fix = "give more examples"});
  }
  const Path out = options.out;
  ATTUNE_TRY_VOID(write_part(examples, split.train, out / "train.jsonl"));
  ATTUNE_TRY_VOID(write_part(examples, split.validation, out / "validation.jsonl"));
  ATTUNE_TRY_VOID(write_part(examples, split.test, out / "test.jsonl"));
  return split;
}

std::string now_utc() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

Result<int> conclude(const std::vector<eval::Item>& items, const std::vector<eval::ArmResult>& arms,
                     const std::optional<grammar::Contract>& contract, const TrainRecord& record,
                     const data::DataReport& data_report, const model::Model& model,
                     const TuneOptions& options) {
  eval::CompareOptions compare_options;
  compare_options.contract = contract ? &*contract : nullptr;
  ATTUNE_TRY(const eval::Comparison comparison, eval::compare(items, arms, compare_options));
  advise::Requirements requirements;
  if (options.require_format > 0) requirements.format_compliance = options.require_format;
  if (options.require_accuracy > 0) requirements.domain_accuracy = options.require_accuracy;
  const eval::Verdict verdict = advise::decide(comparison, requirements);
  const train::TrainOutcome& outcome = record.outcome;
  const Json facts = {{"steps", outcome.steps},
                      {"seconds", outcome.seconds},
                      {"tokens", outcome.tokens},
                      {"tokens_per_second", outcome.tokens_per_second},
                      {"learning_rate", options.train.learning_rate},
                      {"rank", options.lora.rank},
                      {"best_step", outcome.best_step},
                      {"best_validation_loss", outcome.best_loss}};
  const eval::ReportInput input{
      .title = Path(options.data.file).filename().string(),
      .created = now_utc(),
      .comparison = comparison,
      .verdict = verdict,
      .training = {.loss = record.loss, .validation_loss = record.validation, .facts = facts},
      .data = data::to_json(data_report),
      .model = {{"base", options.model.model},
                {"parameters", model.spec().parameters()},
                {"adapter", (Path(options.out) / "adapter").string()}}};
  ATTUNE_TRY_VOID(eval::write_report(options.out, input));
  if (options.json) {
    fmt::print("{}\n", to_text(eval::report_json(input)));
  } else {
    fmt::print("\n{}\n{}\n", eval::comparison_table(comparison), eval::verdict_text(verdict));
    fmt::print(
        "report: {0}/report.html and report.json\ntalk to it: attune chat --adapter {0}/adapter\n",
        options.out);
  }
  return verdict.exit_code;
}

Result<int> run(TuneOptions options) {
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, options.data.load_contract());
  ATTUNE_TRY(options.train.schedule, train::parse_schedule_kind(options.schedule));
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(options.model.model));
  ATTUNE_TRY(model::Model model, options.model.load());
  ATTUNE_TRY(const kernels::Context context, options.model.context());

  ATTUNE_TRY(const data::Prepared prepared,
             data::prepare(options.data.file, options.data.prepare_options(contract)));
  ATTUNE_TRY_VOID(ensure_directory(options.out));
  ATTUNE_TRY_VOID(data::write_prepared(prepared, options.out));
  ATTUNE_TRY(const data::Split split, split_rows(prepared.examples, options));
  if (!options.json) {
    fmt::print("{}\ntrain {}, validation {}, test {} rows\n", data::summary(prepared.report),
               split.train.size(), split.validation.size(), split.test.size());
  }

  ATTUNE_TRY(const EncodedPart train_part, encode_part(format, prepared.examples, split.train));
  ATTUNE_TRY(const EncodedPart validation_part,
             encode_part(format, prepared.examples, split.validation));
  ATTUNE_TRY_VOID(model.add_lora(options.lora, options.train.seed));
  ATTUNE_TRY(const TrainRecord record,
             train_adapter(context, model, train_part, validation_part, options));

  if (!options.json) fmt::print("answering {} held-out rows\n", split.test.size());
  ATTUNE_TRY(const std::vector<eval::ArmResult> arms,
             answer_arms(context, model, format, prepared.examples, split, contract, options));
  return conclude(test_items(prepared.examples, split), arms, contract, record, prepared.report,
                  model, options);
}

}  // namespace

void add_tune(CLI::App& app, Body& selected) {
  auto o = std::make_shared<TuneOptions>();
  o->train.epochs = 8;
  o->train.learning_rate = 2e-3f;
  o->train.documents_per_step = 8;
  o->train.checkpoint_seconds = 20;
  o->lora.rank = 32;
  o->lora.alpha = 64;
  CLI::App* c =
      app.add_subcommand("tune", "The whole loop: examples to a tuned adapter and its evidence");
  o->data.declare(*c);
  o->model.declare(*c, false);
  c->add_option("--out", o->out, "Folder for everything that comes out")->capture_default_str();
  c->add_option("--max-train", o->most_train_rows, "Most rows to train on")->capture_default_str();
  c->add_option("--shots", o->shots, "Examples in the few-shot prompt")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  c->add_option("--max-answer-tokens", o->max_answer_tokens, "Longest answer")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  c->add_option("--epochs", o->train.epochs, "Passes over the training rows")
      ->capture_default_str();
  c->add_option("--learning-rate", o->train.learning_rate, "Highest learning rate")
      ->capture_default_str();
  c->add_option("--schedule", o->schedule, "constant, linear or cosine")->capture_default_str();
  c->add_option("--batch", o->train.documents_per_step, "Rows of one optimiser step")
      ->capture_default_str();
  c->add_option("--tokens-per-batch", o->train.tokens_per_batch, "Tokens of one packed micro-batch")
      ->capture_default_str();
  c->add_option("--patience", o->train.patience,
                "Stop after this many validations without a gain; 0: never")
      ->capture_default_str();
  c->add_option("--rank", o->lora.rank, "LoRA rank")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  c->add_option("--alpha", o->lora.alpha, "LoRA alpha")->capture_default_str();
  c->add_option("--dropout", o->lora.dropout, "LoRA dropout")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  c->add_flag("--rslora", o->lora.rank_stabilised, "Scale by alpha / sqrt(rank)");
  c->add_option("--target", o->lora.targets, "Linear layers to adapt, or all-linear")
      ->capture_default_str();
  c->add_option("--seed", o->train.seed, "Seed of adapter, order and split")->capture_default_str();
  c->add_option("--require-format", o->require_format, "Bar for format compliance, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  c->add_option("--require-accuracy", o->require_accuracy, "Bar for domain accuracy, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  c->add_option("--checkpoint-every", o->train.checkpoint_every,
                "Steps between checkpoints; 0: every 20 seconds only")
      ->capture_default_str();
  c->add_flag("--resume", o->train.resume, "Continue a stopped run from its last checkpoint");
  c->add_flag("--json", o->json, "Print report.json instead of tables");
  c->callback([o, &selected] { selected = [o] { return run(*o); }; });
}

}  // namespace attune::cli
