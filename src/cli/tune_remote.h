// `attune tune --endpoint`: the same loop with the training and the answers at an endpoint.
#pragma once

#include "cli/tune.h"

namespace attune::cli {

// Prepares and splits here, sends the parts, starts the job, follows it, asks the arms, concludes.
Result<int> run_remote(const TuneOptions& options);

// Zero-shot, few-shot and tuned answers to the same test rows, asked through chat completions:
// several at a time; then the first timed_items rows once more, alone and the arms in turn, for
// their latency, which here includes the way to the endpoint.
Result<std::vector<eval::ArmResult>> ask_arms(const client::Endpoint& endpoint,
                                              const std::string& base, const std::string& tuned,
                                              const PreparedRows& rows,
                                              const std::optional<grammar::Contract>& contract,
                                              const TuneOptions& options);

}  // namespace attune::cli
