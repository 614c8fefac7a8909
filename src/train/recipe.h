// How an adapter is trained unless the user says otherwise: one set of defaults for `attune tune`
// and for the jobs of the API, whose learning_rate_multiplier is a factor on this learning rate.
//
//   Recipe recipe = default_recipe();
//   recipe.train.epochs = 3;
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/model.h"
#include "train/options.h"

namespace attune::train {

struct Recipe {
  TrainOptions train;
  model::LoraConfig lora;
};

inline Recipe default_recipe() {
  Recipe recipe;
  recipe.train.epochs = 8;
  recipe.train.learning_rate = 2e-3f;
  recipe.train.documents_per_step = 8;
  recipe.train.checkpoint_seconds = 20;
  recipe.lora.rank = 32;
  recipe.lora.alpha = 64;
  recipe.lora.dropout = 0.1f;  // tickets: validation loss 0.032 after 8 epochs, 0.038 without
  return recipe;
}

// What n_epochs "auto" means at the hosted fine-tuning API (the published rule): 3 passes; so many
// more that small files come to 100 examples in all, but at most 25; so many fewer that large ones
// come to no more than 25,000, but at least one.
inline std::int64_t hosted_epochs(std::int64_t examples) {
  constexpr std::int64_t kUsual = 3, kMost = 25;
  constexpr std::int64_t kLeastExamples = 100, kMostExamples = 25000;
  const std::int64_t rows = std::max<std::int64_t>(1, examples);
  if (rows * kUsual < kLeastExamples) return std::min(kMost, kLeastExamples / rows);
  if (rows * kUsual > kMostExamples) return std::max<std::int64_t>(1, kMostExamples / rows);
  return kUsual;
}

}  // namespace attune::train
