// The table and its sources. Read on 2026-11-24 unless a row says otherwise:
//   OpenAI     openai-openapi 2.3.0 (f85dbe2, 2026-08-21), openai-python e43b422 (2026-08-21)
//   Azure      learn.microsoft.com/rest/api/azureopenai/files/upload (2024-10-21),
//              openai-python src/openai/lib/azure.py (e43b422): api-key header, api-version query,
//              /deployments/NAME before inference paths; fine-tuning guide: UTF-8 with a byte order
//              mark; a tuned model is deployed through the control plane before it answers
//   Together   together-python eba5e5f (2025-12-23): /fine-tunes, learning_rate is the rate,
//   n_epochs
//              a number, batch_size "max"; docs.together.ai/reference/upload-file: POST
//              /files/upload
//   Fireworks  fw-ai-external/python-sdk 8399c12 (2026-07-21): /v1/accounts/A/datasets and
//              /v1/accounts/A/supervisedFineTuningJobs, learningRate is the rate;
//              docs.fireworks.ai/fine-tuning/fine-tuning-via-api: uploads below 150 MB
//   Nebius     api.tokenfactory.nebius.com/openapi.json (20260506): OpenAI's paths, but
//              hyperparameters carry learning_rate (the rate), lora, lora_r, lora_alpha; no "auto",
//              no uploads, no pause. A public recipe writes 2e-5 into learning_rate_multiplier,
//              which is why a multiplier is never sent there
#include "client/provider.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>

namespace attune::client {

namespace {

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

const std::array<ProviderRules, 7>& table() {
  static const std::array<ProviderRules, 7> rows = {{
      {.vendor = Vendor::attune,
       .option = "attune",
       .name = "Attune",
       .hosts = {"localhost", "127.0.0.1", "[::1]"},
       .default_url = kLocalEndpoint,
       .key_variable = "ATTUNE_API_KEY",
       .key_header = "Authorization",
       .learning_rate = LearningRate::either,
       .lora_settings = true,
       .uploads = true,
       .event_stream = true,
       .pause = true},
      {.vendor = Vendor::openai,
       .option = "openai",
       .name = "OpenAI",
       .hosts = {"api.openai.com", ".api.openai.com"},
       .default_url = "https://api.openai.com/v1",
       .key_variable = "OPENAI_API_KEY",
       .key_header = "Authorization",
       .uploads = true,
       .pause = true},
      {.vendor = Vendor::azure,
       .option = "azure",
       .name = "Azure OpenAI",
       .hosts = {".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"},
       .default_url = "",
       .key_variable = "AZURE_OPENAI_API_KEY",
       .key_header = "api-key",
       .uploads = true,
       .pause = true,
       .byte_order_mark = true,
       .serving_note = "Azure answers for a tuned model only after it is deployed (Azure portal or "
                       "`az cognitiveservices account deployment create`), under the deployment's "
                       "name"},
      {.vendor = Vendor::together,
       .option = "together",
       .name = "Together",
       .hosts = {"api.together.xyz", "api.together.ai"},
       .default_url = "https://api.together.xyz/v1",
       .key_variable = "TOGETHER_API_KEY",
       .key_header = "Authorization",
       .dialect = Dialect::together,
       .learning_rate = LearningRate::absolute,
       .lora_settings = true,
       .auto_hyperparameters = false,
       .least_examples = 1,
       .longest_suffix = 40,
       .most_file_bytes = 5 * 1024 * kMebibyte,
       .answer_limit = "max_tokens",
       .serving_note = "Together answers for most tuned models only on a dedicated endpoint"},
      {.vendor = Vendor::fireworks,
       .option = "fireworks",
       .name = "Fireworks",
       .hosts = {"api.fireworks.ai"},
       .default_url = "https://api.fireworks.ai/inference/v1",
       .key_variable = "FIREWORKS_API_KEY",
       .key_header = "Authorization",
       .dialect = Dialect::fireworks,
       .learning_rate = LearningRate::absolute,
       .lora_settings = true,
       .auto_hyperparameters = false,
       .least_examples = 3,
       .most_file_bytes = 150 * 1000 * 1000,
       .answer_limit = "max_tokens",
       .serving_note = "Fireworks answers for a tuned model only once it is deployed"},
      {.vendor = Vendor::nebius,
       .option = "nebius",
       .name = "Nebius",
       .hosts = {"api.tokenfactory.nebius.com", ".tokenfactory.nebius.com", "api.studio.nebius.com",
                 "api.studio.nebius.ai"},
       .default_url = "https://api.tokenfactory.nebius.com/v1",
       .key_variable = "NEBIUS_API_KEY",
       .key_header = "Authorization",
       .learning_rate = LearningRate::absolute,
       .lora_settings = true,
       .auto_hyperparameters = false,
       .most_file_bytes = 5 * 1024 * kMebibyte,
       .answer_limit = "max_tokens",
       .serving_note = "Nebius answers at once only for the base models that its documentation "
                       "names; others need a deployment"},
      {.vendor = Vendor::compatible,
       .option = "compatible",
       .name = "OpenAI-compatible server",
       .hosts = {},
       .default_url = "",
       .key_variable = "OPENAI_API_KEY",
       .key_header = "Authorization",
       .uploads = true,
       .event_stream = true,
       .pause = true},
  }};
  return rows;
}

bool host_matches(std::string_view host, std::string_view pattern) {
  return pattern.starts_with('.') ? host.ends_with(pattern) : host == pattern;
}

// Of Azure's classic paths, when nothing names another: the latest general one for fine-tuning.
constexpr std::string_view kAzureVersion = "2024-10-21";

std::string list_of_options() {
  std::string list;
  for (const ProviderRules& rules : table())
    list += (list.empty() ? "" : ", ") + std::string(rules.option);
  return list;
}

Result<Vendor> choose_vendor(const EndpointOptions& options, const Url& url) {
  if (options.provider.empty()) return vendor_of(url);
  if (const auto vendor = vendor_from_option(options.provider)) return *vendor;
  return bad_input({.where = "--provider",
                    .found = options.provider,
                    .wanted = list_of_options(),
                    .fix = "choose one of them, or leave the option out"});
}

std::string choose_url(const EndpointOptions& options, const Environment& environment) {
  if (!options.url.empty()) return options.url;
  if (const auto url = environment("OPENAI_BASE_URL"); url && !url->empty()) return *url;
  if (const auto vendor = vendor_from_option(options.provider);
      vendor && !rules_of(*vendor).default_url.empty()) {
    return std::string(rules_of(*vendor).default_url);
  }
  return std::string(kLocalEndpoint);
}

std::string choose_key(const EndpointOptions& options, const ProviderRules& rules,
                       const Environment& environment) {
  if (!options.api_key.empty()) return options.api_key;
  for (const std::string_view variable : {rules.key_variable, std::string_view("OPENAI_API_KEY")}) {
    if (const auto key = environment(std::string(variable).c_str()); key && !key->empty())
      return *key;
  }
  return {};
}

// Azure: https://NAME.openai.azure.com alone means the classic paths; .../openai/v1 the new ones.
void settle_azure(Endpoint& endpoint, const Environment& environment) {
  if (endpoint.url.path.ends_with("/openai/v1")) return;
  if (endpoint.url.path.empty()) endpoint.url.path = "/openai";
  endpoint.deployment_paths = true;
  if (!endpoint.query.empty()) return;  // the address named a version
  const auto version = environment("OPENAI_API_VERSION");
  endpoint.query = {{"api-version", version ? *version : std::string(kAzureVersion)}};
}

// "a=1&b=2" of the address, sent with each call.
QueryList split_query(std::string_view query) {
  QueryList list;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (pair.empty()) continue;
    list.emplace_back(pair.substr(0, equals),
                      equals == std::string_view::npos ? "" : pair.substr(equals + 1));
  }
  return list;
}

void add_header_of_variable(Endpoint& endpoint, const Environment& environment,
                            const char* variable, const char* header) {
  if (const auto value = environment(variable); value && !value->empty())
    endpoint.headers.emplace_back(header, *value);
}

}  // namespace

std::span<const ProviderRules> all_providers() { return table(); }

const ProviderRules& rules_of(Vendor vendor) {
  for (const ProviderRules& rules : table()) {
    if (rules.vendor == vendor) return rules;
  }
  return table().back();
}

Vendor vendor_of(const Url& url) {
  for (const ProviderRules& rules : table()) {
    for (const std::string_view host : rules.hosts) {
      if (host_matches(url.host, host)) return rules.vendor;
    }
  }
  return url.loopback() ? Vendor::attune : Vendor::compatible;
}

std::optional<Vendor> vendor_from_option(std::string_view option) {
  for (const ProviderRules& rules : table()) {
    if (rules.option == option) return rules.vendor;
  }
  return std::nullopt;
}

Environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

Result<Endpoint> resolve_endpoint(const EndpointOptions& options, const Environment& environment) {
  Endpoint endpoint;
  ATTUNE_TRY(endpoint.url, Url::parse(choose_url(options, environment), "--endpoint"));
  ATTUNE_TRY(const Vendor vendor, choose_vendor(options, endpoint.url));
  endpoint.rules = &rules_of(vendor);
  endpoint.query = split_query(endpoint.url.query);
  endpoint.url.query.clear();
  if (vendor == Vendor::azure) settle_azure(endpoint, environment);
  endpoint.account = options.account;
  if (const auto account = environment("FIREWORKS_ACCOUNT_ID");
      account && endpoint.account.empty()) {
    endpoint.account = *account;
  }
  if (endpoint.rules->dialect == Dialect::openai) {
    add_header_of_variable(endpoint, environment, "OPENAI_ORG_ID", "OpenAI-Organization");
    add_header_of_variable(endpoint, environment, "OPENAI_PROJECT_ID", "OpenAI-Project");
  }
  const std::string key = choose_key(options, *endpoint.rules, environment);
  if (key.empty() && !endpoint.url.loopback() && endpoint.url.scheme == "https") {
    return bad_input(
        {.where = endpoint.url.base(),
         .found = "no API key",
         .wanted = fmt::format("a key of {}", endpoint.rules->name),
         .fix = fmt::format("set {} or give --api-key", endpoint.rules->key_variable)});
  }
  if (key.empty()) return endpoint;
  const bool bearer = endpoint.rules->key_header == "Authorization";
  endpoint.secret_headers.emplace_back(endpoint.rules->key_header, (bearer ? "Bearer " : "") + key);
  endpoint.secrets.push_back(key);
  if (endpoint.url.scheme == "http" && !endpoint.url.loopback()) {
    endpoint.warnings.push_back(
        fmt::format("the key goes to {} without encryption; use https", endpoint.url.origin()));
  }
  return endpoint;
}

}  // namespace attune::client
