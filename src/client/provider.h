// What differs between the providers of fine-tuning APIs, in one table: how a key is sent, what the
// learning rate means, which calls exist. provider.cc holds the rows with their sources.
//
//   ATTUNE_TRY(Endpoint endpoint, resolve_endpoint({.url = "https://api.together.xyz/v1"}, env));
//   endpoint.rules->learning_rate == LearningRate::absolute
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/retry.h"
#include "client/url.h"

namespace attune::client {

enum class Vendor { attune, openai, azure, together, fireworks, nebius, compatible };

// Which calls the training API consists of. All of them answer chat completions alike.
enum class Dialect { openai, together, fireworks };

// What the number that a job is given means: a factor on a rate that the server picks, the rate
// itself, or whichever of the two is named.
enum class LearningRate { multiplier, absolute, either };

struct ProviderRules {
  Vendor vendor = Vendor::compatible;
  std::string_view option = {};              // of --provider
  std::string_view name = {};                // as people read it
  std::vector<std::string_view> hosts = {};  // the host itself, or ".suffix"
  std::string_view default_url = {};         // "" where each customer has an address of their own
  std::string_view key_variable = {};        // besides OPENAI_API_KEY
  std::string_view key_header = {};          // "Authorization" carries "Bearer KEY"
  Dialect dialect = Dialect::openai;
  LearningRate learning_rate = LearningRate::multiplier;
  bool lora_settings = false;        // rank, alpha and dropout can be asked for
  bool auto_hyperparameters = true;  // "auto" is a value
  bool uploads = false;              // POST /uploads exists
  bool event_stream = false;         // job events may be followed as server-sent events
  bool pause = false;
  bool byte_order_mark = false;  // training files begin with one
  std::int64_t least_examples = 10;
  std::int64_t longest_suffix = 64;
  std::int64_t most_file_bytes = std::int64_t{512} << 20;   // of one POST /files
  std::string_view answer_limit = "max_completion_tokens";  // the field of a chat request
  std::string_view serving_note = {};  // what a tuned model needs before it answers; "" nothing
};

std::span<const ProviderRules> all_providers();
const ProviderRules& rules_of(Vendor vendor);
// By the host of an address; `compatible` for one that no row names.
Vendor vendor_of(const Url& url);
std::optional<Vendor> vendor_from_option(std::string_view option);

using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment process_environment();

struct EndpointOptions {
  std::string url = {};       // empty: OPENAI_BASE_URL, else the provider's own, else this machine
  std::string api_key = {};   // empty: the provider's variable, else OPENAI_API_KEY
  std::string provider = {};  // empty: by the host
  std::string account = {};   // Fireworks; empty: FIREWORKS_ACCOUNT_ID
};

inline constexpr std::string_view kLocalEndpoint = "http://127.0.0.1:8080/v1";

struct Endpoint {
  const ProviderRules* rules = nullptr;
  Url url = {};                    // its base, for example https://api.openai.com/v1
  HeaderList headers = {};         // sent with each call
  HeaderList secret_headers = {};  // the key
  std::vector<std::string> secrets = {};
  QueryList query = {};           // added to each call: Azure's api-version
  bool deployment_paths = false;  // Azure's classic paths: /deployments/NAME/chat/completions
  std::string account = {};
  std::vector<std::string> warnings = {};  // for people, before the first call
};

// Refused: an address that is none, a key that is missing where one is needed, an unknown provider.
Result<Endpoint> resolve_endpoint(const EndpointOptions& options, const Environment& environment);

}  // namespace attune::client
