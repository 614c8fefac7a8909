#include "train/estimate.h"

#include <algorithm>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "base/clock.h"
#include "tensor/buffer.h"
#include "train/flops.h"
#include "train/optimizer.h"
#include "train/pack.h"

namespace attune::train {

namespace {

constexpr std::int64_t kUpdateSample =
    1 << 20;  // floats: beyond the caches of one core, done in milliseconds

// Seconds a parameter for one clipped AdamW update, on memory of its own.
double update_seconds_per_parameter(const kernels::Context& context, std::int64_t parameters) {
  const std::int64_t count = std::clamp<std::int64_t>(parameters, 1, kUpdateSample);
  Buffer<float> value(count), gradient(count);
  const model::Parameter sample{
      .name = "sample", .shape = {count}, .value = value.span(), .gradient = gradient.span()};
  model::Parameter own = sample;
  AdamW optimizer({&own, 1}, {});
  optimizer.step(context, {&own, 1}, 1e-3f, 1);  // touches the pages
  const Stopwatch watch;
  const double norm = optimizer.gradient_norm(context, {&own, 1});
  optimizer.step(context, {&own, 1}, 1e-3f, clip_scale(norm, 1));
  return watch.seconds() / static_cast<double>(count);
}

struct Measured {
  double seconds = 0;
  std::int64_t tokens = 0;
  double fastest = 0, slowest = 0;  // seconds a token of one micro-batch

  void add(double taken, std::int64_t count) {
    const double pace = taken / static_cast<double>(std::max<std::int64_t>(1, count));
    fastest = tokens == 0 ? pace : std::min(fastest, pace);
    slowest = std::max(slowest, pace);
    seconds += taken;
    tokens += count;
  }
};

// The first micro-batches of the run, one uncounted to warm the caches.
Measured measure_passes(const kernels::Context& context, model::Model& model,
                        model::Workspace& workspace, const TrainSetup& setup, double limit) {
  Measured measured;
  PackedBatch packed;
  std::int64_t runs = 0;
  const Stopwatch whole;
  for (std::int64_t step = 0; step < setup.plan.steps(); ++step) {
    const auto members = setup.plan.documents_of(step);
    for (const auto& micro_batch :
         pack_documents(members, setup.uses, setup.options.tokens_per_batch)) {
      fill_batch(setup.data.train, setup.uses, micro_batch, packed);
      const Stopwatch watch;
      model::train_pass(context, model, workspace, packed.batch, packed.targets, 0.0f,
                        {.dropout = {.seed = setup.options.seed}});
      const bool only_one = setup.plan.steps() == 1 && runs == 0;
      if (runs++ > 0 || only_one) {
        if (runs == 2) measured = {};
        measured.add(watch.seconds(), static_cast<std::int64_t>(packed.batch.tokens.size()));
      }
      if (runs >= 3 && whole.seconds() > limit) return measured;
    }
  }
  return measured;
}

double measure_validation(const kernels::Context& context, const model::Model& model,
                          model::Workspace& workspace, const TrainSetup& setup) {
  if (!setup.has_validation()) return 0;
  std::vector<std::int64_t> members;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < setup.validation_uses.size(); ++i) {
    const std::int64_t inputs = setup.validation_uses[i].inputs;
    if (inputs == 0) continue;
    if (tokens + inputs > setup.capacity) break;
    members.push_back(static_cast<std::int64_t>(i));
    tokens += inputs;
  }
  PackedBatch packed;
  fill_batch(setup.data.validation, setup.validation_uses, members, packed);
  const Stopwatch watch;
  model::evaluate_loss(context, model, workspace, packed.batch, packed.targets, {});
  return watch.seconds() / static_cast<double>(tokens);
}

// Of the first step, whose documents stand for the run's.
double recompute_share(const model::Model& model, const TrainSetup& setup,
                       model::Recompute policy) {
  PackedBatch packed;
  fill_batch(setup.data.train, setup.uses, setup.plan.documents_of(0), packed);
  const FlopRules rules = flop_rules(model);
  const PassShape shape = shape_of(packed.batch, packed.targets, model.spec().sliding_window);
  return recompute_flops(rules, shape, policy) / train_flops(rules, shape);
}

}  // namespace

TrainEstimate estimate_training(const kernels::Context& context, model::Model& model,
                                model::Workspace& workspace, const TrainSetup& setup,
                                double seconds) {
  TrainEstimate estimate;
  estimate.steps = setup.plan.steps();
  estimate.tokens = setup.planned_tokens;
  const std::int64_t trained = trained_parameters(model);
  const Measured measured = measure_passes(context, model, workspace, setup, seconds);
  model.zero_gradients();
  const double update = update_seconds_per_parameter(context, trained) *
                        static_cast<double>(trained) * static_cast<double>(estimate.steps);
  const double pass =
      measured.seconds / static_cast<double>(std::max<std::int64_t>(1, measured.tokens));
  estimate.training_seconds = pass * static_cast<double>(estimate.tokens) + update;
  estimate.seconds_per_token =
      estimate.training_seconds / static_cast<double>(std::max<std::int64_t>(1, estimate.tokens));
  estimate.validation_seconds = measure_validation(context, model, workspace, setup) *
                                static_cast<double>(setup.validation_tokens * setup.evaluations);
  estimate.total_seconds = estimate.training_seconds + estimate.validation_seconds;
  const auto at_pace = [&](double pace_of_one) {
    return estimate.total_seconds + (pace_of_one - pass) * static_cast<double>(estimate.tokens);
  };
  estimate.least_seconds = at_pace(measured.fastest);
  estimate.most_seconds = at_pace(measured.slowest);
  estimate.measured_tokens = measured.tokens;
  estimate.measured_seconds = measured.seconds;

  estimate.weight_bytes = model.has_adapter()
                              ? model::weight_bytes(model.spec(), model.precision()) + trained * 4
                              : trained * 4;
  estimate.gradient_bytes = trained * 4;
  estimate.optimizer_bytes = trained * (setup.keeps_best() ? 12 : 8);
  estimate.workspace_bytes = workspace.bytes();
  estimate.total_bytes = estimate.weight_bytes + estimate.gradient_bytes +
                         estimate.optimizer_bytes + estimate.workspace_bytes;
  estimate.available_bytes = available_memory_bytes();
  estimate.recompute = workspace.recompute();
  estimate.recompute_share = recompute_share(model, setup, estimate.recompute);
  return estimate;
}

std::string recompute_text(model::Recompute policy, double share) {
  switch (policy) {
    case model::Recompute::nothing:
      return "everything is kept for backward";
    case model::Recompute::elementwise:
      return "norms and SwiGLU are computed again in backward, no products";
    case model::Recompute::mlp:
      return fmt::format("gate and up are computed again in backward: {:.0f} % more products",
                         100 * share);
    case model::Recompute::block:
      break;
  }
  return fmt::format("only each block's input is kept for backward: {:.0f} % more products",
                     100 * share);
}

model::Recompute choose_recompute(const model::Model& model, std::int64_t tokens,
                                  std::optional<model::Recompute> wanted,
                                  std::int64_t other_bytes) {
  if (wanted) return *wanted;
  const std::int64_t available = available_memory_bytes();
  if (available == 0) return model::Recompute::elementwise;
  return model::plan_recompute(model, tokens, available - available / 10 - other_bytes).choice;
}

std::int64_t trained_parameters(const model::Model& model) {
  std::int64_t count = 0;
  for (const model::Parameter& parameter : model.parameters())
    count += static_cast<std::int64_t>(parameter.value.size());
  return count;
}

std::int64_t available_memory_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  std::int64_t kibibytes = 0;
  while (file >> name >> kibibytes) {
    if (name == "MemAvailable:") return kibibytes * 1024;
    std::getline(file, unit);
  }
  return 0;
}

}  // namespace attune::train
