#include "train/setup.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/narrow.h"
#include "train/ledger.h"

namespace attune::train {

namespace {

Failure wrong_option(std::string_view name, std::string found, std::string wanted) {
  return bad_input({.where = fmt::format("training option {}", name),
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = fmt::format("change {}", name)});
}

Result<void> check_counts(const TrainOptions& o) {
  struct Count {
    std::string_view name;
    std::int64_t value, least;
  };
  const Count counts[] = {{"epochs", o.epochs, 0},
                          {"max_steps", o.max_steps, 0},
                          {"documents_per_step", o.documents_per_step, 1},
                          {"tokens_per_batch", o.tokens_per_batch, 1},
                          {"context", o.context, 0},
                          {"eval_every", o.eval_every, 0},
                          {"patience", o.patience, 0},
                          {"checkpoint_every", o.checkpoint_every, 0},
                          {"checkpoints_kept", o.checkpoints_kept, 1}};
  for (const Count& count : counts) {
    if (count.value < count.least) {
      return wrong_option(count.name, fmt::format("{}", count.value),
                          fmt::format("{} or more", count.least));
    }
  }
  if (o.epochs == 0 && o.max_steps == 0) {
    return wrong_option("epochs", "0 epochs and no max_steps", "one of them to be set");
  }
  return {};
}

Result<void> check_rates(const TrainOptions& o) {
  struct Rate {
    std::string_view name;
    double value, least, most;
  };
  const Rate rates[] = {{"learning_rate", static_cast<double>(o.learning_rate), 0, 10},
                        {"warmup_ratio", static_cast<double>(o.warmup_ratio), 0, 1},
                        {"floor_ratio", static_cast<double>(o.floor_ratio), 0, 1},
                        {"clip_norm", o.clip_norm, 0, 1e30},
                        {"weight_decay", static_cast<double>(o.weight_decay), 0, 10},
                        {"beta1", static_cast<double>(o.beta1), 0, 0.999999},
                        {"beta2", static_cast<double>(o.beta2), 0, 0.9999999},
                        {"epsilon", static_cast<double>(o.epsilon), 1e-30, 1},
                        {"checkpoint_seconds", o.checkpoint_seconds, 0, 1e9}};
  for (const Rate& rate : rates) {
    if (!(rate.value >= rate.least && rate.value <= rate.most)) {
      return wrong_option(rate.name, fmt::format("{}", rate.value),
                          fmt::format("{} to {}", rate.least, rate.most));
    }
  }
  return {};
}

Result<std::int64_t> choose_context(const TrainOptions& options, const model::ArchSpec& spec) {
  const std::int64_t positions =
      spec.max_positions > 0 ? spec.max_positions : options.tokens_per_batch;
  if (options.context == 0) return std::min(options.tokens_per_batch, positions);
  if (options.context > positions) {
    return wrong_option("context", fmt::format("{}", options.context),
                        fmt::format("at most the model's {} positions", positions));
  }
  if (options.context > options.tokens_per_batch) {
    return wrong_option(
        "context", fmt::format("{}", options.context),
        fmt::format("at most tokens_per_batch, which is {}", options.tokens_per_batch));
  }
  return options.context;
}

Result<void> check_documents(std::span<const Document> documents, std::string_view kind,
                             std::int64_t vocabulary) {
  for (const Document& document : documents) {
    const auto refuse = [&](std::string found, std::string wanted) {
      return bad_input({.where = fmt::format("{} row {}", kind, document.row),
                        .found = std::move(found),
                        .wanted = std::move(wanted),
                        .fix = "correct the row; tokens must come from this model's tokenizer"});
    };
    if (!document.weights.empty() && document.weights.size() != document.tokens.size()) {
      return refuse(fmt::format("{} weights", document.weights.size()),
                    fmt::format("one for each of {} tokens", document.tokens.size()));
    }
    for (const std::int32_t token : document.tokens) {
      if (token < 0 || token >= vocabulary) {
        return refuse(fmt::format("token {}", token), fmt::format("0 to {}", vocabulary - 1));
      }
    }
    for (const float weight : document.weights) {
      if (!std::isfinite(weight) || weight < 0) {
        return refuse(fmt::format("a target weight of {}", weight), "a finite weight, 0 or more");
      }
    }
  }
  return {};
}

struct HashStateFree {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

std::string digest_documents(std::span<const Document> documents) {
  const std::unique_ptr<XXH3_state_t, HashStateFree> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  for (const Document& document : documents) {
    const std::int64_t head[] = {document.row, static_cast<std::int64_t>(document.tokens.size()),
                                 static_cast<std::int64_t>(document.weights.size())};
    XXH3_64bits_update(state.get(), head, sizeof head);
    XXH3_64bits_update(state.get(), document.tokens.data(), document.tokens.size_bytes());
    XXH3_64bits_update(state.get(), document.weights.data(), document.weights.size_bytes());
  }
  return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

std::string digest_model(const model::Model& model) {
  std::string description = to_text(model::to_config(model.spec()));
  for (const model::Parameter& parameter : model.parameters()) {
    description += fmt::format("\n{} [{}] {}", parameter.name, fmt::join(parameter.shape, ","),
                               parameter.decay);
  }
  if (model.lora()) {
    description += fmt::format("\nalpha {} dropout {} {}", model.lora()->alpha,
                               model.lora()->dropout, model.lora()->rank_stabilised);
  }
  return fmt::format("{:016x}", XXH3_64bits(description.data(), description.size()));
}

// Everything that decides the bits of the result, and nothing that does not (threads, checkpoints).
Settings make_settings(const model::Model& model, const TrainSetup& setup) {
  const TrainOptions& o = setup.options;
  Settings settings;
  const auto put = [&](const char* name, const auto& value) {
    settings[name] = fmt::format("{}", value);
  };
  put("steps", setup.plan.steps());
  put("documents_per_step", o.documents_per_step);
  put("tokens_per_batch", o.tokens_per_batch);
  put("context", o.context);
  put("learning_rate", o.learning_rate);
  put("schedule", schedule_name(o.schedule));
  put("warmup_ratio", o.warmup_ratio);
  put("floor_ratio", o.floor_ratio);
  put("clip_norm", o.clip_norm);
  put("weight_decay", o.weight_decay);
  put("beta1", o.beta1);
  put("beta2", o.beta2);
  put("epsilon", o.epsilon);
  put("seed", o.seed);
  put("eval_every", o.eval_every);
  put("patience", o.patience);
  put("keep_best", setup.keeps_best());
  put("precision", model::precision_name(model.precision()));
  put("model", digest_model(model));
  put("training_data", digest_documents(setup.data.train));
  put("validation_data", digest_documents(setup.data.validation));
  put("document_order",
      fmt::format("{:016x}", XXH3_64bits(setup.plan.order.data(),
                                         setup.plan.order.size() * sizeof(std::int64_t))));
  return settings;
}

Result<void> plan_steps(TrainSetup& setup) {
  const TrainOptions& o = setup.options;
  if (setup.data.plan) {
    setup.plan = std::move(*setup.data.plan);
    setup.data.plan.reset();
  } else {
    setup.plan = plan_epochs(setup.uses, {.documents_per_step = o.documents_per_step,
                                          .epochs = o.epochs,
                                          .max_steps = o.max_steps,
                                          .seed = o.seed});
  }
  if (setup.plan.steps() == 0) {
    return bad_input({.where = "training data",
                      .found = fmt::format("{} rows without anything to learn", setup.uses.size()),
                      .wanted = "at least one row with an answer to learn within the context",
                      .fix = "check that the data has assistant turns, and raise the context"});
  }
  for (const std::int64_t index : setup.plan.order) {
    setup.planned_tokens += setup.uses[static_cast<std::size_t>(index)].inputs;
  }
  for (const DocumentUse& use : setup.validation_uses) setup.validation_tokens += use.inputs;
  setup.schedule = {
      .kind = o.schedule,
      .peak = o.learning_rate,
      .steps = setup.plan.steps(),
      .warmup_steps = static_cast<std::int64_t>(
          std::ceil(static_cast<double>(o.warmup_ratio) * static_cast<double>(setup.plan.steps()))),
      .floor_ratio = o.floor_ratio};
  for (std::int64_t done = 1; done <= setup.plan.steps(); ++done) {
    setup.evaluations += setup.evaluates_after(done) ? 1 : 0;
  }
  return {};
}

}  // namespace

bool TrainSetup::evaluates_after(std::int64_t done) const {
  if (!has_validation()) return false;
  if (done == plan.steps()) return true;
  return options.eval_every > 0 ? done % options.eval_every == 0 : plan.ends_epoch(done - 1);
}

Result<TrainSetup> prepare_training(const model::Model& model, const TrainingData& data,
                                    const TrainOptions& options) {
  ATTUNE_TRY_VOID(check_counts(options));
  ATTUNE_TRY_VOID(check_rates(options));
  if (model.parameters().empty()) {
    return bad_input({.where = "model",
                      .found = "no trainable parameters",
                      .wanted = "an adapter, or all weights made trainable"});
  }
  TrainSetup setup;
  setup.options = options;
  setup.data = data;
  ATTUNE_TRY(setup.options.context, choose_context(options, model.spec()));
  ATTUNE_TRY_VOID(check_documents(data.train, "training data", model.spec().vocabulary));
  ATTUNE_TRY_VOID(check_documents(data.validation, "validation data", model.spec().vocabulary));
  setup.uses = measure_documents(data.train, setup.options.context);
  setup.validation_uses = measure_documents(data.validation, setup.options.context);
  const bool sampled = data.plan.has_value();
  ATTUNE_TRY_VOID(plan_steps(setup));
  if (options.patience > 0 && !setup.has_validation()) {
    return wrong_option("patience", "early stopping without validation data",
                        "validation rows with something to predict");
  }
  ATTUNE_TRY_VOID(
      check_plan(setup.plan, data.train, setup.uses, setup.options.tokens_per_batch, sampled));
  // Small data never fills tokens_per_batch: the workspace then needs no more than one step's or
  // evaluation's tokens.
  std::int64_t largest = 0;
  for (std::int64_t step = 0; step < setup.plan.steps(); ++step) {
    std::int64_t tokens = 0;
    for (const std::int64_t index : setup.plan.documents_of(step)) {
      tokens += setup.uses[static_cast<std::size_t>(index)].inputs;
    }
    largest = std::max(largest, tokens);
  }
  setup.capacity =
      std::min(setup.options.tokens_per_batch, std::max(largest, setup.validation_tokens));
  setup.settings = make_settings(model, setup);
  return setup;
}

}  // namespace attune::train
