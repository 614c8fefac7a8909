// What an adapter that is not merged adds to a request: the same prompts with and without it, in
// turn, each answer of the same length whatever the model would have said.
//
// first_token_ms is the time from the prompt to the first token; token_ms the mean time of a later
// one, (end to end - first) / (N - 1). The overhead is the Hodges-Lehmann estimate of the paired
// differences.
#pragma once

#include <cstdint>
#include <vector>

#include "io/json.h"
#include "stats/statistics.h"

namespace attune::eval {

struct TokenTimes {
  std::vector<double> first_token_ms, token_ms;  // one a prompt
};

struct AdapterTimes {
  std::int64_t tokens = 0;  // N, of each answer
  TokenTimes with_adapter, base;
};

struct AdapterOverhead {
  std::int64_t n = 0;  // prompts
  std::int64_t tokens = 0;
  stats::Estimate first_token_ms, token_ms;
};
AdapterOverhead overhead_of(const AdapterTimes& times);

Json to_json(const AdapterTimes& times);
AdapterTimes adapter_times_from_json(const Json& json);  // what is not there is empty

}  // namespace attune::eval
