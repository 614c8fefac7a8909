#include "cli/job_options.h"

#include <fmt/format.h>

#include "cli/remote_options.h"

namespace attune::cli {

void JobOptions::declare(CLI::App& command, bool with_files) {
  if (with_files) {
    command.add_option("--model", model, "Base model, or a tuned one to go on from")->required();
    command
        .add_option("--training-file", training_file,
                    "JSONL file on this machine, or the id of one at the endpoint")
        ->required();
    command.add_option("--validation-file", validation_file, "Likewise, for validation");
    command.add_option("--epochs", epochs, "Passes over the training rows (default: the server's)")
        ->check(CLI::PositiveNumber);
    command.add_option("--batch-size", batch_size, "Rows of one step (default: the server's)")
        ->check(CLI::PositiveNumber);
    command.add_option("--learning-rate", learning_rate,
                       "The rate itself: Attune, Together, Fireworks, Nebius");
    command.add_option("--seed", seed, "Seed")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{2147483647}));
    command.add_option("--rank", lora_rank, "LoRA rank: Attune, Together, Fireworks, Nebius")
        ->check(CLI::PositiveNumber);
    command.add_option("--alpha", lora_alpha, "LoRA alpha: Attune, Together, Nebius");
    command.add_option("--dropout", lora_dropout, "LoRA dropout: Attune, Together, Nebius");
  }
  command.add_option("--learning-rate-multiplier", learning_rate_multiplier,
                     "Factor on the server's own rate: OpenAI, Azure, Attune");
  command.add_option("--suffix", suffix, "Part of the tuned model's name");
  command.add_option("--metadata", metadata, "KEY=VALUE kept with the job; may be repeated");
}

Result<client::JobSettings> JobOptions::settings(const client::ProviderRules& rules) const {
  if (rules.learning_rate == client::LearningRate::absolute && learning_rate_multiplier) {
    return bad_input({.where = "--learning-rate-multiplier",
                      .found = fmt::format("{}", *learning_rate_multiplier),
                      .wanted = fmt::format("a rate: {} has no multiplier and would train with the "
                                            "number as its rate",
                                            rules.name),
                      .fix = "give --learning-rate, for example 1e-5"});
  }
  if (rules.learning_rate == client::LearningRate::multiplier && learning_rate) {
    return bad_input({.where = "--learning-rate",
                      .found = fmt::format("{}", *learning_rate),
                      .wanted = fmt::format("a multiplier: {} picks the rate itself", rules.name),
                      .fix = "give --learning-rate-multiplier, for example 1, or nothing"});
  }
  if (!rules.lora_settings && (lora_rank || lora_alpha || lora_dropout)) {
    return bad_input({.where = "--rank, --alpha, --dropout",
                      .found = "a LoRA setting",
                      .wanted = fmt::format("none: {} picks them itself", rules.name),
                      .fix = "leave them out"});
  }
  if (std::ssize(suffix) > rules.longest_suffix) {
    return bad_input({.where = "--suffix",
                      .found = fmt::format("{} characters", suffix.size()),
                      .wanted = fmt::format("at most {} at {}", rules.longest_suffix, rules.name),
                      .fix = "shorten it"});
  }
  client::JobSettings settings;
  settings.model = model;
  settings.suffix = suffix;
  settings.seed = seed;
  settings.epochs = epochs;
  settings.batch_size = batch_size;
  settings.learning_rate_multiplier = learning_rate_multiplier;
  settings.learning_rate = learning_rate;
  settings.lora_rank = lora_rank;
  settings.lora_alpha = lora_alpha;
  settings.lora_dropout = lora_dropout;
  ATTUNE_TRY(settings.metadata, parse_metadata(metadata));
  return settings;
}

Result<std::map<std::string, std::string>> parse_metadata(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> metadata;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return bad_input({.where = "--metadata",
                        .found = pair,
                        .wanted = "KEY=VALUE",
                        .fix = "write for example --metadata team=support"});
    }
    metadata[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return metadata;
}

Result<std::string> file_or_upload(client::ApiClient& api, const std::string& path_or_id,
                                   bool quiet) {
  std::error_code ignored;
  if (path_or_id.empty() || !std::filesystem::is_regular_file(path_or_id, ignored))
    return path_or_id;
  ATTUNE_TRY(const auto file, upload_with_progress(api, path_or_id, "fine-tune", quiet));
  if (!quiet) fmt::print("uploaded {} as {}\n", path_or_id, file.value.id);
  return file.value.id;
}

}  // namespace attune::cli
