#include "jobs/hyperparameters.h"

#include <gtest/gtest.h>

namespace attune::jobs {
namespace {

TEST(Hyperparameters, ResolveAutomaticEpochsAsPublished) {
  struct Case {
    std::int64_t examples, epochs;
  };
  for (const Case& one :
       {Case{10, 10}, Case{4, 25}, Case{1, 25}, Case{33, 3}, Case{34, 3}, Case{500, 3},
        Case{8333, 3}, Case{8334, 2}, Case{12500, 2}, Case{25000, 1}, Case{1'000'000, 1}}) {
    EXPECT_EQ(resolve({}, one.examples).n_epochs.value, one.epochs) << one.examples;
  }
}

TEST(Hyperparameters, ResolveAutomaticBatchesToAFifthOfAPercent) {
  struct Case {
    std::int64_t examples, batch;
  };
  for (const Case& one : {Case{10, 1}, Case{500, 1}, Case{1000, 2}, Case{4000, 8},
                          Case{128000, 256}, Case{1'000'000, 256}}) {
    EXPECT_EQ(resolve({}, one.examples).batch_size.value, one.batch) << one.examples;
  }
}

TEST(Hyperparameters, ResolveAnAutomaticMultiplierByTheBatch) {
  EXPECT_DOUBLE_EQ(*resolve({}, 100).learning_rate_multiplier.value, 0.35);
  EXPECT_DOUBLE_EQ(*resolve({}, 1000).learning_rate_multiplier.value, 0.5);
  EXPECT_DOUBLE_EQ(*resolve({}, 100'000).learning_rate_multiplier.value, 1);
}

TEST(Hyperparameters, KeepWhatIsAskedFor) {
  wire::Hyperparameters asked;
  asked.n_epochs.value = 7;
  asked.batch_size.value = 4;
  asked.learning_rate_multiplier.value = 1.8;
  const wire::Hyperparameters resolved = resolve(asked, 100);
  EXPECT_EQ(resolved, asked);
  EXPECT_EQ(resolve(resolved, 100), resolved);
}

TEST(Hyperparameters, MultiplyTheRecipesLearningRate) {
  wire::Hyperparameters asked;
  asked.learning_rate_multiplier.value = 0.5;
  const train::Recipe recipe = recipe_for(resolve(asked, 100), 9);
  EXPECT_FLOAT_EQ(recipe.train.learning_rate, train::default_recipe().train.learning_rate * 0.5f);
  EXPECT_EQ(recipe.train.seed, 9U);
  EXPECT_FALSE(recipe.train.keep_best);
}

TEST(Hyperparameters, TakeOurExtensions) {
  wire::Hyperparameters asked;
  asked.learning_rate = 1e-4;
  asked.lora_rank = 8;
  asked.lora_dropout = 0.1;
  asked.target_modules = {"q_proj", "v_proj"};
  asked.max_seq_len = 128;
  const wire::Hyperparameters resolved = resolve(asked, 100);
  EXPECT_DOUBLE_EQ(*resolved.learning_rate_multiplier.value, 1);
  const train::Recipe recipe = recipe_for(resolved, 0);
  EXPECT_FLOAT_EQ(recipe.train.learning_rate, 1e-4f);
  EXPECT_EQ(recipe.train.context, 128);
  EXPECT_EQ(recipe.lora.rank, 8);
  EXPECT_FLOAT_EQ(recipe.lora.alpha, 16);  // the recipe's scale
  EXPECT_EQ(recipe.lora.targets, (std::vector<std::string>{"q_proj", "v_proj"}));
}

}  // namespace
}  // namespace attune::jobs
