// The body of POST /fine_tuning/jobs, checked, and the JSON of it for the client.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/json.h"
#include "wire/error.h"
#include "wire/objects.h"

namespace attune::wire {

struct JobRequest {
  std::string model;
  std::string training_file;
  std::optional<std::string> validation_file = {};
  std::optional<std::string> suffix = {};  // 1 to 64 characters
  std::optional<std::int64_t> seed = {};   // 0 to 2147483647
  std::string method = "supervised";
  Hyperparameters hyperparameters = {};
  Json integrations = Json::array();
  std::optional<Metadata> metadata = {};
  bool operator==(const JobRequest&) const = default;
};

// Checks every limit of the specification. dpo and reinforcement are refused by name; the
// deprecated top-level hyperparameters are accepted. Our own hyperparameters (objects.h) too;
// unknown parameters are refused.
Answer<JobRequest> parse_job_request(const Json& body);

Json to_json(const JobRequest& request);

// "metadata" of any request: at most 16 pairs, keys to 64 characters, values to 512.
Answer<std::optional<Metadata>> parse_metadata(const Json& body);

}  // namespace attune::wire
