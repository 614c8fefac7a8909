#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "train/evaluate.h"
#include "train/flops.h"
#include "train/machine_peak.h"
#include "train/optimizer.h"
#include "train/run_files.h"
#include "train/train_step.h"

namespace attune::train {

namespace {

// Sums over this process's steps, for rates and the time that is left.
struct Pace {
  double seconds = 0;
  std::int64_t tokens = 0;
  double flops = 0;
  double evaluation_seconds = 0;  // of the last evaluation
};

}  // namespace

struct Trainer::Parts {
  const kernels::Context& context;
  model::Model& model;
  TrainSetup setup;
  Ledger ledger;
  model::Workspace workspace;
  AdamW optimizer;
  std::vector<Buffer<float>> best;  // the best parameters so far; empty unless setup.keeps_best()
  TrainingState state;
  Pace pace;
  std::int64_t evaluations_left = 0;

  Parts(const kernels::Context& the_context, model::Model& the_model, TrainSetup the_setup)
      : context(the_context),
        model(the_model),
        setup(std::move(the_setup)),
        ledger(setup.data.train, setup.uses),
        workspace(model, setup.capacity, true, 0,
                  choose_recompute(model, setup.capacity, setup.options.recompute,
                                   kOptimizerBytes * trained_parameters(model))),
        optimizer(model.parameters(), {.beta1 = setup.options.beta1,
                                       .beta2 = setup.options.beta2,
                                       .epsilon = setup.options.epsilon,
                                       .weight_decay = setup.options.weight_decay}) {
    if (!setup.keeps_best()) return;
    for (const model::Parameter& parameter : model.parameters()) {
      best.emplace_back(static_cast<std::int64_t>(parameter.value.size()));
    }
  }

  Result<void> begin(RunFiles& files, TrainOutcome& outcome, const TrainCallbacks& callbacks);
  Result<StepProgress> step(double peak_flops);
  ValidationResult evaluate();
  double seconds_left() const;
  bool stops_early() const;
  void finish(TrainOutcome& outcome, double seconds, double peak_flops);
};

// Takes up the newest checkpoint when there is one.
Result<void> Trainer::Parts::begin(RunFiles& files, TrainOutcome& outcome,
                                   const TrainCallbacks& callbacks) {
  setup.settings["base"] =
      base_fingerprint(context, model, workspace, setup.data.train, setup.uses, setup.plan);
  const std::vector<CheckpointTensor> tensors =
      checkpoint_tensors(model.parameters(), optimizer, best);
  std::vector<std::string> notes;
  ATTUNE_TRY(std::optional<TrainingState> loaded,
             files.resume(setup.settings, isa_name(context.ops().isa), tensors, notes));
  if (callbacks.note) {
    for (const std::string& note : notes) callbacks.note(note);
  }
  state = loaded.value_or(TrainingState{});
  optimizer.set_steps_done(state.step);
  for (std::int64_t next = state.step + 1; next <= setup.plan.steps(); ++next) {
    evaluations_left += setup.evaluates_after(next) ? 1 : 0;
  }
  outcome.resumed_from = state.step;
  if (state.step > 0 && callbacks.note) {
    callbacks.note(fmt::format("continuing after step {} of {}", state.step, setup.plan.steps()));
  }
  model.zero_gradients();
  return files.open_log(state.step, ledger);
}

// One optimiser step and, where due, validation.
Result<StepProgress> Trainer::Parts::step(double peak_flops) {
  const Stopwatch watch;
  StepProgress progress;
  progress.learning_rate = learning_rate(setup.schedule, state.step);
  ATTUNE_TRY(const StepSums sums,
             accumulate_gradients(context, model, workspace, setup, state.step));
  progress.gradient_norm = optimizer.gradient_norm(context, model.parameters());
  ATTUNE_TRY_VOID(check_finite_gradient(progress.gradient_norm, setup, state.step));
  optimizer.step(context, model.parameters(), progress.learning_rate,
                 clip_scale(progress.gradient_norm, setup.options.clip_norm));
  model.zero_gradients();

  const auto at = static_cast<std::size_t>(state.step);
  progress.epoch = setup.plan.epoch_of_step[at] + 1;
  progress.epochs = setup.plan.epochs();
  progress.loss = sums.loss.mean();
  progress.accuracy = sums.loss.accuracy();
  progress.tokens = sums.shape.tokens;
  progress.targets = sums.shape.targets;
  state.step += 1;
  state.position = setup.plan.step_starts[at + 1];
  state.epoch = at + 1 < setup.plan.epoch_of_step.size() ? setup.plan.epoch_of_step[at + 1]
                                                         : setup.plan.epochs();
  state.tokens += sums.shape.tokens;
  state.targets += sums.shape.targets;
  state.last_loss = progress.loss;
  progress.step = state.step;
  progress.steps = setup.plan.steps();

  const double flops = train_flops(flop_rules(model), sums.shape);
  progress.seconds = watch.seconds();
  progress.tokens_per_second = static_cast<double>(progress.tokens) / progress.seconds;
  progress.flops_per_second = flops / progress.seconds;
  progress.peak_fraction = peak_flops > 0 ? progress.flops_per_second / peak_flops : 0;
  pace.seconds += progress.seconds;
  pace.tokens += progress.tokens;
  pace.flops += flops;
  if (setup.evaluates_after(state.step)) progress.validation = evaluate();
  progress.eta_seconds = seconds_left();
  return progress;
}

ValidationResult Trainer::Parts::evaluate() {
  const Stopwatch watch;
  const model::LossSums sums = evaluate_documents(context, model, workspace, setup.data.validation,
                                                  setup.validation_uses, setup.capacity);
  ValidationResult result{.loss = sums.mean(), .accuracy = sums.accuracy()};
  // A loss that is not a number is never the best.
  result.is_best =
      std::isfinite(result.loss) && (state.best_step == 0 || result.loss < state.best_loss);
  if (result.is_best) {
    state.best_step = state.step;
    state.best_loss = result.loss;
    state.best_accuracy = result.accuracy;
    state.evaluations_without_gain = 0;
    for (std::size_t i = 0; i < best.size(); ++i) {
      std::ranges::copy(model.parameters()[i].value, best[i].data());
    }
  } else {
    ++state.evaluations_without_gain;
  }
  pace.evaluation_seconds = watch.seconds();
  --evaluations_left;
  return result;
}

double Trainer::Parts::seconds_left() const {
  const std::int64_t tokens_left = setup.planned_tokens - state.tokens;
  return pace.seconds / static_cast<double>(std::max<std::int64_t>(1, pace.tokens)) *
             static_cast<double>(tokens_left) +
         pace.evaluation_seconds * static_cast<double>(evaluations_left);
}

bool Trainer::Parts::stops_early() const {
  return setup.options.patience > 0 && state.evaluations_without_gain >= setup.options.patience;
}

void Trainer::Parts::finish(TrainOutcome& outcome, double seconds, double peak_flops) {
  outcome.steps = state.step;
  outcome.planned_steps = setup.plan.steps();
  outcome.final_loss = state.last_loss;
  outcome.best_step = state.best_step;
  outcome.best_loss = state.best_loss;
  outcome.best_accuracy = state.best_accuracy;
  outcome.tokens = state.tokens;
  outcome.targets = state.targets;
  outcome.seconds = seconds;
  outcome.peak_flops = peak_flops;
  if (pace.seconds > 0) {
    outcome.tokens_per_second = static_cast<double>(pace.tokens) / pace.seconds;
    outcome.flops_per_second = pace.flops / pace.seconds;
  }
  if (outcome.interrupted || best.empty() || state.best_step == 0) return;
  for (std::size_t i = 0; i < best.size(); ++i) {
    std::ranges::copy(best[i].span(), model.parameters()[i].value.begin());
  }
  outcome.restored_best = true;
}

Result<Trainer> Trainer::create(const kernels::Context& context, model::Model& model,
                                const TrainingData& data, const TrainOptions& options) {
  ATTUNE_TRY(TrainSetup setup, prepare_training(model, data, options));
  return Trainer(std::make_unique<Parts>(context, model, std::move(setup)));
}

Result<TrainOutcome> Trainer::run(const TrainCallbacks& callbacks) {
  Parts& parts = *parts_;
  const TrainOptions& options = parts.setup.options;
  const Stopwatch watch;
  const double peak =
      options.peak_flops > 0
          ? options.peak_flops
          : measure_machine_peak(parts.context, model::math_of(parts.model.precision()));
  RunFiles files(options);
  TrainOutcome outcome;
  ATTUNE_TRY_VOID(parts.begin(files, outcome, callbacks));
  const std::vector<CheckpointTensor> tensors =
      checkpoint_tensors(parts.model.parameters(), parts.optimizer, parts.best);
  while (parts.state.step < parts.setup.plan.steps() && !parts.stops_early()) {
    ATTUNE_TRY(const StepProgress progress, parts.step(peak));
    ATTUNE_TRY_VOID(files.log_step(progress));
    const bool last = progress.step == progress.steps || parts.stops_early();
    const Action wish = callbacks.step ? callbacks.step(progress) : Action::proceed;
    outcome.interrupted = wish == Action::abandon || (wish == Action::stop && !last);
    if (wish == Action::abandon) break;
    if (files.checkpoint_due(progress.step) || last || wish != Action::proceed) {
      ATTUNE_TRY_VOID(files.save(parts.state, parts.setup.settings,
                                 isa_name(parts.context.ops().isa), tensors));
    }
    if (outcome.interrupted) break;
  }
  outcome.stopped_early = !outcome.interrupted && parts.state.step < parts.setup.plan.steps();
  parts.finish(outcome, watch.seconds(), peak);
  return outcome;
}

const TrainSetup& Trainer::setup() const { return parts_->setup; }
const Ledger& Trainer::ledger() const { return parts_->ledger; }
TrainEstimate Trainer::estimate(double seconds) {
  return estimate_training(parts_->context, parts_->model, parts_->workspace, parts_->setup,
                           seconds);
}

Trainer::Trainer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

}  // namespace attune::train
