#include "train/train_step.h"

#include <bit>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/narrow.h"
#include "train/pack.h"

namespace attune::train {

namespace {

std::string advice(const TrainSetup& setup, std::int64_t step) {
  std::string text = fmt::format("lower the learning rate (it is {} at this step of a peak of {})",
                                 learning_rate(setup.schedule, step), setup.options.learning_rate);
  if (setup.options.warmup_ratio < 0.05f) text += ", lengthen the warm-up";
  if (setup.options.clip_norm == 0) text += ", clip gradients at norm 1";
  if (setup.settings.at("precision") == "bf16") text += ", or train in f32";
  return text;
}

Failure not_finite_loss(const TrainSetup& setup, std::int64_t step, double loss,
                        std::span<const std::int64_t> members) {
  constexpr std::size_t kMostRows = 8;
  std::vector<std::int64_t> rows;
  for (const std::int64_t member : members.first(std::min(members.size(), kMostRows))) {
    rows.push_back(setup.data.train[static_cast<std::size_t>(member)].row);
  }
  return bad_input({.where = fmt::format("training step {}", step + 1),
                    .found = fmt::format("a loss of {} on rows {}{}", loss, fmt::join(rows, ", "),
                                         members.size() > kMostRows ? ", ..." : ""),
                    .wanted = "a finite loss",
                    .fix = advice(setup, step)});
}

}  // namespace

Result<StepSums> accumulate_gradients(const kernels::Context& context, model::Model& model,
                                      model::Workspace& workspace, const TrainSetup& setup,
                                      std::int64_t step) {
  const auto members = setup.plan.documents_of(step);
  double weight = 0;
  std::int64_t targets = 0;
  for (const std::int64_t member : members) {
    weight += setup.uses[static_cast<std::size_t>(member)].weight;
    targets += setup.uses[static_cast<std::size_t>(member)].trained;
  }
  const float gradient_scale = static_cast<float>(1.0 / weight);
  StepSums sums;
  PackedBatch packed;
  std::int64_t number = 0;
  for (const auto& micro_batch :
       pack_documents(members, setup.uses, setup.options.tokens_per_batch)) {
    fill_batch(setup.data.train, setup.uses, micro_batch, packed);
    const model::PassOptions options{
        .dropout = {.seed = setup.options.seed,
                    .stream = stream_id(fmt::format("dropout of micro-batch {}", number++)),
                    .step = narrow<std::uint32_t>(step)}};
    const model::LossSums loss = model::train_pass(context, model, workspace, packed.batch,
                                                   packed.targets, gradient_scale, options);
    if (!std::isfinite(loss.weighted_nll)) {
      return not_finite_loss(setup, step, loss.weighted_nll, micro_batch);
    }
    sums.loss += loss;
    sums.shape += shape_of(packed.batch, packed.targets, model.spec().sliding_window);
  }
  CHECK(sums.loss.targets == targets, "step {} trained {} targets, the ledger says {}", step + 1,
        sums.loss.targets, targets);
  return sums;
}

Result<void> check_finite_gradient(double norm, const TrainSetup& setup, std::int64_t step) {
  if (std::isfinite(norm)) return {};
  return bad_input({.where = fmt::format("training step {}", step + 1),
                    .found = fmt::format("a gradient of norm {}", norm),
                    .wanted = "a finite gradient",
                    .fix = advice(setup, step)});
}

std::string base_fingerprint(const kernels::Context& context, const model::Model& model,
                             model::Workspace& workspace, std::span<const Document> documents,
                             std::span<const DocumentUse> uses, const Plan& plan) {
  PackedBatch packed;
  fill_batch(documents, uses, plan.documents_of(0).first(1), packed);
  model::PassOptions options;
  options.use_adapter = false;
  const model::LossSums sums =
      model::evaluate_loss(context, model, workspace, packed.batch, packed.targets, options);
  return fmt::format("{:016x}", std::bit_cast<std::uint64_t>(sums.weighted_nll));
}

}  // namespace attune::train
