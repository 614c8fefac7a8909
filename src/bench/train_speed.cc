#include "bench/train_speed.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/random.h"
#include "bench/machine.h"
#include "model/forward.h"
#include "train/estimate.h"
#include "train/flops.h"
#include "train/optimizer.h"

namespace attune::bench {

namespace {

// Documents of equal length and random tokens; every token has a target.
struct Rows {
  model::Batch batch;
  model::Targets targets;
};

Rows make_rows(std::int64_t tokens, std::int64_t documents, std::int64_t vocabulary) {
  Rows rows;
  const RandomStream stream{.seed = 1, .stream = stream_id("documents"), .step = 0};
  for (std::int64_t i = 0; i < tokens; ++i) {
    rows.batch.tokens.push_back(static_cast<std::int32_t>(
        stream.below(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(vocabulary))));
  }
  for (std::int64_t d = 0; d <= documents; ++d)
    rows.batch.document_starts.push_back(tokens * d / documents);
  rows.targets.next.assign(rows.batch.tokens.begin() + 1, rows.batch.tokens.end());
  rows.targets.next.push_back(rows.batch.tokens.front());
  rows.targets.weight.assign(static_cast<std::size_t>(tokens), 1.0f);
  return rows;
}

Failure too_large(const TrainBytes& bytes, std::int64_t available, model::Recompute policy) {
  return environment_failure(
      {.where = "memory",
       .found = fmt::format("a need of {} (weights {}, gradients and optimiser {}, activations {} "
                            "with recompute \"{}\")",
                            gibibytes(bytes.total()), gibibytes(bytes.weights),
                            gibibytes(bytes.gradients + bytes.optimizer),
                            gibibytes(bytes.workspace), model::recompute_name(policy)),
       .wanted = fmt::format("at most the {} that are free", gibibytes(available)),
       .fix = "lower --tokens or take a smaller --shape"});
}

}  // namespace

struct TrainTask::Parts {
  model::Model model;
  TrainSpeedOptions options;
  Rows rows;
  TrainBytes bytes;
  model::Recompute recompute = model::Recompute::elementwise;
  std::int64_t available = 0;
};

Result<TrainTask> TrainTask::prepare(const model::ArchSpec& spec,
                                     const TrainSpeedOptions& options) {
  if (options.documents < 1 || options.documents > options.tokens) {
    return bad_input({.where = "--documents",
                      .found = fmt::format("{}", options.documents),
                      .wanted = fmt::format("1 to the {} tokens", options.tokens)});
  }
  if (options.all_weights && model::is_quantised(options.precision)) {
    return bad_input({.where = "--dtype",
                      .found = fmt::format("{} with all weights trained",
                                           model::precision_name(options.precision)),
                      .wanted = "f32 or bf16",
                      .fix = "leave out --full to train an adapter on the quantised base"});
  }
  model::Model model = model::Model::outline(spec, options.precision);
  TrainBytes bytes;
  std::int64_t trained = spec.parameters();
  bytes.weights = options.all_weights ? trained * 4 : model::weight_bytes(spec, options.precision);
  if (!options.all_weights) {
    ATTUNE_TRY_VOID(model.add_lora(
        {.rank = options.rank, .alpha = 2.0f * static_cast<float>(options.rank)}, 1));
    trained = train::trained_parameters(model);
    bytes.weights += trained * 4;
  }
  bytes.gradients = trained * 4;
  bytes.optimizer = trained * 8;
  const std::int64_t available = train::available_memory_bytes();
  const model::Recompute policy =
      train::choose_recompute(model, options.tokens, options.recompute, bytes.total());
  bytes.workspace = model::plan_recompute(model, options.tokens, available).bytes(policy);
  if (available > 0 && bytes.total() > available) return too_large(bytes, available, policy);
  return TrainTask(std::make_unique<Parts>(
      Parts{.model = std::move(model),
            .options = options,
            .rows = make_rows(options.tokens, options.documents, spec.vocabulary),
            .bytes = bytes,
            .recompute = policy,
            .available = available}));
}

TrainSpeed TrainTask::measure(const kernels::Context& context,
                              const std::function<void(std::int64_t, double)>& step) {
  Parts& parts = *parts_;
  model::Model& model = parts.model;
  model.fill_stand_in();
  if (parts.options.all_weights) model.train_all_weights();
  model::Workspace workspace(model, parts.options.tokens, true, 0, parts.recompute);
  train::AdamW optimizer(model.parameters(), {});
  const float scale = 1.0f / static_cast<float>(parts.options.tokens);
  TrainSpeed speed;
  for (std::int64_t number = 0; number <= parts.options.steps; ++number) {
    const Stopwatch watch;
    const model::LossSums loss = model::train_pass(context, model, workspace, parts.rows.batch,
                                                   parts.rows.targets, scale, {});
    const double norm = optimizer.gradient_norm(context, model.parameters());
    optimizer.step(context, model.parameters(), 1e-4f, train::clip_scale(norm, 1.0));
    model.zero_gradients();
    const double seconds = watch.seconds();
    if (number == 0) speed.first_loss = loss.mean();
    speed.last_loss = loss.mean();
    if (number == 0) continue;
    speed.step_seconds.push_back(seconds);
    step(number, seconds);
  }
  speed.median_seconds = median(speed.step_seconds);
  speed.tokens_per_second = static_cast<double>(parts.options.tokens) / speed.median_seconds;
  speed.model_flops = train::train_flops(
      train::flop_rules(model),
      train::shape_of(parts.rows.batch, parts.rows.targets, model.spec().sliding_window));
  speed.flops_per_second = speed.model_flops / speed.median_seconds;
  return speed;
}

const TrainBytes& TrainTask::bytes() const { return parts_->bytes; }
model::Recompute TrainTask::recompute() const { return parts_->recompute; }
std::int64_t TrainTask::available_bytes() const { return parts_->available; }

double TrainTask::recompute_share() const {
  const train::FlopRules rules = train::flop_rules(parts_->model);
  const train::PassShape shape = train::shape_of(parts_->rows.batch, parts_->rows.targets,
                                                 parts_->model.spec().sliding_window);
  return train::recompute_flops(rules, shape, parts_->recompute) / train::train_flops(rules, shape);
}

TrainTask::TrainTask(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TrainTask::TrainTask(TrainTask&&) noexcept = default;
TrainTask::~TrainTask() = default;

}  // namespace attune::bench
