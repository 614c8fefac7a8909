// attune pretrain: all weights of a model, on text, from random weights or continuing.
#include "train/pretrain.h"

#include <charconv>
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"

namespace attune::cli {

namespace {

struct Options {
  std::vector<std::string> sources;
  std::string tokenizer, config, continue_from, out, work;
  std::string dtype = "bf16";
  std::string schedule = "cosine";
  int threads = 0;
  train::PretrainOptions pretrain;
};

// "books.jsonl" or "tasks.jsonl=0.7": a path and its share of the tokens.
Result<train::TextSource> parse_source(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos) return train::TextSource{.path = text};
  double share = 0;
  const char* begin = text.data() + equals + 1;
  const char* end = text.data() + text.size();
  const auto [last, fault] = std::from_chars(begin, end, share);
  if (fault != std::errc() || last != end || !(share > 0)) {
    return bad_input({.where = "source " + text,
                      .found = "\"" + text.substr(equals + 1) + "\" as its share",
                      .wanted = "a number above 0",
                      .fix = "write PATH=SHARE, for example books.jsonl=0.3"});
  }
  return train::TextSource{.path = text.substr(0, equals), .share = share};
}

void print_sources(const std::vector<train::PretrainSourceReport>& sources) {
  for (const train::PretrainSourceReport& source : sources) {
    fmt::print("{}: {} texts, {} tokens, read {:.2f} times\n", source.path.string(),
               source.documents, source.tokens, source.passes);
  }
}

void print_estimate(const train::TrainEstimate& estimate) {
  fmt::print("{} steps of {} tokens in all, about {}; memory {}; {}\n", estimate.steps,
             estimate.tokens, duration_text(estimate.total_seconds),
             bytes_text(estimate.total_bytes),
             train::recompute_text(estimate.recompute, estimate.recompute_share));
}

Result<int> run(Options options) {
  train::PretrainOptions& p = options.pretrain;
  for (const std::string& source : options.sources) {
    ATTUNE_TRY(train::TextSource parsed, parse_source(source));
    p.sources.push_back(std::move(parsed));
  }
  p.tokenizer = options.tokenizer;
  p.config = options.config;
  p.continue_from = options.continue_from;
  p.out = options.out;
  p.work = options.work;
  ATTUNE_TRY(p.precision, parse_precision(options.dtype));
  ATTUNE_TRY(p.train.schedule, train::parse_schedule_kind(options.schedule));
  ATTUNE_TRY(const Isa isa, pick_isa());
  const kernels::Context context(isa, options.threads);
  TrainingProgress progress(false);
  ATTUNE_TRY(const train::PretrainOutcome outcome,
             train::pretrain(context, p,
                             {.training = progress.callbacks(),
                              .sources = print_sources,
                              .estimate = print_estimate}));
  progress.finish();
  fmt::print("{} parameters, {} tokens, validation loss {:.4f}, in {}\n", outcome.parameters,
             outcome.training.tokens, outcome.training.best_loss, options.out);
  return 0;
}

}  // namespace

void add_pretrain(CLI::App& app, Body& selected) {
  auto options = std::make_shared<Options>();
  train::PretrainOptions& p = options->pretrain;
  train::TrainOptions& t = p.train;
  CLI::App* c = app.add_subcommand("pretrain", "Train all weights of a model on text");
  c->add_option("sources", options->sources,
                "Text files, folders, or JSONL of {\"text\"} or {\"messages\"}; PATH=SHARE sets "
                "its share of tokens")
      ->required();
  CLI::Option* config =
      c->add_option("--config", options->config, "config.json of a model to begin at random");
  CLI::Option* from =
      c->add_option("--continue-from", options->continue_from, "Model folder to train further");
  config->excludes(from);
  c->add_flag("--copying-heads", p.copying_heads,
              "Begin with attention circuits that copy: for little text")
      ->excludes(from);
  c->add_option("--tokenizer", options->tokenizer, "Folder with tokenizer.json and chat template");
  c->add_option("--out", options->out, "Folder for the trained model")->required();
  c->add_option("--work", options->work,
                "Folder for tokens and checkpoints (default: OUT/training)");
  c->add_option("--tokens", p.tokens, "Tokens to train on; 0: as many as the sources have")
      ->capture_default_str();
  c->add_option("--context", t.context, "Longest document, in tokens")->capture_default_str();
  c->add_option("--tokens-per-batch", t.tokens_per_batch, "Tokens of one packed micro-batch")
      ->capture_default_str();
  c->add_option("--documents-per-step", t.documents_per_step, "Documents of one optimiser step")
      ->capture_default_str();
  c->add_option("--learning-rate", t.learning_rate, "Highest learning rate")->capture_default_str();
  c->add_option("--schedule", options->schedule, "constant, linear or cosine")
      ->capture_default_str();
  c->add_option("--warmup-ratio", t.warmup_ratio, "Share of the steps that warm up")
      ->capture_default_str();
  c->add_option("--floor-ratio", t.floor_ratio, "Last learning rate as a part of the highest")
      ->capture_default_str();
  c->add_option("--weight-decay", t.weight_decay, "Decoupled weight decay of matrices")
      ->capture_default_str();
  c->add_option("--beta2", t.beta2, "AdamW's second decay")->capture_default_str();
  c->add_option("--clip", t.clip_norm, "Largest gradient norm; 0: off")->capture_default_str();
  c->add_option("--eval-every", t.eval_every, "Steps between validations")->capture_default_str();
  c->add_option("--checkpoint-every", t.checkpoint_every, "Steps between checkpoints")
      ->capture_default_str();
  c->add_option("--seed", t.seed, "Seed of weights and order")->capture_default_str();
  declare_dtype(*c, options->dtype, false);
  c->add_option("--threads", options->threads, "Worker threads; 0 takes every CPU")
      ->capture_default_str();
  c->add_option("--prompt-weight", p.prompt_weight,
                "Loss weight of the tokens that an assistant did not say")
      ->capture_default_str();
  c->add_flag("--resume", t.resume, "Continue a stopped run from its last checkpoint");
  c->callback([options, config, from, &selected] {
    if (config->empty() && from->empty()) throw CLI::RequiredError("--config or --continue-from");
    selected = [options] { return run(*options); };
  });
}

}  // namespace attune::cli
