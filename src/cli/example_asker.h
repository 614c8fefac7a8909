// Who writes the examples of `attune data generate`: a chat endpoint, or a model on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cli/chat_model.h"
#include "cli/options.h"
#include "client/provider.h"
#include "data/synthetic.h"

namespace attune::cli {

struct AskerOptions {
  std::string model;  // of the endpoint
  double temperature = 1;
  std::int64_t most_tokens = 0;  // of a reply; 0: the endpoint's own limit, 1024 here
  std::uint64_t seed = 0;        // of the draws of a local model
  std::int64_t at_once = 4;
};

// Sends the prompts of a round side by side, each with the retries of the client.
data::ModelAsker endpoint_asker(const client::Endpoint& endpoint, const AskerOptions& options);

// Decodes the prompts of a round side by side. Refused: what ModelOptions::load() refuses, and a
// model without a chat template.
Result<data::ModelAsker> local_asker(ModelOptions model, const AskerOptions& options);

}  // namespace attune::cli
