// What a remote job is told: the options of `attune jobs create`, and those of `attune tune
// --endpoint` that concern the job.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/api_client.h"

namespace attune::cli {

struct JobOptions {
  std::string model, training_file, validation_file, suffix;
  std::optional<std::int64_t> seed, epochs, batch_size, lora_rank;
  std::optional<double> learning_rate_multiplier, learning_rate, lora_alpha, lora_dropout;
  std::vector<std::string> metadata;

  void declare(CLI::App& command, bool with_files);
  // Without the files. Refused: a learning rate in the meaning that the provider does not have.
  Result<client::JobSettings> settings(const client::ProviderRules& rules) const;
};

// "key=value" each.
Result<std::map<std::string, std::string>> parse_metadata(const std::vector<std::string>& pairs);

// The id of a file at the endpoint: a path that exists here is sent first, anything else is an id.
Result<std::string> file_or_upload(client::ApiClient& api, const std::string& path_or_id,
                                   bool quiet);

}  // namespace attune::cli
