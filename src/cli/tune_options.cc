// What `attune tune` and `attune data plan` are told about the training.
#include "cli/tune.h"

namespace attune::cli {

std::vector<std::int64_t> sample_of(const std::vector<std::int64_t>& rows, std::int64_t most) {
  const std::int64_t count = std::ssize(rows);
  if (count <= most) return rows;
  std::vector<std::int64_t> sample;
  for (std::int64_t i = 0; i < most; ++i)
    sample.push_back(rows[static_cast<std::size_t>(i * count / most)]);
  return sample;
}

void declare_training(CLI::App& command, TuneOptions& options) {
  const train::Recipe recipe = train::default_recipe();
  options.train = recipe.train;
  options.lora = recipe.lora;
  command.add_option("--max-train", options.most_train_rows, "Most rows to train on")
      ->capture_default_str();
  command
      .add_option("--max-validation", options.most_validation_rows,
                  "Most validation rows to read after each epoch")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--learning-rate", options.train.learning_rate, "Highest learning rate")
      ->capture_default_str();
  command.add_option("--schedule", options.schedule, "constant, linear or cosine")
      ->capture_default_str();
  command.add_option("--batch", options.train.documents_per_step, "Rows of one optimiser step")
      ->capture_default_str();
  command
      .add_option("--tokens-per-batch", options.train.tokens_per_batch,
                  "Tokens of one packed micro-batch")
      ->capture_default_str();
  command
      .add_option("--patience", options.train.patience,
                  "Stop after this many validations without a gain; 0: never")
      ->capture_default_str();
  command.add_option("--rank", options.lora.rank, "LoRA rank")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--alpha", options.lora.alpha, "LoRA alpha")->capture_default_str();
  command.add_option("--dropout", options.lora.dropout, "LoRA dropout")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command.add_flag("--rslora", options.lora.rank_stabilised, "Scale by alpha / sqrt(rank)");
  command.add_option("--target", options.lora.targets, "Linear layers to adapt, or all-linear")
      ->capture_default_str();
  command.add_option("--seed", options.train.seed, "Seed of adapter, order and split")
      ->capture_default_str();
  command.add_option(
      "--frozen-test", options.frozen_tests,
      "test_manifest.json whose rows may not be trained on; one beside the data counts too");
}

}  // namespace attune::cli
