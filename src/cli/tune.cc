// attune tune: raw examples in, a tuned adapter and the evidence out. Read
// run() for the loop.
#include "cli/tune.h"

#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/tune_remote.h"

namespace attune::cli {

namespace {

Json training_facts(const train::TrainOutcome& outcome, const TuneOptions& options) {
  return {{"steps", outcome.steps},
          {"seconds", outcome.seconds},
          {"tokens", outcome.tokens},
          {"tokens_per_second", outcome.tokens_per_second},
          {"learning_rate", options.train.learning_rate},
          {"rank", options.lora.rank},
          {"best_step", outcome.best_step},
          {"best_validation_loss", outcome.best_loss}};
}

Result<int> run(TuneOptions options) {
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, options.data.load_contract());
  ATTUNE_TRY(options.train.schedule, train::parse_schedule_kind(options.schedule));
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(options.model.model));
  ATTUNE_TRY(model::Model model, options.model.load());
  ATTUNE_TRY(const kernels::Context context, options.model.context());

  ATTUNE_TRY(const PreparedRows rows, prepare_rows(options, contract));
  const auto& [prepared, split] = rows;
  const train::EncodedRows train_rows = train::encode_rows(format, prepared.examples, split.train);
  const train::EncodedRows validation_rows = train::encode_rows(
      format, prepared.examples, sample_of(split.validation, options.most_validation_rows));
  ATTUNE_TRY_VOID(train_rows.check());
  ATTUNE_TRY_VOID(validation_rows.check());
  ATTUNE_TRY_VOID(model.add_lora(options.lora, options.train.seed));
  ATTUNE_TRY(const TrainRecord record,
             train_adapter(context, model, train_rows, validation_rows, options));

  model.arrange_for_answers();
  if (!options.json) fmt::print("answering {} held-out rows\n", split.test.size());
  Evidence evidence;
  ATTUNE_TRY(evidence.arms,
             answer_arms(context, model, format, prepared.examples, split, contract, options));
  evidence.training = {.loss = record.loss,
                       .validation_loss = record.validation,
                       .facts = training_facts(record.outcome, options)};
  const std::string adapter = (Path(options.out) / "adapter").string();
  evidence.model = {{"base", options.model.model},
                    {"parameters", model.spec().parameters()},
                    {"adapter", adapter}};
  evidence.next = "talk to it: attune chat --adapter " + adapter;
  return conclude(rows, contract, evidence, options);
}

// Options that mean the same for a job at an endpoint, where they were given;
// the others are the server's to choose.
void take_job_options(TuneOptions& options, const CLI::App& command) {
  const auto given = [&](const char* name) { return command.get_option(name)->count() > 0; };
  if (given("--epochs")) options.job.epochs = options.train.epochs;
  if (given("--batch")) options.job.batch_size = options.train.documents_per_step;
  if (given("--learning-rate"))
    options.job.learning_rate = command.get_option("--learning-rate")->as<double>();
  if (given("--rank")) options.job.lora_rank = options.lora.rank;
  if (given("--alpha")) options.job.lora_alpha = command.get_option("--alpha")->as<double>();
  if (given("--dropout")) options.job.lora_dropout = command.get_option("--dropout")->as<double>();
  if (given("--seed")) options.job.seed = command.get_option("--seed")->as<std::int64_t>();
}

}  // namespace

void add_tune(CLI::App& app, Body& selected) {
  auto o = std::make_shared<TuneOptions>();
  CLI::App* c =
      app.add_subcommand("tune", "The whole loop: examples to a tuned adapter and its evidence");
  o->data.declare(*c);
  o->model.declare(*c, false);
  declare_training(*c, *o);
  c->add_option("--out", o->out, "Folder for everything that comes out")->capture_default_str();
  c->add_option("--shots", o->shots, "Examples in the few-shot prompt")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  c->add_option("--max-answer-tokens", o->max_answer_tokens, "Longest answer")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  c->add_option("--epochs", o->train.epochs, "Passes over the training rows")
      ->capture_default_str();
  c->add_option("--require-format", o->require_format, "Bar for format compliance, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  c->add_option("--require-accuracy", o->require_accuracy, "Bar for domain accuracy, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  c->add_option("--checkpoint-every", o->train.checkpoint_every,
                "Steps between checkpoints; 0: every 20 seconds only")
      ->capture_default_str();
  c->add_option("--checkpoints-kept", o->train.checkpoints_kept,
                "Newest checkpoints that stay, for attune eval run --checkpoints")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  c->add_flag("--resume", o->train.resume, "Continue a stopped run from its last checkpoint");
  c->add_flag("--json", o->json, "Print report.json instead of tables");
  CLI::Option_group* remote = c->add_option_group("At an endpoint");
  o->remote.declare(*remote);
  o->job.declare(*remote, false);
  remote->add_option("--answer-base", o->answer_base,
                     "Name under which the base answers, where it differs (a deployment)");
  remote->add_option("--answer-tuned", o->answer_tuned,
                     "Name under which the tuned model answers, where it "
                     "differs (a deployment)");
  c->callback([o, c, &selected] {
    take_job_options(*o, *c);
    const bool at_endpoint =
        !o->remote.endpoint.url.empty() || !o->remote.endpoint.provider.empty();
    selected = [o, at_endpoint] { return at_endpoint ? run_remote(*o) : run(*o); };
  });
}

}  // namespace attune::cli
