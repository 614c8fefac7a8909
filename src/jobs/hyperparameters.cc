#include "jobs/hyperparameters.h"

#include <algorithm>
#include <cmath>

namespace attune::jobs {

namespace {

std::int64_t automatic_batch(std::int64_t examples) {
  constexpr std::int64_t kExamplesARow = 500;  // 0.2 %
  return std::clamp<std::int64_t>((examples + kExamplesARow / 2) / kExamplesARow, 1, 256);
}

// Two digits, so that the job shows a number that a person would have written.
double automatic_multiplier(std::int64_t batch) {
  const double factor =
      std::sqrt(static_cast<double>(batch) /
                static_cast<double>(train::default_recipe().train.documents_per_step));
  return std::round(100 * std::min(1.0, factor)) / 100;
}

}  // namespace

wire::Hyperparameters resolve(const wire::Hyperparameters& asked, std::int64_t examples) {
  wire::Hyperparameters resolved = asked;
  const std::int64_t batch = asked.batch_size.value.value_or(automatic_batch(examples));
  resolved.n_epochs.value = asked.n_epochs.value.value_or(train::hosted_epochs(examples));
  resolved.batch_size.value = batch;
  resolved.learning_rate_multiplier.value =
      asked.learning_rate_multiplier.value.value_or(automatic_multiplier(batch));
  if (asked.learning_rate) resolved.learning_rate_multiplier.value = 1;
  return resolved;
}

train::Recipe recipe_for(const wire::Hyperparameters& resolved, std::int64_t seed) {
  train::Recipe recipe = train::default_recipe();
  train::TrainOptions& options = recipe.train;
  options.epochs = resolved.n_epochs.value.value_or(options.epochs);
  options.documents_per_step = resolved.batch_size.value.value_or(options.documents_per_step);
  options.learning_rate = static_cast<float>(
      resolved.learning_rate.value_or(static_cast<double>(options.learning_rate)) *
      resolved.learning_rate_multiplier.value.value_or(1));
  options.warmup_ratio =
      static_cast<float>(resolved.warmup_ratio.value_or(static_cast<double>(options.warmup_ratio)));
  options.weight_decay =
      static_cast<float>(resolved.weight_decay.value_or(static_cast<double>(options.weight_decay)));
  options.context = resolved.max_seq_len.value_or(options.context);
  options.seed = static_cast<std::uint64_t>(seed);
  // The last step's model, as the hosted service; each epoch's is a checkpoint to choose instead.
  options.keep_best = false;

  model::LoraConfig& lora = recipe.lora;
  // Alpha follows the rank unless it is given: their ratio, the adapter's scale, is the recipe's.
  const double scale = static_cast<double>(lora.alpha) / static_cast<double>(lora.rank);
  lora.rank = resolved.lora_rank.value_or(lora.rank);
  lora.alpha =
      static_cast<float>(resolved.lora_alpha.value_or(scale * static_cast<double>(lora.rank)));
  lora.dropout =
      static_cast<float>(resolved.lora_dropout.value_or(static_cast<double>(lora.dropout)));
  lora.targets = resolved.target_modules.value_or(lora.targets);
  return recipe;
}

}  // namespace attune::jobs
