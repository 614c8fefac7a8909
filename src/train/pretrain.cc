#include "train/pretrain.h"

#include <utility>

#include <fmt/format.h>

#include "io/json.h"
#include "model/copying_heads.h"
#include "text/tokenizer.h"
#include "train/mixture.h"
#include "train/trainer.h"

namespace attune::train {

namespace {

constexpr const char* kFilesBesideWeights[] = {
    "tokenizer.json",        "vocab.json",          "merges.txt",
    "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json",
    "generation_config.json"};

Failure missing_option(const char* name, const char* wanted) {
  return bad_input({.where = fmt::format("pretrain option {}", name),
                    .found = "nothing",
                    .wanted = wanted,
                    .fix = fmt::format("give {}", name)});
}

// Paths filled in and checked.
Result<PretrainOptions> complete(PretrainOptions options) {
  if (options.sources.empty()) return missing_option("sources", "at least one file or folder");
  if (options.out.empty()) return missing_option("out", "the folder of the model to be made");
  if (options.config.empty() == options.continue_from.empty()) {
    return bad_input({.where = "pretrain options config and continue_from",
                      .found = options.config.empty() ? "neither" : "both",
                      .wanted = "a config.json for random weights, or a model folder to continue",
                      .fix = "give one of them"});
  }
  for (const TextSource& source : options.sources) {
    if (!(source.share >= 0 && source.share < 1e9)) {
      return bad_input({.where = source.path.string(),
                        .found = fmt::format("a share of {}", source.share),
                        .wanted = "0 (by size) or more"});
    }
  }
  if (!(options.prompt_weight >= 0 && options.prompt_weight <= 1)) {
    return bad_input({.where = "pretrain option prompt_weight",
                      .found = fmt::format("{}", options.prompt_weight),
                      .wanted = "0 to 1",
                      .fix = "change prompt_weight"});
  }
  if (options.tokenizer.empty()) options.tokenizer = options.continue_from;
  if (options.tokenizer.empty()) return missing_option("tokenizer", "a folder with tokenizer.json");
  if (options.work.empty()) options.work = options.out / "training";
  options.train.folder = options.work;
  return options;
}

Result<model::Model> make_model(const PretrainOptions& options) {
  if (!options.continue_from.empty()) {
    return model::Model::load(options.continue_from, options.precision);
  }
  ATTUNE_TRY(const Json config, read_json(options.config));
  ATTUNE_TRY(const model::ArchSpec spec, model::parse_arch_spec(config, options.config.string()));
  model::Model model = model::Model::random(spec, options.precision, options.train.seed);
  if (options.copying_heads) {
    ATTUNE_TRY_VOID(model::start_copying_heads(model, options.train.seed));
  }
  return model;
}

Result<void> check_vocabulary(const PretrainOptions& options, const model::ArchSpec& spec) {
  ATTUNE_TRY(const text::Tokenizer tokenizer, text::Tokenizer::load(options.tokenizer));
  if (tokenizer.size() <= spec.vocabulary) return {};
  return bad_input({.where = options.tokenizer.string(),
                    .found = fmt::format("a tokenizer of {} entries", tokenizer.size()),
                    .wanted = fmt::format("at most the model's vocab_size of {}", spec.vocabulary),
                    .fix = "raise vocab_size in config.json, or use the model's own tokenizer"});
}

std::vector<PretrainSourceReport> report_sources(const PretrainOptions& options,
                                                 std::span<const TokenFile> files,
                                                 const Corpus& corpus,
                                                 std::span<const DocumentUse> uses,
                                                 const Plan& plan) {
  std::vector<double> used(files.size(), 0), all(files.size(), 0);
  for (std::size_t i = 0; i < uses.size(); ++i) {
    all[static_cast<std::size_t>(corpus.source_of_train[i])] += static_cast<double>(uses[i].inputs);
  }
  for (const std::int64_t index : plan.order) {
    const auto at = static_cast<std::size_t>(index);
    used[static_cast<std::size_t>(corpus.source_of_train[at])] +=
        static_cast<double>(uses[at].inputs);
  }
  std::vector<PretrainSourceReport> reports;
  for (std::size_t s = 0; s < files.size(); ++s) {
    reports.push_back({.path = options.sources[s].path,
                       .documents = files[s].documents(),
                       .tokens = files[s].tokens(),
                       .passes = all[s] > 0 ? used[s] / all[s] : 0});
  }
  return reports;
}

Result<void> save_model(const PretrainOptions& options, const model::Model& model) {
  ATTUNE_TRY_VOID(ensure_directory(options.out));
  std::error_code error;
  if (!std::filesystem::equivalent(options.tokenizer, options.out, error)) {
    for (const char* name : kFilesBesideWeights) {
      if (!std::filesystem::exists(options.tokenizer / name, error)) continue;
      ATTUNE_TRY(const std::string bytes, read_file(options.tokenizer / name));
      ATTUNE_TRY_VOID(write_file_atomic(options.out / name, bytes));
    }
  }
  return model.save(options.out, options.stored);
}

}  // namespace

TrainOptions PretrainOptions::default_train_options() {
  TrainOptions options;
  options.documents_per_step = 64;
  options.tokens_per_batch = 4096;
  options.context = 512;
  options.learning_rate = 1e-3f;
  options.schedule = ScheduleKind::cosine;
  options.warmup_ratio = 0.02f;
  options.floor_ratio = 0.1f;
  options.weight_decay = 0.1f;
  options.beta2 = 0.95f;
  options.eval_every = 250;
  options.keep_best = false;  // the decay's end is the best place; one copy of all weights less
  options.checkpoint_seconds = 300;
  return options;
}

Result<PretrainOutcome> pretrain(const kernels::Context& context, const PretrainOptions& given,
                                 const PretrainCallbacks& callbacks) {
  ATTUNE_TRY(PretrainOptions options, complete(given));
  ATTUNE_TRY(model::Model model, make_model(options));
  ATTUNE_TRY_VOID(check_vocabulary(options, model.spec()));
  model.train_all_weights();
  if (options.train.context == 0) {
    options.train.context = std::min(options.train.tokens_per_batch, model.spec().max_positions);
  }
  // Where nothing can be written this is said now, not after hours.
  ATTUNE_TRY_VOID(ensure_directory(options.out));

  std::vector<TokenFile> files;
  std::vector<double> shares;
  for (const TextSource& source : options.sources) {
    ATTUNE_TRY(TokenFile file,
               tokenise_source(source, options.tokenizer, options.work / "tokens",
                               options.prompt_weight, context.pool(), callbacks.training.note));
    files.push_back(std::move(file));
    shares.push_back(source.share);
  }
  const Corpus corpus = cut_corpus(files, {.context = options.train.context,
                                           .validation_share = options.validation_share,
                                           .most_validation_tokens = options.most_validation_tokens,
                                           .seed = options.train.seed});
  const std::vector<DocumentUse> uses = measure_documents(corpus.train, options.train.context);
  Plan plan = plan_mixture(corpus, uses, shares,
                           {.documents_per_step = options.train.documents_per_step,
                            .tokens = options.tokens,
                            .seed = options.train.seed});
  PretrainOutcome outcome;
  outcome.parameters = model.spec().parameters();
  outcome.sources = report_sources(options, files, corpus, uses, plan);
  if (callbacks.sources) callbacks.sources(outcome.sources);

  ATTUNE_TRY(Trainer trainer,
             Trainer::create(
                 context, model,
                 {.train = corpus.train, .validation = corpus.validation, .plan = std::move(plan)},
                 options.train));
  if (callbacks.estimate) callbacks.estimate(trainer.estimate());
  ATTUNE_TRY(outcome.training, trainer.run(callbacks.training));
  if (!outcome.training.interrupted) ATTUNE_TRY_VOID(save_model(options, model));
  return outcome;
}

}  // namespace attune::train
