#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace attune::train {

namespace {

// 64 Ki floats: 256 KiB of each of the four arrays, small enough to spread a small adapter over the
// threads and large enough that handing a chunk to a thread costs nothing beside it.
constexpr std::int64_t kChunk = 1 << 16;

}  // namespace

AdamW::AdamW(std::span<const model::Parameter> parameters, const AdamWOptions& options)
    : options_(options) {
  for (const model::Parameter& parameter : parameters) {
    first_.emplace_back(static_cast<std::int64_t>(parameter.value.size()));
    second_.emplace_back(static_cast<std::int64_t>(parameter.value.size()));
    const std::int64_t size = first_.back().size();
    for (std::int64_t begin = 0; begin < size; begin += kChunk) {
      chunks_.push_back({first_.size() - 1, begin, std::min(kChunk, size - begin)});
    }
  }
  sums_.resize(chunks_.size());
}

void AdamW::step(const kernels::Context& context, std::span<model::Parameter> parameters,
                 float learning_rate, float gradient_scale) {
  CHECK(parameters.size() == first_.size(), "the optimiser was made for other parameters");
  ++steps_done_;
  const auto t = static_cast<double>(steps_done_);
  kernels::AdamWStep update;
  update.learning_rate = learning_rate;
  update.beta1 = options_.beta1;
  update.beta2 = options_.beta2;
  update.epsilon = options_.epsilon;
  update.gradient_scale = gradient_scale;
  update.bias_correction1 =
      static_cast<float>(1 - std::pow(static_cast<double>(options_.beta1), t));
  update.bias_correction2 =
      static_cast<float>(1 - std::pow(static_cast<double>(options_.beta2), t));
  context.pool().run(
      static_cast<std::int64_t>(chunks_.size()), [&](std::int64_t task, int /*worker*/) {
        const Chunk& chunk = chunks_[static_cast<std::size_t>(task)];
        model::Parameter& parameter = parameters[chunk.parameter];
        kernels::AdamWStep own = update;
        own.weight_decay = parameter.decay ? options_.weight_decay : 0;
        context.ops().adamw(parameter.value.data() + chunk.begin,
                            parameter.gradient.data() + chunk.begin,
                            first_[chunk.parameter].data() + chunk.begin,
                            second_[chunk.parameter].data() + chunk.begin, chunk.count, own);
      });
}

std::int64_t AdamW::bytes() const {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < first_.size(); ++i) total += first_[i].bytes() + second_[i].bytes();
  return total;
}

double AdamW::gradient_norm(const kernels::Context& context,
                            std::span<const model::Parameter> parameters) {
  CHECK(parameters.size() == first_.size(), "the optimiser was made for other parameters");
  context.pool().run(static_cast<std::int64_t>(chunks_.size()),
                     [&](std::int64_t task, int /*worker*/) {
                       const auto at = static_cast<std::size_t>(task);
                       const Chunk& chunk = chunks_[at];
                       sums_[at] = context.ops().sum_squares(
                           parameters[chunk.parameter].gradient.data() + chunk.begin, chunk.count);
                     });
  double total = 0;
  for (const double sum : sums_) total += sum;
  return std::sqrt(total);
}

float clip_scale(double norm, double max_norm) {
  if (max_norm <= 0) return 1;
  // The small term keeps the quotient finite at norm 0, as torch.nn.utils.clip_grad_norm_ does.
  return static_cast<float>(std::min(1.0, max_norm / (norm + 1e-6)));
}

}  // namespace attune::train
