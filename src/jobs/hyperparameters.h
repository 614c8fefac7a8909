// What "auto" means, and what the three numbers of the API mean for our trainer.
//
//   n_epochs    3; small files get more passes (100 examples in all, at most 25 passes), large ones
//               fewer (25,000 examples in all, at least 1 pass)
//   batch_size  about 0.2 % of the examples, 1 to 256; the rows of one optimiser step
//   learning_rate_multiplier   a factor on the learning rate of train/recipe.h, which suits steps
//               of 8 rows; "auto" follows the square root of the batch size, as AdamW's noise does
//
//   const wire::Hyperparameters resolved = resolve(job.hyperparameters, examples);
//   const train::Recipe recipe = recipe_for(resolved, job.seed);
#pragma once

#include <cstdint>

#include "train/recipe.h"
#include "wire/objects.h"

namespace attune::jobs {

// The three numbers in place of every "auto"; the rest as it was asked for.
wire::Hyperparameters resolve(const wire::Hyperparameters& asked, std::int64_t examples);

// The recipe with the resolved numbers, the extensions that are given, and the job's seed.
train::Recipe recipe_for(const wire::Hyperparameters& resolved, std::int64_t seed);

}  // namespace attune::jobs
